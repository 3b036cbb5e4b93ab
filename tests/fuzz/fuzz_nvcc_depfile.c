/* depfile_parse on anything: names lie inside the text, are what the dialect writes, and
 * rewriting with the same names gives the same text. */

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/nvcc/depfile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool claim)
{
    if (!claim)
        abort();
}

static const char *
keep(const char *path, void *arg)
{
    (void)arg;
    return path;
}

static const char *
change(const char *path, void *arg)
{
    (void)path;
    return arg;
}

static void
check_names(const struct depfile_name *names, size_t n, size_t size)
{
    size_t end = 0;

    for (size_t i = 0; i < n; i++) {
        check(names[i].offset >= end && names[i].offset <= size);
        check(names[i].len <= size - names[i].offset);
        check(strlen(names[i].path) <= names[i].len);
        end = names[i].offset + names[i].len;
    }
}

/* With all names replaced the text has the same rules. */
static void
check_renamed(const char *text, size_t size, const struct depfile *depfile)
{
    static char other[] = "o t\\her";
    struct arena arena = ARENA_INIT;
    struct depfile again;
    AUTO_BUF out = BUF_INIT;

    depfile_rewrite(text, size, depfile, "t", change, other, &out);
    check(depfile_parse(&arena, (const char *)out.data, out.len, &again) == NVC_OK);
    check(again.n_prerequisites == depfile->n_prerequisites);
    check(again.n_phony == depfile->n_phony);
    check(strcmp(again.target.path, "t") == 0);
    check(strcmp(again.prerequisites[0].path,
                 depfile->dialect == DEPFILE_GCC ? other : "o t/her") == 0);
    arena_fini(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    const char *text = (const char *)data;
    struct depfile depfile;
    AUTO_BUF out = BUF_INIT;

    if (depfile_parse(&arena, text, size, &depfile) == NVC_OK) {
        check(depfile.n_prerequisites > 0);
        check_names(depfile.prerequisites, depfile.n_prerequisites, size);
        check_names(depfile.phony, depfile.n_phony, size);
        depfile_rewrite(text, size, &depfile, depfile.target.path, keep, NULL, &out);
        check(out.len == size && memcmp(out.data, data, size) == 0);
        check_renamed(text, size, &depfile);
    }
    arena_fini(&arena);
    return 0;
}
