/* --threads: what it means, and writing it anew. */

#include "nvcache/nvcc/chains.h"

#include "options_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/cpus.h"
#include "nvcache/base/strlist.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHAINS_OF_ALL = 14,
    CHAINS_OF_ALL_MAJOR = 8
};

static unsigned
chains_of(const struct command_arg *arg)
{
    if (arg->option == NULL || arg->value == NULL)
        return 0;
    if (arg->option->id == OPT_GENERATE_CODE)
        return str_starts(arg->value, "arch=");
    if (arg->option->id != OPT_GPU_ARCHITECTURE)
        return 0;
    if (str_equal(arg->value, "all"))
        return CHAINS_OF_ALL;
    return str_equal(arg->value, "all-major") ? CHAINS_OF_ALL_MAJOR : 1;
}

unsigned
command_chains(const struct nvcc_command *command)
{
    unsigned chains = 0;

    for (size_t i = 0; i < command->nargs; i++)
        chains += chains_of(&command->args[i]);
    return chains > 0 ? chains : 1;
}

unsigned
command_lanes(const struct nvcc_command *command)
{
    const unsigned chains = command_chains(command);
    const unsigned threads = command->threads > 0    ? (unsigned)command->threads
                             : command->threads == 0 ? (unsigned)cpus_online()
                                                     : 1;

    return threads < chains ? threads : chains;
}

void
command_put_architectures(const struct nvcc_command *command, struct buf *out)
{
    for (size_t i = 0; i < command->nargs; i++)
        if (command->args[i].option != NULL && command->args[i].value != NULL &&
            command->args[i].option->class == CLASS_ARCH)
            buf_printf(out, " %s", command->args[i].value);
}

/* The number in a word that spells --threads; "" when it is the next word; NULL when the
 * word is something else. */
static const char *
threads_text(const char *word)
{
    static const char *const names[] = {"--threads=", "-t=", "-threads="};

    if (str_equal(word, "--threads") || str_equal(word, "-t") ||
        str_equal(word, "-threads"))
        return "";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_starts(word, names[i]))
            return word + strlen(names[i]);
    return str_starts(word, "-t") && isdigit((unsigned char)word[2]) ? word + 2 : NULL;
}

static bool
is_set(const char *variable)
{
    const char *const value = getenv(variable);

    return value != NULL && value[0] != '\0';
}

bool
command_may_lower_threads(const struct nvcc_command *command, int argc,
                          char *const argv[])
{
    int meant = 0;
    int found = 0;

    for (size_t i = 0; i < command->nargs; i++)
        meant +=
            command->args[i].option != NULL && command->args[i].option->id == OPT_THREADS;
    for (int i = 1; i < argc; i++)
        found += threads_text(argv[i]) != NULL;
    return meant == 1 && found == 1 && command->options_files == NULL &&
           !is_set("NVCC_PREPEND_FLAGS") && !is_set("NVCC_APPEND_FLAGS");
}

char **
command_with_threads(struct arena *arena, int argc, char *const argv[], unsigned threads)
{
    struct strlist words;

    strlist_init(&words, arena);
    for (int i = 0; i < argc; i++) {
        const char *text = i > 0 ? threads_text(argv[i]) : NULL;

        if (text == NULL) {
            strlist_add(&words, argv[i]);
            continue;
        }
        if (text[0] == '\0')
            i++;
        strlist_add(&words, arena_printf(arena, "--threads=%u", threads));
    }
    return words.v;
}
