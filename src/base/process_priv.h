#ifndef NVCACHE_BASE_PROCESS_PRIV_H
#define NVCACHE_BASE_PROCESS_PRIV_H

#include "nvcache/base/process.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct pollfd;

/* What process.c and crew.c share. */

#define PROCESS_END_SIGNALS 4

/* The signals that ask us to end, as they were before. */
struct signal_watch {
    sigset_t old_mask;
    struct sigaction old_actions[PROCESS_END_SIGNALS];
};

/* Take over those signals (they stay blocked: wait with `old_mask`) and adopt orphans of
 * our children; the outermost watch forgets earlier ones.  process_signal() tells of one.
 */
void signal_watch_begin(struct signal_watch *watch);
void signal_watch_end(const struct signal_watch *watch);

/* One child. */
struct running {
    const struct process_spec *spec;
    struct process_result *result;
    const struct signal_watch *watch;
    pid_t pid;
    int pid_fd;                  /* -1: before Linux 5.3 */
    int out_fd, err_fd;          /* our ends; -1 when closed */
    bool out_is_new, err_is_new; /* the stream differs from the earlier run's by now */
};

/* ERR_EXEC with errno.  On NVC_OK the caller closes pid_fd. */
NVC_NODISCARD enum nvc_status running_start(struct running *run);
/* `polled`: out_fd, then err_fd. */
void running_drain(struct running *run, const struct pollfd *polled);
bool running_has_ended(struct running *run);
/* After the child has ended: closes both ends. */
void running_drain_rest(struct running *run);

/* Asked to end: nobody below us may outlive us. */
void process_end_tree(void);

#endif
