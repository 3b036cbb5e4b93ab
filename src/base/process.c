/* Running a program: inherit everything, forward and keep its output, pass on the signals
 * that ask us to end, and leave nothing running behind.  Must never change what the child
 * sees: same mask, same descriptors, same standard input. */

#include "nvcache/base/process.h"

#include "descendants_priv.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"
#include "process_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    CHUNK = 65536,
    GRACE_MS = 2000
};

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
_Static_assert(sizeof(end_signals) / sizeof(end_signals[0]) == PROCESS_END_SIGNALS,
               "struct signal_watch keeps the old action of each");

/* Also read by other threads (process_signal). */
static atomic_int asked_to_end;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler writes it");

/* SIGXFSZ is ignored by us, but was not when we started. */
static bool file_limit_survived;

static void
on_end_signal(int signal_number)
{
    asked_to_end = signal_number;
}

/* The outermost watch, and how many there are. */
static struct signal_watch outermost;
static unsigned watches;

void
signal_watch_begin(struct signal_watch *watch)
{
    const struct sigaction action = {.sa_handler = on_end_signal};
    sigset_t block;

    if (watches++ > 0) {
        *watch = outermost;
        return;
    }
    asked_to_end = 0;
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    sigemptyset(&block);
    for (size_t i = 0; i < PROCESS_END_SIGNALS; i++)
        sigaddset(&block, end_signals[i]);
    sigprocmask(SIG_BLOCK, &block, &watch->old_mask);
    for (size_t i = 0; i < PROCESS_END_SIGNALS; i++) {
        sigaction(end_signals[i], NULL, &watch->old_actions[i]);
        if (watch->old_actions[i].sa_handler != SIG_IGN)
            sigaction(end_signals[i], &action, NULL);
    }
    outermost = *watch;
}

/* Signals that have come and were not handled yet.  Those that were ignored before stay
 * so. */
static void
take_pending(const struct signal_watch *watch)
{
    const struct timespec now = {0};
    sigset_t set;
    int signal_number;

    sigemptyset(&set);
    for (size_t i = 0; i < PROCESS_END_SIGNALS; i++)
        if (watch->old_actions[i].sa_handler != SIG_IGN)
            sigaddset(&set, end_signals[i]);
    while ((signal_number = sigtimedwait(&set, NULL, &now)) > 0)
        asked_to_end = signal_number;
}

/* Who has been asked to end may be asked again (a second Ctrl-C, a compiler that passes
 * it on to its group): that would kill us before the private directory is removed. */
void
signal_watch_end(const struct signal_watch *watch)
{
    if (--watches > 0)
        return;
    if (asked_to_end != 0)
        take_pending(watch);
    for (size_t i = 0; i < PROCESS_END_SIGNALS; i++)
        sigaction(end_signals[i], &watch->old_actions[i], NULL);
    sigprocmask(SIG_SETMASK, &watch->old_mask, NULL);
}

static int
spawn_with(struct running *run, posix_spawn_file_actions_t *actions, int out, int err)
{
    const struct process_spec *spec = run->spec;
    posix_spawnattr_t attr;
    sigset_t defaults;
    int error;

    if (out >= 0)
        posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
    if (err >= 0)
        posix_spawn_file_actions_adddup2(actions, err, STDERR_FILENO);
    if (spec->no_stdin)
        posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (spec->dir != NULL)
        posix_spawn_file_actions_addchdir_np(actions, spec->dir);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &run->watch->old_mask);
    sigemptyset(&defaults);
    if (file_limit_survived)
        sigaddset(&defaults, SIGXFSZ);
    posix_spawnattr_setsigdefault(&attr, &defaults);
    error = posix_spawn(&run->pid, spec->path, actions, &attr, spec->argv,
                        spec->envp != NULL ? spec->envp : environ);
    posix_spawnattr_destroy(&attr);
    return error;
}

enum nvc_status
running_start(struct running *run)
{
    posix_spawn_file_actions_t actions;
    int out[2] = {-1, -1};
    int err[2] = {-1, -1};
    int error = 0;

    if (run->spec->capture_limit > 0 &&
        (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0))
        error = errno;
    if (error == 0) {
        posix_spawn_file_actions_init(&actions);
        error = spawn_with(run, &actions, out[1], err[1]);
        posix_spawn_file_actions_destroy(&actions);
    }
    fs_closep(&out[1]);
    fs_closep(&err[1]);
    run->out_fd = out[0];
    run->err_fd = err[0];
    run->pid_fd = error == 0 ? (int)syscall(SYS_pidfd_open, run->pid, 0) : -1;
    if (error == 0)
        return NVC_OK;
    fs_closep(&run->out_fd);
    fs_closep(&run->err_fd);
    errno = error;
    return NVC_ERR_EXEC;
}

static void
keep(struct running *run, struct buf *stream, const char *data, size_t len)
{
    size_t room = run->spec->capture_limit - stream->len;

    if (len > room)
        run->result->truncated = true;
    buf_append(stream, data, len < room ? len : room);
}

/* How much of the chunk an earlier run has already shown. */
static size_t
seen_before(const struct buf *stream, const struct buf *earlier, const char *chunk,
            size_t len, bool *is_new)
{
    size_t n = 0;

    while (!*is_new && n < len) {
        const size_t at = stream->len + n;

        *is_new = at >= earlier->len || earlier->data[at] != (uint8_t)chunk[n];
        n += !*is_new;
    }
    return n;
}

