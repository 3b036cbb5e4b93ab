/* Asking the programs of a toolchain: what they say, in lines. */

#include "answer_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/environment.h"
#include "nvcache/base/process.h"

#include <string.h>

enum {
    OUTPUT_MAX = 1 << 20
};

const char *
answer_variable(const struct answer *answer, const char *name)
{
    const size_t len = strlen(name);
    const char *value = NULL;

    for (size_t i = 0; i < answer->lines.n; i++) {
        const char *line = answer->lines.v[i];

        if (str_starts(line, "#$ ") && strncmp(line + 3, name, len) == 0 &&
            line[3 + len] == '=')
            value = line + 3 + len + 1;
    }
    return value;
}

static void
split_lines(struct answer *answer, struct arena *arena, struct buf *text)
{
    char *rest = arena_strdup(arena, buf_str(text));

    answer->arena = arena;
    strlist_init(&answer->lines, arena);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        strlist_add(&answer->lines, line);
}

enum nvc_status
answer_ask(struct arena *arena, const struct strlist *argv, const char *search,
           struct answer *out)
{
    const char *const changes[] = {
        "LC_ALL=C", "NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS",
        search != NULL ? arena_printf(arena, "LD_LIBRARY_PATH=%s", search) : NULL};
    const struct process_spec spec = {
        .path = argv->v[0],
        .argv = argv->v,
        .envp = environment_with(arena, changes, search != NULL ? 4 : 3),
        .capture_limit = OUTPUT_MAX,
        .no_stdin = true};
    struct process_result result;
    enum nvc_status st = process_run(&spec, &result);

    if (st == NVC_OK && (result.truncated || process_exit_code(result.wait_status) != 0))
        st = NVC_BYPASS_TOOLCHAIN;
    if (st == NVC_OK)
        split_lines(out, arena, result.err.len > 0 ? &result.err : &result.out);
    process_result_fini(&result);
    return st == NVC_OK ? NVC_OK : NVC_BYPASS_TOOLCHAIN;
}
