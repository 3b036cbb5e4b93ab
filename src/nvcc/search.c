/* Where a command has headers searched.
 *
 * The host compiler gets (measured with nvcc 13.0): the words behind -Xcompiler, the
 * forwarded words, nvcc's -I in order, the -I of nvcc.profile, nvcc's -isystem in order,
 * the -isystem of nvcc.profile.  It then searches all -iquote (for names in quotes), all
 * -I, all -isystem, its own directories, all -idirafter; within a kind in the order
 * given.
 *
 * Must never change a path: "" and "." are different texts for one directory, and the
 * text is what comes out in messages and dependency lists. */

#include "nvcache/nvcc/command.h"

#include "hostopts_priv.h"
#include "options_priv.h"

#include "nvcache/base/arena.h"

static void
add(struct search_dir *dirs, size_t *n, enum search_kind kind, const char *path)
{
    dirs[(*n)++] = (struct search_dir){.kind = kind, .path = path};
}

static void
add_host(const struct host_word *words, size_t n_words, enum host_kind from,
         enum search_kind kind, struct search_dir *dirs, size_t *n)
{
    for (size_t i = 0; i < n_words; i++)
        if (words[i].rule->kind == from)
            add(dirs, n, kind, words[i].value);
}

static void
add_nvcc(const struct nvcc_command *command, int option, enum search_kind kind,
         struct search_dir *dirs, size_t *n)
{
    for (size_t i = 0; i < command->nargs; i++)
        if (command->args[i].option != NULL && command->args[i].option->id == option)
            add(dirs, n, kind, command->args[i].value);
}

size_t
command_search_dirs(struct arena *arena, const struct nvcc_command *command,
                    struct search_dir **out)
{
    struct host_word *words = NULL;
    size_t n_words = 0;
    size_t n = 0;
    const char *culprit;
    struct search_dir *dirs;

    if (host_words(arena, command, &words, &n_words, &culprit) != NVC_OK)
        n_words = 0;
    dirs = arena_array(arena, command->nargs + n_words, sizeof(*dirs));
    add_host(words, n_words, HOST_QUOTE, SEARCH_QUOTE, dirs, &n);
    add_host(words, n_words, HOST_NORMAL, SEARCH_NORMAL, dirs, &n);
    add_nvcc(command, OPT_INCLUDE_PATH, SEARCH_NORMAL, dirs, &n);
    add_host(words, n_words, HOST_SYSTEM, SEARCH_SYSTEM, dirs, &n);
    add_nvcc(command, OPT_SYSTEM_INCLUDE, SEARCH_SYSTEM, dirs, &n);
    add_host(words, n_words, HOST_AFTER, SEARCH_AFTER, dirs, &n);
    *out = dirs;
    return n;
}
