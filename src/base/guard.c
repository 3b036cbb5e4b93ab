/* The crash guard.  A fatal signal of ours ends in a jump out of guard_call, or in the
 * fallback: the user's compiler, or its exit code.  Handlers run on their own stack and
 * make async-signal-safe calls only.
 *
 * Must never hide a crash: the hook counts it, the log names it. */

#include "nvcache/base/guard.h"

#include "nvcache/base/log.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ALT_STACK_SIZE = 64 * 1024
};

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL};
#define N_SIGNALS (sizeof(fatal_signals) / sizeof(fatal_signals[0]))

static struct {
    enum {
        DISARMED,
        EXEC,
        EXIT
    } mode;
    const char *path;
    char *const *argv;
    void (*hook)(enum nvc_status why);
    int exit_code;
    bool installed;
    sigjmp_buf jump;
} guard;

/* Of the thread that guard_call runs in: another one cannot jump there. */
static _Thread_local volatile sig_atomic_t is_inside;

static char alt_stack[ALT_STACK_SIZE];

static bool
is_switched_off(void)
{
    const char *value = getenv("NVCACHE_GUARD");

    return value != NULL && strcmp(value, "0") == 0;
}

static void
default_signals(void)
{
    sigset_t all;

    for (size_t i = 0; i < N_SIGNALS; i++)
        signal(fatal_signals[i], SIG_DFL);
    signal(SIGXFSZ, SIG_DFL); /* process_survive_file_limit */
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

static void
say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        return;
}

/* What is left to do when this process cannot go on. */
static _Noreturn void
fall_back(enum nvc_status why)
{
    void (*const hook)(enum nvc_status why) = guard.hook;

    /* Once only: what crashed may crash again, below the hook. */
    guard.hook = NULL;
    if (hook != NULL)
        hook(why);
    default_signals();
    if (guard.mode == EXIT)
        _exit(guard.exit_code);
    if (guard.mode == EXEC) {
        execv(guard.path, guard.argv);
        say("nvcache: cannot start the compiler\n");
        _exit(127);
    }
    say("nvcache: fatal error: ");
    say(status_text(why));
    say("\n");
    abort();
}

static void
on_fatal(int signal_number)
{
    if (is_inside)
        siglongjmp(guard.jump, signal_number);
    if (guard.mode == DISARMED) {
        default_signals();
        raise(signal_number);
    }
    fall_back(NVC_ERR_CRASH);
}

static void
install(void)
{
    const stack_t stack = {.ss_sp = alt_stack, .ss_size = sizeof(alt_stack)};
    struct sigaction action = {.sa_handler = on_fatal,
                               .sa_flags = SA_ONSTACK | SA_NODEFER};

    if (guard.installed || is_switched_off())
        return;
    sigemptyset(&action.sa_mask);
    if (sigaltstack(&stack, NULL) != 0)
        return;
    for (size_t i = 0; i < N_SIGNALS; i++)
        sigaction(fatal_signals[i], &action, NULL);
    guard.installed = true;
}

void
guard_arm_exec(const char *path, char *const argv[], void (*hook)(enum nvc_status why))
{
    guard.path = path;
    guard.argv = argv;
    guard.hook = hook;
    guard.mode = EXEC;
    install();
}

void
guard_arm_exit(int code)
{
    guard.exit_code = code;
    guard.mode = EXIT;
    install();
}

void
guard_disarm(void)
{
    guard.mode = DISARMED;
    guard.hook = NULL;
    if (guard.installed)
        default_signals();
    guard.installed = false;
}

void
guard_block_others(sigset_t *out)
{
    sigfillset(out);
    for (size_t i = 0; i < N_SIGNALS; i++)
        sigdelset(out, fatal_signals[i]);
}

void
guard_give_up(enum nvc_status why)
{
    log_event("guard.give_up", "why=%s", status_word(why));
    fall_back(why);
}

int
guard_call(void (*fn)(void *arg), void *arg)
{
    int signal_number;

    install();
    /* The handler blocks nothing (SA_NODEFER), so there is no mask to bring back. */
    signal_number = sigsetjmp(guard.jump, 0);
    if (signal_number == 0) {
        is_inside = 1;
        fn(arg);
    }
    is_inside = 0;
    if (signal_number != 0)
        log_event("guard.caught", "signal=%d", signal_number);
    return signal_number;
}

void
guard_escape(int signal_number)
{
    if (is_inside)
        siglongjmp(guard.jump, signal_number);
    guard_give_up(NVC_ERR_CRASH);
}
