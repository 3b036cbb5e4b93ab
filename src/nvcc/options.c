/* Looking options up in the table of options.def.
 *
 * How nvcc reads a word (measured with nvcc 13.0, and the same in 11.8):
 * - A long name needs two dashes, a short name one.  `--c`, `-compile` are unknown. Where
 * both names are equal (`-ptx`, `--ptx`) both work.  Names are never abbreviated.
 * - Every option that takes a value takes it as the next word or behind '='.  The next
 * word is taken whatever it is: `-o -MD` writes to "-MD", `-I -c` links.
 * - `-flag=x` is an error ("no argument expected"), also for -c, -G, -lineinfo.
 * - Only -I -L -l -D -U -O -t may be glued to their value.  -xcu, -ofile, -isystemdir,
 * -MFfile, -ccbing++, -m32, -j4 are unknown options.
 * - A whole name wins over a glued one: `-lib` is --lib, `-link` is --link, `-time x` is
 *   --time; but `-libs`, `-lineno` and `-legacy` are libraries.
 * - -Ofc and -hls have an optional value: the next word unless it begins with a dash.
 *
 * Must never know more spellings than nvcc: with -forward-unknown-to-host-compiler a word
 * that nvcc does not know goes to the host compiler and means something else there. */

#include "options_priv.h"

#include <string.h>

static const struct nvcc_option table[] = {
#define NVCC_OPTION(id, long_name, short_name, arity, class, glued, bypass, note)        \
    {OPT_##id, long_name, short_name, ARITY_##arity, CLASS_##class, glued, NVC_##bypass},
#include "options.def"
#undef NVCC_OPTION
};

enum {
    ROWS = sizeof(table) / sizeof(table[0])
};

const struct nvcc_option *
option_by_id(int id)
{
    return &table[id - 1];
}

/* Is `name` the whole name in `word`?  If so *out_value is what follows '=' or NULL. */
static bool
spells(const char *word, const char *name, const char **out_value)
{
    size_t len;

    if (name[1] != word[1] || (name[2] != word[2] && name[2] != '\0'))
        return false;
    len = strlen(name);
    if (strncmp(word, name, len) != 0 || (word[len] != '\0' && word[len] != '='))
        return false;
    *out_value = word[len] == '=' ? word + len + 1 : NULL;
    return true;
}

static const struct nvcc_option *
find_glued(const char *word, const char **out_value)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (table[i].glued && table[i].short_name[1] == word[1]) {
            *out_value = word + 2;
            return &table[i];
        }
    }
    return NULL;
}

const struct nvcc_option *
option_find(const char *word, const char **out_value)
{
    if (word[0] != '-' || word[1] == '\0')
        return NULL;
    for (size_t i = 0; i < ROWS; i++) {
        const struct nvcc_option *option = &table[i];

        if (spells(word, option->long_name, out_value) ||
            (option->short_name != NULL && spells(word, option->short_name, out_value)))
            return option;
    }
    return word[2] == '\0' ? NULL : find_glued(word, out_value);
}
