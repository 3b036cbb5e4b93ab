/* Wrapper scripts.  Understood is exactly
 *
 *   #!/bin/sh            (or bash, dash; also through env)
 *   # comments, blank lines, set -e
 *   exec /absolute/path "$@"
 *
 * Must never guess: one more word and it is not understood. */

#include "nvcache/nvcc/wrapper.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"

#include <string.h>

enum {
    SCRIPT_MAX = 4096,
    DEPTH_MAX = 4
};

static const char *
skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

static bool
is_shell(const char *line)
{
    static const char *const shells[] = {"sh", "bash", "dash"};
    const char *word = strrchr(line, '/');

    if (!str_starts(line, "#!") || word == NULL)
        return false;
    word++;
    if (str_starts(word, "env "))
        word = skip_blanks(word + 4);
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
        if (str_equal(word, shells[i]))
            return true;
    return false;
}

static bool
is_idle(const char *line)
{
    return line[0] == '\0' || line[0] == '#' || str_equal(line, "set -e") ||
           str_equal(line, "set -eu");
}

/* The path in `[exec] PATH "$@"`, quoted or plain. */
static const char *
command_of(struct arena *arena, const char *line)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789/._+-";
    const char *at = str_starts(line, "exec ") ? skip_blanks(line + 5) : line;
    const char quote = at[0] == '"' || at[0] == '\'' ? at[0] : '\0';
    size_t len;
    const char *path;

    at += quote != '\0';
    len = strspn(at, plain);
    path = arena_strndup(arena, at, len);
    at += len;
    if (quote != '\0' && *at++ != quote)
        return NULL;
    if (!path_is_absolute(path) || !str_equal(skip_blanks(at), "\"$@\"") || *at == '"')
        return NULL;
    return path;
}

const char *
wrapper_target(struct arena *arena, const char *text)
{
    char *rest = arena_strdup(arena, text);
    const char *target = NULL;
    char *line = strsep(&rest, "\n");

    if (!is_shell(line))
        return NULL;
    while ((line = strsep(&rest, "\n")) != NULL) {
        size_t len = strlen(line);

        while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
            line[--len] = '\0';
        line = line + strspn(line, " \t");
        if (is_idle(line))
            continue;
        if (target != NULL)
            return NULL;
        target = command_of(arena, line);
        if (target == NULL)
            return NULL;
    }
    return target;
}

enum nvc_status
wrapper_resolve(struct arena *arena, const char *program, const char **out)
{
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        AUTO_BUF text = BUF_INIT;
        struct stat info;

        if (stat(program, &info) != 0)
            return NVC_BYPASS_TOOLCHAIN;
        if (info.st_size > SCRIPT_MAX) {
            *out = program;
            return NVC_OK;
        }
        if (fs_read(program, SCRIPT_MAX, &text) != NVC_OK)
            return NVC_BYPASS_TOOLCHAIN;
        program = wrapper_target(arena, buf_str(&text));
        if (program == NULL)
            return NVC_BYPASS_WRAPPER;
    }
    return NVC_BYPASS_WRAPPER;
}
