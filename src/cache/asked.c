/* Must never say that nothing is asked for where a name leads that a file spells out;
 * what asks by names that macros put together is not kept at all (nvcc/probe.h). */

#include "asked_priv.h"

#include "closure_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"

#include <string.h>

/* What stands around names in directives, and in none of them. */
static bool
is_between_names(char c)
{
    return strchr("\n\"<>", c) != NULL; /* NUL, too */
}

/* Names that begin with a slash are looked for below "/". */
static void
add_directory(struct arena *arena, const char *name, size_t len, struct strlist *dirs)
{
    char *clean = path_clean(arena, arena_strndup(arena, name, len));

    strlist_add(dirs, clean + (clean[0] == '/'));
}

void
asked_read_line(struct arena *arena, const char *line, size_t len, struct strlist *dirs)
{
    size_t begin = 0;
    size_t slash = 0;

    if (memchr(line, '/', len) == NULL)
        return; /* as most lines are */
    for (size_t i = 0; i <= len; i++) {
        if (i < len && line[i] == '/')
            slash = i;
        if (i < len && !is_between_names(line[i]))
            continue;
        if (slash > begin)
            add_directory(arena, line + begin, slash - begin, dirs);
        begin = slash = i + 1;
    }
}

static bool
is_asked_in(const struct closure *closure, const char *rest)
{
    for (size_t i = 0; i < closure->asked.n; i++)
        if (path_below(rest, closure->asked.v[i]) != NULL)
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
           (rest[0] == '\0' || is_asked_in(closure, rest));
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
