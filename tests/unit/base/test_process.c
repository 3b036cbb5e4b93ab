/* Running programs, and the crash guard. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/guard.h"
#include "nvcache/base/process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int test_process(void);

static char sh[] = "sh";
static char dash_c[] = "-c";

static struct process_result
run_shell(const char *script, size_t limit)
{
    char *argv[] = {sh, dash_c, strdup(script), NULL};
    const struct process_spec spec = {
        .path = "/bin/sh", .argv = argv, .capture_limit = limit, .no_stdin = true};
    struct process_result result;

    assert_int_equal(process_run(&spec, &result), NVC_OK);
    free(argv[2]);
    return result;
}

static void
streams_and_exit_code_are_captured_apart(void **state)
{
    struct process_result r = run_shell("echo out; echo err >&2; exit 3", 1000);

    (void)state;
    assert_string_equal(buf_str(&r.out), "out\n");
    assert_string_equal(buf_str(&r.err), "err\n");
    assert_int_equal(process_exit_code(r.wait_status), 3);
    assert_false(r.truncated);
    process_result_fini(&r);
}

/* With a pipe as our stdout: what comes through it in the second run. */
static void
what_an_earlier_run_has_shown_is_not_shown_again(void **state)
{
    char *argv[] = {sh, dash_c, strdup("echo warning; echo done"), NULL};
    struct process_result first = run_shell("echo warning; echo dead", 1000);
    const struct process_spec spec = {.path = "/bin/sh",
                                      .argv = argv,
                                      .capture_limit = 1000,
                                      .forward = true,
                                      .no_stdin = true,
                                      .earlier = &first};
    const int old = dup(STDOUT_FILENO);
    struct process_result second;
    char text[64] = {0};
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    dup2(fds[1], STDOUT_FILENO);
    assert_int_equal(process_run(&spec, &second), NVC_OK);
    dup2(old, STDOUT_FILENO);
    close(old);
    close(fds[1]);
    assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
    close(fds[0]);
    /* "warning\nd" is the same in both. */
    assert_string_equal(text, "one\n");
    assert_string_equal(buf_str(&second.out), "warning\ndone\n");
    process_result_fini(&first);
    process_result_fini(&second);
    free(argv[2]);
}

static void
long_output_is_cut_and_said_so(void **state)
{
    struct process_result r = run_shell("head -c 300000 /dev/zero", 1000);

    (void)state;
    assert_int_equal(r.out.len, 1000);
    assert_true(r.truncated);
    process_result_fini(&r);
}

static void
death_by_signal_is_told_apart(void **state)
{
    struct process_result r = run_shell("kill -SEGV $$", 1000);

    (void)state;
    assert_true(WIFSIGNALED(r.wait_status));
    assert_int_equal(WTERMSIG(r.wait_status), SIGSEGV);
    assert_int_equal(process_exit_code(r.wait_status), 128 + SIGSEGV);
    process_result_fini(&r);
}

static void
a_child_left_behind_does_not_hold_us(void **state)
{
    /* The grandchild keeps the pipe open; we must not wait for it. */
    struct process_result r = run_shell("sleep 60 & echo $!; exit 0", 1000);
    const pid_t left = (pid_t)atoi(buf_str(&r.out));

    (void)state;
    assert_true(left > 0);
    assert_int_equal(kill(left, 0), 0);
    kill(left, SIGKILL);
    assert_int_equal(r.wait_status, 0);
    process_result_fini(&r);
}

static void
a_missing_program_is_an_error(void **state)
{
    char *argv[] = {sh, NULL};
    const struct process_spec spec = {.path = "/nonexistent/x", .argv = argv};
    struct process_result r;

    (void)state;
    assert_int_equal(process_run(&spec, &r), NVC_ERR_EXEC);
    process_result_fini(&r);
}

/* In a child of its own: run a tree of shells, get a signal, see that all of it is gone.
 */
