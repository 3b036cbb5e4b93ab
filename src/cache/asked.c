/* Must never say that nothing is asked for where a name leads that a file spells out;
 * what asks by names that macros put together is not kept at all (nvcc/probe.h). */

#include "asked_priv.h"

#include "closure_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"

#include <string.h>

/* Where the part begins that ends at `end`. */
static size_t
part_begin(const char *line, size_t end)
{
    while (end > 0 && strchr(" \t\"<>()/,", line[end - 1]) == NULL)
        end--;
    return end;
}

/* So is what stands behind "/", "./" and "../". */
static bool
is_first(const char *line, size_t begin)
{
    return begin < 2 || line[begin - 1] != '/' ||
           strchr(" \t\"<>()/,.", line[begin - 2]) != NULL;
}

void
asked_read_line(struct arena *arena, const char *line, size_t len, struct strlist *parts)
{
    for (size_t i = 0; i < len; i++) {
        const size_t begin = line[i] == '/' ? part_begin(line, i) : i;

        if (begin < i && is_first(line, begin))
            strlist_add(parts, arena_strndup(arena, line + begin, i - begin));
    }
}

static bool
is_asked_part(const struct closure *closure, const char *rest)
{
    const size_t len = strcspn(rest, "/");

    for (size_t i = 0; i < closure->asked.n; i++)
        if (strlen(closure->asked.v[i]) == len &&
            strncmp(closure->asked.v[i], rest, len) == 0)
            return true;
    return false;
}

/* In the working directory the command's own files are looked for, too: what else is
 * there is asked for only if the search path names it or a file lies in it. */
static bool
is_only_for_the_command(const struct closure *closure, const char *dir)
{
    if (!str_equal(dir, "."))
        return false;
    for (size_t k = 0; k < closure->search.n_chain; k++)
        if (str_equal(closure->search.chain[k], dir))
            return false;
    for (size_t i = 0; i < closure->n; i++)
        if (strchr(closure->files[i].path, '/') == NULL)
            return false;
    return true;
}

/* By way of a directory that is searched itself. */
static bool
is_asked_below(const struct closure *closure, const char *top, const char *dir)
{
    const char *rest = path_below(top, dir);

    return rest != NULL && !is_only_for_the_command(closure, top) &&
           (rest[0] == '\0' || is_asked_part(closure, rest));
}

bool
asked_can_be_in(const struct closure *closure, const char *dir)
{
    const struct search *search = &closure->search;

    for (size_t k = 0; k < search->n_chain; k++)
        if (is_asked_below(closure, search->chain[k], dir))
            return true;
    for (size_t i = 0; i < search->n_quotes; i++)
        if (is_asked_below(closure, search->quotes[i].dir, dir))
            return true;
    return false;
}
