/* --threads: how many chains there are, how many run at once, and writing it anew. */

#include "nvcc_fixture.h"
#include "nvcache/base/cpus.h"
#include "nvcache/nvcc/chains.h"

int test_chains(void);

static const struct {
    const char *line;
    unsigned chains;
    unsigned lanes;
} counts[] = {
    {"nvcc -c a.cu", 1, 1},
    {"nvcc -c a.cu -t4", 1, 1},
    {"nvcc -c a.cu -arch=sm_80 -t4", 1, 1},
    {"nvcc -c a.cu -gencode arch=compute_80,code=sm_80 "
     "-gencode=arch=compute_90,code=[sm_90,compute_90]",
     2, 1},
    {"nvcc -c a.cu -gencode arch=compute_80,code=sm_80 "
     "--generate-code=arch=compute_90,code=sm_90 -gencode arch=compute_75,code=sm_75 "
     "--threads 2",
     3, 2},
    {"nvcc -c a.cu -arch=all -t 3", 14, 3},
    {"nvcc -c a.cu -arch=all-major", 8, 1},
};

static void
chains_and_lanes_are_counted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct parsed parsed;

        fixture_parse(&parsed, counts[i].line);
        assert_line(command_chains(&parsed.command) == counts[i].chains, counts[i].line);
        assert_line(command_lanes(&parsed.command) == counts[i].lanes, counts[i].line);
        fixture_done(&parsed);
    }
}

static void
threads_0_is_one_for_each_processor(void **state)
{
    struct parsed parsed;

    (void)state;
    fixture_parse(&parsed, "nvcc -c a.cu -arch=all -t0");
    assert_in_range(command_lanes(&parsed.command), 1, 14);
    if (cpus_online() > 1)
        assert_true(command_lanes(&parsed.command) > 1);
    fixture_done(&parsed);
}

/* Each line with 3 threads; NULL: left as it is. */
static const char *const rewritten[][2] = {
    {"nvcc --threads 8 -c a.cu", "nvcc --threads=3 -c a.cu"},
    {"nvcc -c a.cu --threads=8", "nvcc -c a.cu --threads=3"},
    {"nvcc -c -t 8 a.cu", "nvcc -c --threads=3 a.cu"},
    {"nvcc -c -t8 a.cu", "nvcc -c --threads=3 a.cu"},
    {"nvcc -c -t=8 a.cu", "nvcc -c --threads=3 a.cu"},
    {"nvcc -c a.cu", NULL},
    {"nvcc -c a.cu -t 8 -t 4", NULL},
    {"nvcc -c a.cu -o -t --threads 8", NULL},
    {"nvcc -c a.cu -Xptxas -t -t 8", NULL},
};

static void
threads_are_written_anew_where_that_is_safe(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rewritten) / sizeof(rewritten[0]); i++) {
        const char *const want = rewritten[i][1];
        struct parsed parsed;
        struct strlist words;
        char **got;
        bool may;

        fixture_parse(&parsed, rewritten[i][0]);
        fixture_split(&parsed.arena, rewritten[i][0], &words);
        may = command_may_lower_threads(&parsed.command, (int)words.n, words.v);
        assert_line(may == (want != NULL), rewritten[i][0]);
        if (may) {
            char *line = arena_strdup(&parsed.arena, "");

            got = command_with_threads(&parsed.arena, (int)words.n, words.v, 3);
            for (; *got != NULL; got++)
                line = arena_printf(&parsed.arena, "%s%s%s", line,
                                    line[0] == '\0' ? "" : " ", *got);
            assert_string_equal(line, want);
        }
        fixture_done(&parsed);
    }
}

static void
threads_from_the_environment_are_left_alone(void **state)
{
    char *argv[] = {(char[]){"nvcc"}, (char[]){"-c"}, (char[]){"a.cu"}, (char[]){"-t8"},
                    NULL};
    struct arena arena = ARENA_INIT;
    struct nvcc_command command;

    (void)state;
    setenv("NVCC_APPEND_FLAGS", "-DX", 1);
    assert_int_equal(command_parse(&arena, 4, argv, &command), NVC_OK);
    assert_false(command_may_lower_threads(&command, 4, argv));
    unsetenv("NVCC_APPEND_FLAGS");
    assert_true(command_may_lower_threads(&command, 4, argv));
    arena_fini(&arena);
}

int
test_chains(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_and_lanes_are_counted),
        cmocka_unit_test(threads_0_is_one_for_each_processor),
        cmocka_unit_test(threads_are_written_anew_where_that_is_safe),
        cmocka_unit_test(threads_from_the_environment_are_left_alone),
    };

    return cmocka_run_group_tests_name("chains", tests, NULL, NULL);
}
