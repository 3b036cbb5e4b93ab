/* Lists of strings, and the three comparisons everybody needs. */

#include "nvcache/base/strlist.h"

#include "nvcache/base/arena.h"

#include <stdlib.h>
#include <string.h>

void
strlist_init(struct strlist *list, struct arena *arena)
{
    *list = (struct strlist){.arena = arena, .cap = 8};
    list->v = arena_array(arena, list->cap, sizeof(char *));
}

void
strlist_add(struct strlist *list, char *text)
{
    if (list->n + 1 == list->cap) {
        char **grown = arena_array(list->arena, list->cap * 2, sizeof(char *));

        memcpy(grown, list->v, list->n * sizeof(char *));
        list->v = grown;
        list->cap *= 2;
    }
    list->v[list->n++] = text;
    list->v[list->n] = NULL;
}

void
strlist_add_copy(struct strlist *list, const char *text)
{
    strlist_add(list, arena_strdup(list->arena, text));
}

void
strlist_add_words(struct strlist *list, const char *const *words)
{
    for (; *words != NULL; words++)
        strlist_add_copy(list, *words);
}

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
strlist_unique(struct strlist *list)
{
    size_t n = 0;

    if (list->n > 1)
        qsort(list->v, list->n, sizeof(char *), compare_texts);
    for (size_t i = 0; i < list->n; i++)
        if (n == 0 || !str_equal(list->v[n - 1], list->v[i]))
            list->v[n++] = list->v[i];
    list->n = n;
    list->v[n] = NULL;
}

bool
strlist_has(const struct strlist *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_equal(list->v[i], text))
            return true;
    return false;
}

bool
str_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool
str_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
str_ends(const char *text, const char *suffix)
{
    const size_t n = strlen(text);
    const size_t k = strlen(suffix);

    return n >= k && memcmp(text + n - k, suffix, k) == 0;
}
