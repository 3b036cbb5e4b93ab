/* nvcc.profile.  Must never pass over a variable: nvcc asks the environment for each that
 * it does not know. */

#include "profile_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/strlist.h"
#include "nvcache/nvcc/variables.h"

#include <string.h>

static const char *const nvccs_own[] = {"_HERE_", "_SPACE_", "_TARGET_DIR_",
                                        "_TARGET_SIZE_", NULL};

/* Each $ begins a `$(NAME)` that is known; the shell behind nvcc has nothing to expand.
 */
static bool
are_known(struct arena *arena, const struct strlist *known, const char *text)
{
    for (const char *at = text; (at = strpbrk(at, "$`")) != NULL; at++) {
        const size_t len = at[0] == '$' && at[1] == '(' ? strcspn(at + 2, ")") : 0;

        if (len == 0 || at[2 + len] != ')' ||
            !strlist_has(known, arena_strndup(arena, at + 2, len)))
            return false;
    }
    return true;
}

/* The variable that this line sets, whatever it was; NULL: none, or it is added to. */
static char *
name_set(struct arena *arena, const char *line)
{
    const char *name = line + strspn(line, " \t");
    const size_t len = strcspn(name, " \t+=");
    const char *sign = name + len + strspn(name + len, " \t");

    return len > 0 && sign[0] == '=' && sign[1] != '+' ? arena_strndup(arena, name, len)
                                                       : NULL;
}

bool
profile_is_closed(struct arena *arena, const char *text)
{
    const char *in_key[VARIABLES_MAX];
    const size_t n = variables_in_key(in_key);
    char *rest = arena_strdup(arena, text);
    struct strlist known;

    strlist_init(&known, arena);
    strlist_add_words(&known, nvccs_own);
    for (size_t i = 0; i < n; i++)
        strlist_add_copy(&known, in_key[i]);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *name = name_set(arena, line);

        if (!are_known(arena, &known, line))
            return false;
        if (name != NULL)
            strlist_add(&known, name);
    }
    return true;
}
