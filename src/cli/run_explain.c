/* `nvcache explain NVCC ARGS...`: the same compile in a process of its own, with a log
 * that nobody else writes, and then that log in plain words.
 *
 * Must never change what is compiled: but for the log the other process has our settings,
 * our environment and our streams. */

#include "commands_priv.h"
#include "console_priv.h"
#include "explain_page_priv.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/process.h"
#include "nvcache/base/scratch.h"
#include "nvcache/base/strlist.h"

#include <errno.h>
#include <string.h>

enum {
    LOG_MAX = 16 << 20
};

/* nvcache WORDS... log=LOG -- NVCC ARGS... */
static char *const *
make_command(struct console *console, const struct arguments *arguments, const char *log)
{
    struct strlist words;

    strlist_init(&words, console->arena);
    strlist_add_copy(&words, "nvcache");
    for (size_t i = 0; console->words != NULL && console->words[i] != NULL; i++)
        strlist_add(&words, console->words[i]);
    strlist_add(&words, arena_printf(console->arena, "log=%s", log));
    strlist_add_copy(&words, "--");
    for (int i = 0; i < arguments->n; i++)
        strlist_add(&words, arguments->operands[i]);
    return words.v;
}

static void
print_page(const char *log)
{
    AUTO_BUF text = BUF_INIT;
    AUTO_BUF out = BUF_INIT;

    if (fs_read(log, LOG_MAX, &text) != NVC_OK)
        buf_clear(&text);
    explain_put_page(&out, buf_str(&text));
    (void)print_out(&out);
}

/* The wait status of the compile. */
static enum nvc_status
compile(struct console *console, const struct arguments *arguments, int *out_status)
{
    AUTO_SCRATCH scratch = SCRATCH_INIT;
    struct process_spec spec = {.path = "/proc/self/exe"};
    struct process_result result = {0};
    enum nvc_status st = scratch_open(&scratch, console->arena);
    const char *log;

    if (st != NVC_OK)
        return st;
    log = path_join(console->arena, scratch.path, "log");
    spec.argv = make_command(console, arguments, log);
    st = process_run(&spec, &result);
    if (st == NVC_OK)
        print_page(log);
    *out_status = result.wait_status;
    process_result_fini(&result);
    return st;
}

int
run_explain(struct console *console, const struct arguments *arguments)
{
    int wait_status = 0;

    if (arguments->n == 0) {
        complain("explain: nothing to compile; write `nvcache explain nvcc ARGS...`");
        return EXIT_MISUSE;
    }
    if (compile(console, arguments, &wait_status) != NVC_OK) {
        complain("explain: cannot begin: %s", strerror(errno));
        return EXIT_FAULT;
    }
    process_end_like(wait_status);
}
