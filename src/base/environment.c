/* Environments for programs we start.  Must never change our own. */

#include "nvcache/base/environment.h"

#include "nvcache/base/strlist.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static bool
same_name(const char *a, const char *b)
{
    const size_t n = strcspn(a, "=");

    return n == strcspn(b, "=") && memcmp(a, b, n) == 0;
}

static bool
is_changed(const char *entry, const char *const *changes, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (same_name(entry, changes[i]))
            return true;
    return false;
}

char **
environment_with(struct arena *arena, const char *const *changes, unsigned n)
{
    struct strlist list;

    strlist_init(&list, arena);
    for (char **entry = environ; *entry != NULL; entry++)
        if (!is_changed(*entry, changes, n))
            strlist_add(&list, *entry);
    for (unsigned i = 0; i < n; i++)
        if (strchr(changes[i], '=') != NULL)
            strlist_add(&list, (char *)(uintptr_t)changes[i]);
    return list.v;
}
