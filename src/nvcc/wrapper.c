/* Wrapper scripts, and ccache under a compiler's name.  Understood is exactly
 *
 *   #!/bin/sh            (or bash, dash; also through env)
 *   # comments, blank lines, set -e
 *   exec /absolute/path [fixed words] "$@"
 *
 * Must never guess: one more command, or anything a shell would expand, and it is not
 * understood. */

#include "nvcache/nvcc/wrapper.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "masquerade_priv.h"

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

/* One word, quoted or plain, without anything that a shell expands. NULL if there is
 * none. */
static const char *
take_word(struct arena *arena, const char **at)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789/._+-=:,@%";
    const char quote = **at == '"' || **at == '\'' ? **at : '\0';
    const char *begin = *at + (quote != '\0');
    const size_t len = strspn(begin, plain);
    const char *end = begin + len;

    if (len == 0 || (quote != '\0' && *end++ != quote))
        return NULL;
    if (*end != ' ' && *end != '\t')
        return NULL;
    *at = skip_blanks(end);
    return arena_strndup(arena, begin, len);
}

/* The path in `[exec] PATH [WORDS] "$@"`. */
static const char *
command_of(struct arena *arena, const char *line, bool *out_has_words)
{
    const char *at = str_starts(line, "exec ") ? skip_blanks(line + 5) : line;
    const char *path = take_word(arena, &at);

    if (path == NULL || !path_is_absolute(path))
        return NULL;
    for (*out_has_words = false; !str_equal(at, "\"$@\""); *out_has_words = true) {
        const char *word = take_word(arena, &at);

        if (word == NULL ||
            str_ends(word, "=native")) /* another machine, another result */
            return NULL;
    }
    return path;
}

const char *
wrapper_target(struct arena *arena, const char *text, bool *out_has_words)
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
        target = command_of(arena, line, out_has_words);
        if (target == NULL)
            return NULL;
    }
    return target;
}

enum nvc_status
wrapper_resolve(struct arena *arena, const char *program, struct wrapper *out)
{
    *out = (struct wrapper){0};
    strlist_init(&out->scripts, arena);
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        AUTO_BUF text = BUF_INIT;
        struct stat info;
        bool more_words = false;
        const char *behind;
        enum nvc_status st = masquerade_resolve(arena, program, &behind);

        if (st != NVC_OK)
            return st;
        if (behind != NULL) {
            strlist_add_copy(&out->scripts, program);
            program = behind;
            continue;
        }
        if (stat(program, &info) != 0)
            return NVC_BYPASS_TOOLCHAIN;
        if (info.st_size > SCRIPT_MAX) {
            out->binary = program;
            return NVC_OK;
        }
        if (fs_read(program, SCRIPT_MAX, &text) != NVC_OK)
            return NVC_BYPASS_TOOLCHAIN;
        strlist_add_copy(&out->scripts, program);
        program = wrapper_target(arena, buf_str(&text), &more_words);
        if (program == NULL)
            return NVC_BYPASS_WRAPPER;
        out->has_words = out->has_words || more_words;
    }
    return NVC_BYPASS_WRAPPER;
}
