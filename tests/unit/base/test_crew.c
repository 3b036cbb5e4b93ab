/* Programs side by side. */

#include "nvcache/base/crew.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/clock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

int test_crew(void);

static struct process_spec
shell(struct arena *arena, const char *script)
{
    char **argv = arena_array(arena, 4, sizeof(*argv));

    argv[0] = arena_strdup(arena, "sh");
    argv[1] = arena_strdup(arena, "-c");
    argv[2] = arena_strdup(arena, script);
    return (struct process_spec){
        .path = "/bin/sh", .argv = argv, .capture_limit = 100000, .no_stdin = true};
}

/* The first writes what the second waits for: one after the other they would not end. */
static void
members_run_at_the_same_time_and_keep_their_streams_apart(void **state)
{
    struct arena arena = ARENA_INIT;
    struct crew *crew = crew_begin(&arena);
    const struct process_spec specs[] = {
        shell(&arena, "read x </tmp/nvcache-test-crew-$PPID; echo got $x; exit 3"),
        shell(&arena, "echo word >/tmp/nvcache-test-crew-$PPID; head -c 50000 /dev/zero; "
                      "echo err >&2"),
    };
    const struct process_spec make = shell(&arena, "mkfifo /tmp/nvcache-test-crew-$PPID");
    struct process_result results[2];
    struct process_result made;
    char *path = arena_printf(&arena, "/tmp/nvcache-test-crew-%d", (int)getpid());
    unsigned seen = 0;

    (void)state;
    assert_int_equal(crew_start(crew, 9, &make, &made), NVC_OK);
    assert_int_equal(crew_wait(crew), 9);
    process_result_fini(&made);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(crew_start(crew, i, &specs[i], &results[i]), NVC_OK);
    assert_int_equal(crew_size(crew), 2);
    for (int i = 0; i < 2; i++)
        seen |= 1U << crew_wait(crew);
    assert_int_equal(seen, 3);
    assert_int_equal(crew_size(crew), 0);
    crew_end(crew);
    unlink(path);
    assert_int_equal(process_exit_code(results[0].wait_status), 3);
    assert_int_equal(results[0].out.len, strlen("got word\n"));
    assert_int_equal(results[1].out.len, 50000);
    assert_int_equal(results[1].err.len, 4);
    process_result_fini(&results[0]);
    process_result_fini(&results[1]);
    arena_fini(&arena);
}

static void
whoever_still_runs_is_ended(void **state)
{
    struct arena arena = ARENA_INIT;
    struct crew *crew = crew_begin(&arena);
    const struct process_spec slow = shell(&arena, "sleep 600 & wait");
    struct process_result result;
    const int64_t begin = clock_mono_ns();

    (void)state;
    assert_int_equal(crew_start(crew, 0, &slow, &result), NVC_OK);
    crew_end(crew);
    assert_true(clock_mono_ns() - begin < INT64_C(60000000000));
    assert_true(WIFSIGNALED(result.wait_status));
    process_result_fini(&result);
    arena_fini(&arena);
}

static void
a_program_that_is_not_there_is_an_error_and_no_member(void **state)
{
    struct arena arena = ARENA_INIT;
    struct crew *crew = crew_begin(&arena);
    struct process_spec spec = shell(&arena, "true");
    struct process_result result;

    (void)state;
    spec.path = "/nonexistent/program";
    assert_int_equal(crew_start(crew, 0, &spec, &result), NVC_ERR_EXEC);
    assert_int_equal(crew_size(crew), 0);
    crew_end(crew);
    process_result_fini(&result);
    arena_fini(&arena);
}

static void
a_crew_has_a_largest_size(void **state)
{
    struct arena arena = ARENA_INIT;
    struct crew *crew = crew_begin(&arena);
    const struct process_spec spec = shell(&arena, "sleep 600");
    static struct process_result results[CREW_MAX + 1];

    (void)state;
    for (unsigned i = 0; i < CREW_MAX; i++)
        assert_int_equal(crew_start(crew, i, &spec, &results[i]), NVC_OK);
    assert_int_equal(crew_start(crew, CREW_MAX, &spec, &results[CREW_MAX]),
                     NVC_ERR_LIMIT);
    crew_end(crew);
    for (unsigned i = 0; i <= CREW_MAX; i++)
        process_result_fini(&results[i]);
    arena_fini(&arena);
}

/* The signal reaches the members; the caller is told afterwards. */
static void
a_signal_that_asks_us_to_end_is_passed_on(void **state)
{
    struct arena arena = ARENA_INIT;
    struct crew *crew = crew_begin(&arena);
    const struct process_spec specs[] = {
        shell(&arena, "sleep 600"),
        shell(&arena, "sleep 0.1; kill -TERM $PPID; sleep 600"),
    };
    struct process_result results[2];

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(crew_start(crew, i, &specs[i], &results[i]), NVC_OK);
    crew_wait(crew);
    crew_wait(crew);
    assert_int_equal(process_signal(), SIGTERM);
    crew_end(crew);
    assert_int_equal(WTERMSIG(results[0].wait_status), SIGTERM);
    process_result_fini(&results[0]);
    process_result_fini(&results[1]);
    arena_fini(&arena);
}

int
test_crew(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_run_at_the_same_time_and_keep_their_streams_apart),
        cmocka_unit_test(whoever_still_runs_is_ended),
        cmocka_unit_test(a_program_that_is_not_there_is_an_error_and_no_member),
        cmocka_unit_test(a_crew_has_a_largest_size),
        cmocka_unit_test(a_signal_that_asks_us_to_end_is_passed_on),
    };

    return cmocka_run_group_tests_name("crew", tests, NULL, NULL);
}
