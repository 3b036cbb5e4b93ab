/* The launcher: which program is meant, and whether it is one we understand.  Everything
 * that is not nvcc runs untouched.  Must never run itself again, and never fail where the
 * user's own command would have worked. */

#include "launch_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/log.h"
#include "nvcache/base/path.h"
#include "nvcache/base/process.h"
#include "nvcache/base/strlist.h"
#include "nvcache/cache/config.h"
#include "nvcache/cache/invocation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

enum {
    EXIT_NOT_FOUND = 127,
    EXIT_CANNOT_RUN = 126
};

/* Is this our own program, perhaps under another name? */
static bool
is_ourselves(const char *path, void *arg)
{
    struct stat self;
    struct stat other;

    (void)arg;
    return stat("/proc/self/exe", &self) == 0 && stat(path, &other) == 0 &&
           self.st_dev == other.st_dev && self.st_ino == other.st_ino;
}

static bool
is_nvcc(struct arena *arena, const char *word, const char *program)
{
    const char *real;

    if (str_starts(path_base(word), "nvcc"))
        return true;
    real = fs_realpath(arena, program);
    return real != NULL && str_equal(path_base(real), "nvcc");
}

static char *
find_compiler(struct arena *arena, const char *word)
{
    char *program = fs_find_program(arena, word, NULL, is_ourselves, NULL);

    return program != NULL && is_ourselves(program, NULL) ? NULL : program;
}

static int
not_found(const char *word)
{
    const bool exists = strchr(word, '/') != NULL && errno != ENOENT;

    fprintf(stderr, "nvcache: %s: %s\n", word,
            exists ? strerror(errno) : "no such compiler on PATH");
    return exists ? EXIT_CANNOT_RUN : EXIT_NOT_FOUND;
}

int
launch(const struct config *config, int argc, char **argv, bool masquerade)
{
    struct arena arena = ARENA_INIT;
    char *program = find_compiler(&arena, masquerade ? path_base(argv[0]) : argv[0]);

    if (program == NULL)
        return not_found(argv[0]);
    /* nvcc finds its own directory through argv[0] and PATH, where our link stands first.
     */
    if (masquerade)
        argv[0] = program;
    process_survive_file_limit();
    if (config->log != NULL)
        (void)log_open(config->log);
    log_event("begin", "program=%s argc=%d", program, argc);
    if (getauxval(AT_SECURE) != 0)
        invocation_pass(config, NVC_BYPASS_SETUID, program, argv);
    if (!is_nvcc(&arena, argv[0], program))
        invocation_pass(config, NVC_BYPASS_NOT_NVCC, program, argv);
    if (config->disable)
        invocation_pass(config, NVC_BYPASS_DISABLED, program, argv);
    invocation_run(config, program, argc, argv);
}
