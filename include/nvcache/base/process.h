#ifndef NVCACHE_BASE_PROCESS_H
#define NVCACHE_BASE_PROCESS_H

#include "nvcache/base/buf.h"
#include "nvcache/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Running other programs. */

struct process_result;

struct process_spec {
    const char *path;     /* what to execute */
    char *const *argv;    /* argv[0] is passed as it is */
    char *const *envp;    /* NULL: ours */
    const char *dir;      /* working directory; NULL: ours */
    size_t capture_limit; /* bytes kept per stream; 0: streams are not captured */
    bool forward;         /* also pass captured output on to our own stdout and stderr, as
                             it comes */
    bool no_stdin;        /* standard input is /dev/null instead of ours */

    /* What an earlier run has already forwarded (NULL: there was none): as long as this
     * one prints the same, it is not forwarded once more. */
    const struct process_result *earlier;
};

struct process_result {
    int wait_status; /* as waitpid gives it */
    bool truncated;  /* a stream was longer than capture_limit */
    struct buf out;
    struct buf err;
    int64_t wall_ns;
};

/* Start it, wait for it.  Signals that ask us to end (INT, TERM, HUP, QUIT) are passed on
 * to the whole tree of descendants while waiting; process_signal() tells afterwards.  All
 * descriptors that are not close-on-exec are inherited.  The caller owns result->out and
 * ->err also on failure.  ERR_EXEC (errno set) when it cannot be started. */
NVC_NODISCARD enum nvc_status process_run(const struct process_spec *spec,
                                          struct process_result *result);
void process_result_fini(struct process_result *result);

/* The signal that asked us to end during process_run, or 0.  Any thread may call it. */
int process_signal(void);

/* Between these two, a signal that asks us to end waits for the next process_run,
 * crew_wait or process_release_signals, so that what has been begun can be undone; with
 * the last release it acts as if it came then.  process_run and crews inside do not
 * forget one that an earlier one was told of.  May be nested; one thread only. */
void process_hold_signals(void);
void process_release_signals(void);

/* Make writing beyond RLIMIT_FSIZE an error (EFBIG) for this process instead of its end.
 * Programs started by process_run and process_exec get the old disposition. */
void process_survive_file_limit(void);

/* Replace this process.  Returns only on failure (errno set). */
void process_exec(const char *path, char *const argv[]);

/* Exit code for a shell: the code, or 128 + signal. */
int process_exit_code(int wait_status);

/* End this process as the child ended: the same exit code or the same signal. */
_Noreturn void process_end_like(int wait_status);

#endif