static void
forward(struct running *run, const struct buf *stream, const char *chunk, size_t len,
        int to)
{
    const struct process_result *const earlier = run->spec->earlier;
    const bool is_out = to == STDOUT_FILENO;
    size_t seen = 0;

    if (earlier != NULL)
        seen = seen_before(stream, is_out ? &earlier->out : &earlier->err, chunk, len,
                           is_out ? &run->out_is_new : &run->err_is_new);
    if (fs_write_full(to, chunk + seen, len - seen) != NVC_OK)
        run->result->truncated = true;
}

/* Take what is there; close at the end of the stream. */
static void
drain(struct running *run, int *fd, struct buf *stream, int to)
{
    char chunk[CHUNK / 8];
    const ssize_t n = read(*fd, chunk, sizeof(chunk));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        fs_closep(fd);
        return;
    }
    if (run->spec->forward)
        forward(run, stream, chunk, (size_t)n, to);
    keep(run, stream, chunk, (size_t)n);
}

void
running_drain(struct running *run, const struct pollfd *polled)
{
    if (polled[0].revents != 0)
        drain(run, &run->out_fd, &run->result->out, STDOUT_FILENO);
    if (polled[1].revents != 0)
        drain(run, &run->err_fd, &run->result->err, STDERR_FILENO);
}

/* The child is gone, but somebody it left behind may hold the pipes: take what they hold
 * now and no more. */
void
running_drain_rest(struct running *run)
{
    for (;;) {
        struct pollfd polled[2] = {{.fd = run->out_fd, .events = POLLIN},
                                   {.fd = run->err_fd, .events = POLLIN}};

        if (run->out_fd < 0 && run->err_fd < 0)
            return;
        if (poll(polled, 2, 0) <= 0)
            break;
        running_drain(run, polled);
    }
    fs_closep(&run->out_fd);
    fs_closep(&run->err_fd);
}

bool
running_has_ended(struct running *run)
{
    pid_t got;

    do
        got = waitpid(run->pid, &run->result->wait_status, WNOHANG);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return false;
    /* What ended the compiler may have been sent to us as well (a terminal's Ctrl-C). */
    take_pending(run->watch);
    return true;
}

static void
wait_for_child(struct running *run)
{
    /* Without pidfd_open (before Linux 5.3) look every 50 ms. */
    const struct timespec tick = {.tv_nsec = 50000000};
    int passed_on = 0;

    while (!running_has_ended(run)) {
        struct pollfd polled[3] = {{.fd = run->out_fd, .events = POLLIN},
                                   {.fd = run->err_fd, .events = POLLIN},
                                   {.fd = run->pid_fd, .events = POLLIN}};

        if (ppoll(polled, 3, run->pid_fd < 0 ? &tick : NULL, &run->watch->old_mask) > 0)
            running_drain(run, polled);
        if (asked_to_end != passed_on) {
            passed_on = asked_to_end;
            descendants_signal(passed_on);
        }
    }
    running_drain_rest(run);
}

/* Asked to end: nobody of the tree may outlive us. */
void
process_end_tree(void)
{
    const struct timespec tick = {.tv_nsec = 10000000};

    for (int ms = 0; ms < GRACE_MS; ms += 10) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (descendants_signal(0) == 0)
            return;
        nanosleep(&tick, NULL);
    }
    descendants_signal(SIGKILL);
}

enum nvc_status
process_run(const struct process_spec *spec, struct process_result *result)
{
    struct signal_watch watch;
    struct running run = {.spec = spec, .result = result, .watch = &watch, .pid_fd = -1};
    const int64_t begin = clock_mono_ns();
    enum nvc_status st;

    *result = (struct process_result){0};
    signal_watch_begin(&watch);
    st = running_start(&run);
    if (st == NVC_OK) {
        wait_for_child(&run);
        fs_closep(&run.pid_fd);
        if (asked_to_end != 0)
            process_end_tree();
    }
    signal_watch_end(&watch);
    result->wall_ns = clock_mono_ns() - begin;
    return st;
}

void
process_result_fini(struct process_result *result)
{
    buf_fini(&result->out);
    buf_fini(&result->err);
}

int
process_signal(void)
{
    return asked_to_end;
}

void
process_hold_signals(void)
{
    struct signal_watch watch;

    signal_watch_begin(&watch);
}

void
process_release_signals(void)
{
    const struct signal_watch watch = outermost;

    signal_watch_end(&watch);
}

void
process_survive_file_limit(void)
{
    if (signal(SIGXFSZ, SIG_IGN) == SIG_DFL)
        file_limit_survived = true;
}

void
process_exec(const char *path, char *const argv[])
{
    if (file_limit_survived)
        signal(SIGXFSZ, SIG_DFL);
    execv(path, argv);
}

int
process_exit_code(int wait_status)
{
    if (WIFSIGNALED(wait_status))
        return 128 + WTERMSIG(wait_status);
    return WEXITSTATUS(wait_status);
}

void
process_end_like(int wait_status)
{
    const struct rlimit no_core = {0, 0};
    sigset_t none;

    if (!WIFSIGNALED(wait_status))
        _exit(WEXITSTATUS(wait_status));
    /* The compiler has dumped its core, if any; ours would overwrite it. */
    setrlimit(RLIMIT_CORE, &no_core);
    signal(WTERMSIG(wait_status), SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    raise(WTERMSIG(wait_status));
    _exit(128 + WTERMSIG(wait_status));
}
