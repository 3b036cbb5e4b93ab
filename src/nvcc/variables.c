/* The environment of a compile, as the table variables.def.  TMPDIR must not matter, and
 * does not: it is ours.  Must never let a value through that names a file whose contents
 * are in no key. */

#include "nvcache/nvcc/variables.h"

#include "options_priv.h"
#include "toolwords_priv.h"
#include "words_priv.h"

#include "nvcache/base/strlist.h"
#include "nvcache/digest/digest.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum variable_class {
    VARIABLE_KEY,
    VARIABLE_WORDS,
    VARIABLE_DIRS,
    VARIABLE_FORBIDDEN,
    VARIABLE_COMMAND,
    VARIABLE_SEARCH,
    VARIABLE_HARMLESS,
};

static const struct variable {
    const char *name;
    size_t len;
    enum variable_class class;
    int tool;
} variables[] = {
#define NVCC_VARIABLE(name, class, tool)                                                 \
    {name, sizeof(name) - 1, VARIABLE_##class, OPT_##tool},
#include "variables.def"
#undef NVCC_VARIABLE
};

enum {
    N_VARIABLES = sizeof(variables) / sizeof(variables[0])
};

/* Which names are set, as far as a few bits tell.  Hardly any of the table's is, and
 * getenv goes through the whole environment to say so. */
struct set_names {
    uint64_t bits[16];
};

static unsigned
bit_of(const char *name, size_t len)
{
    const unsigned first = (unsigned char)name[0];
    const unsigned last = (unsigned char)name[len - 1];

    return (unsigned)(first * 5 + last * 67 + len * 149) % 1024;
}

static struct set_names
look_at_environment(void)
{
    struct set_names set = {{0}};

    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        const size_t len = strcspn(*entry, "=");

        if (len > 0)
            set.bits[bit_of(*entry, len) / 64] |= UINT64_C(1) << bit_of(*entry, len) % 64;
    }
    return set;
}

/* As getenv. */
static const char *
value_of(const struct set_names *set, const struct variable *variable)
{
    const unsigned bit = bit_of(variable->name, variable->len);

    if ((set->bits[bit / 64] >> bit % 64 & 1) == 0)
        return NULL;
    return getenv(variable->name);
}

size_t
variables_in_key(const char *out[VARIABLES_MAX])
{
    size_t n = 0;

    _Static_assert(N_VARIABLES <= VARIABLES_MAX, "the callers' arrays hold all");
    for (size_t i = 0; i < N_VARIABLES; i++)
        if (variables[i].class <= VARIABLE_DIRS)
            out[n++] = variables[i].name;
    return n;
}

void
variables_values(const char *out[VARIABLES_MAX])
{
    const struct set_names set = look_at_environment();
    size_t n = 0;

    for (size_t i = 0; i < N_VARIABLES; i++)
        if (variables[i].class <= VARIABLE_DIRS)
            out[n++] = value_of(&set, &variables[i]);
}

void
variables_hash(struct hasher *hasher)
{
    const struct set_names set = look_at_environment();

    for (size_t i = 0; i < N_VARIABLES; i++) {
        const char *value = value_of(&set, &variables[i]);

        if (variables[i].class <= VARIABLE_DIRS)
            hasher_str(hasher, value != NULL ? value : "\001");
    }
}

/* Directories for headers and macros, which change nothing else. */
static bool
are_dirs(struct arena *arena, const char *value)
{
    struct strlist words;

    strlist_init(&words, arena);
    if (!words_of_shell(value, &words))
        return false;
    for (size_t i = 0; i < words.n; i++) {
        const char *word = words.v[i];
        const bool is_short =
            word[0] == '-' && word[1] != '\0' && strchr("IDU", word[1]) != NULL;

        if (str_equal(word, "-isystem") && i + 1 < words.n)
            i++;
        else if (!is_short || word[2] == '\0' || word[2] == '-' || word[2] == '=')
            return false;
    }
    return true;
}

static bool
is_harmless_value(struct arena *arena, const struct variable *variable, const char *value)
{
    bool debug = false;
    const char *culprit;

    switch (variable->class) {
    case VARIABLE_WORDS:
        return tool_text_check(arena, variable->tool, value, &debug, &culprit) ==
                   NVC_OK &&
               !debug;
    case VARIABLE_DIRS:
        return are_dirs(arena, value);
    case VARIABLE_FORBIDDEN:
        return false;
    case VARIABLE_KEY:
    case VARIABLE_COMMAND:
    case VARIABLE_SEARCH:
    case VARIABLE_HARMLESS:
        break;
    }
    return true;
}

const char *
variables_forbidden(struct arena *arena)
{
    const struct set_names set = look_at_environment();

    for (size_t i = 0; i < N_VARIABLES; i++) {
        const char *value = value_of(&set, &variables[i]);

        if (value != NULL && !is_harmless_value(arena, &variables[i], value))
            return variables[i].name;
    }
    return NULL;
}