static void
ending_ends_the_whole_tree(void **state)
{
    int pipe_fds[2];
    char text[64] = {0};
    pid_t launcher;
    int wait_status;

    (void)state;
    assert_int_equal(pipe(pipe_fds), 0);
    launcher = fork();
    if (launcher == 0) {
        char script[128];
        char *argv[] = {sh, dash_c, script, NULL};
        const struct process_spec spec = {
            .path = "/bin/sh", .argv = argv, .no_stdin = true};
        struct process_result r;

        snprintf(script, sizeof(script), "sh -c 'echo $$ >&%d; sleep 60; true'; true",
                 pipe_fds[1]);
        if (process_run(&spec, &r) != NVC_OK)
            _exit(99);
        _exit(process_signal());
    }
    assert_true(read(pipe_fds[0], text, sizeof(text) - 1) > 0);
    kill(launcher, SIGTERM);
    assert_int_equal(waitpid(launcher, &wait_status, 0), launcher);
    assert_int_equal(WEXITSTATUS(wait_status), SIGTERM);
    assert_int_equal(kill((pid_t)atoi(text), 0), -1);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

/* The second signal comes when the child is gone and a process that it left behind is
 * not. */
static void
being_asked_twice_does_not_kill_us(void **state)
{
    static const char script[] =
        "trap '' HUP; top=$PPID; (sleep 0.2; kill -HUP $top; sleep 0.2) & "
        "kill -HUP $top; exit 3";
    pid_t launcher = fork();
    int wait_status;

    (void)state;
    if (launcher == 0) {
        struct process_result r = run_shell(script, 0);

        _exit(process_exit_code(r.wait_status));
    }
    assert_int_equal(waitpid(launcher, &wait_status, 0), launcher);
    assert_true(WIFEXITED(wait_status));
    assert_int_equal(WEXITSTATUS(wait_status), 3);
}

/* A terminal's Ctrl-C: the child is gone by it before we have looked. Which of the two is
 * seen first differs from time to time. */
static void
being_asked_together_with_the_child_does_not_kill_us(void **state)
{
    (void)state;
    for (int i = 0; i < 150; i++) {
        pid_t launcher = fork();
        int wait_status;

        if (launcher == 0) {
            setpgid(0, 0);
            (void)run_shell("kill -HUP 0", 0);
            _exit(process_signal());
        }
        assert_int_equal(waitpid(launcher, &wait_status, 0), launcher);
        assert_true(WIFEXITED(wait_status));
        assert_int_equal(WEXITSTATUS(wait_status), SIGHUP);
    }
}

static void
touch_nothing(void *arg)
{
    *(int *)arg = 1;
}

static void
crash(void *arg)
{
    raise(*(const int *)arg);
}

static void
guard_call_returns_zero_or_the_signal(void **state)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
    int done = 0;

    (void)state;
    assert_int_equal(guard_call(touch_nothing, &done), 0);
    assert_int_equal(done, 1);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        int n = signals[i];

        assert_int_equal(guard_call(crash, &n), signals[i]);
    }
    guard_disarm();
}

static int
status_of_crashing_child(bool after_compile)
{
    char exit_7[] = "exit 7";
    char *argv[] = {sh, dash_c, exit_7, NULL};
    const pid_t pid = fork();
    int wait_status;

    if (pid == 0) {
        guard_arm_exec("/bin/sh", argv, NULL);
        if (after_compile)
            guard_arm_exit(5);
        raise(SIGSEGV);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    return process_exit_code(wait_status);
}

static void
a_crash_ends_in_the_fallback(void **state)
{
    (void)state;
    assert_int_equal(status_of_crashing_child(false), 7);
    assert_int_equal(status_of_crashing_child(true), 5);
}

static void
crash_again(enum nvc_status why)
{
    (void)why;
    raise(SIGSEGV);
}

/* What is broken (the heap, say) is broken for the hook too. */
static void
a_crash_in_the_hook_still_ends_in_the_fallback(void **state)
{
    pid_t child = fork();
    int status = -1;

    (void)state;
    if (child == 0) {
        char arg0[] = "sh", arg1[] = "-c", arg2[] = "exit 7";
        char *argv[] = {arg0, arg1, arg2, NULL};

        guard_arm_exec("/bin/sh", argv, crash_again);
        raise(SIGSEGV);
        _exit(99);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

int
test_process(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_and_exit_code_are_captured_apart),
        cmocka_unit_test(what_an_earlier_run_has_shown_is_not_shown_again),
        cmocka_unit_test(long_output_is_cut_and_said_so),
        cmocka_unit_test(death_by_signal_is_told_apart),
        cmocka_unit_test(a_child_left_behind_does_not_hold_us),
        cmocka_unit_test(a_missing_program_is_an_error),
        cmocka_unit_test(ending_ends_the_whole_tree),
        cmocka_unit_test(being_asked_twice_does_not_kill_us),
        cmocka_unit_test(being_asked_together_with_the_child_does_not_kill_us),
        cmocka_unit_test(guard_call_returns_zero_or_the_signal),
        cmocka_unit_test(a_crash_in_the_hook_still_ends_in_the_fallback),
        cmocka_unit_test(a_crash_ends_in_the_fallback),
    };

    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
