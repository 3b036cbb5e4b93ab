/* The list of status numbers is stored for ever: this golden copy fails when one changes.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/status.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

int test_status(void);

static const struct {
    int number;
    const char *word;
} golden[] = {
    {1, "manifest"},
    {2, "text"},
    {3, "partial"},
    {10, "not_found"},
    {11, "new"},
    {12, "options_changed"},
    {13, "input_changed"},
    {14, "input_missing"},
    {15, "search_changed"},
    {16, "path_bound"},
    {17, "result_lost"},
    {18, "recache"},
    {20, "compile_failed"},
    {21, "compile_killed"},
    {30, "input_moved"},
    {31, "time_macro"},
    {32, "hidden_input"},
    {33, "closure_unknown"},
    {34, "output_missing"},
    {35, "stream_too_long"},
    {36, "too_large"},
    {37, "store_failed"},
    {38, "read_only"},
    {39, "unwatched"},
    {40, "form"},
    {41, "dryrun_failed"},
    {42, "plan_line"},
    {43, "plan_file"},
    {44, "step_failed"},
    {45, "inputs_unknown"},
    {46, "intermediate_files"},
    {50, "disabled"},
    {51, "not_nvcc"},
    {52, "wrapper"},
    {53, "query"},
    {54, "preprocess"},
    {55, "dependencies"},
    {56, "dryrun"},
    {57, "verbose"},
    {58, "link"},
    {59, "device_link"},
    {60, "no_source"},
    {61, "several_sources"},
    {62, "stdin"},
    {63, "language"},
    {64, "unknown_option"},
    {65, "host_option"},
    {66, "option"},
    {67, "options_file"},
    {68, "usage"},
    {69, "output"},
    {70, "native_arch"},
    {71, "environment"},
    {72, "toolchain"},
    {73, "no_cache"},
    {74, "network_fs"},
    {75, "keep"},
    {76, "setuid"},
    {77, "source_unreadable"},
    {79, "shell"},
    {90, "times"},
    {91, "host_source"},
    {92, "toolkit_parts"},
    {100, "io"},
    {101, "no_space"},
    {102, "no_memory"},
    {103, "corrupt"},
    {104, "generation_damaged"},
    {105, "lock_timeout"},
    {106, "permission"},
    {107, "foreign_owner"},
    {108, "crash"},
    {109, "format"},
    {110, "limit"},
    {111, "config"},
    {112, "exec"},
    {113, "replay"},
    {114, "network_fs"},
    {115, "busy"},
    {116, "abandoned"},
    {130, "waited"},
    {131, "fewer_threads"},
    {132, "rescued"},
    {133, "out_of_memory"},
    {135, "paused"},
    {136, "set_back"},
    {140, "pool"},
    {141, "pool_full"},
    {120, "plan_divergence"},
};

static void
numbers_and_words_never_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++)
        assert_string_equal(status_word((enum nvc_status)golden[i].number),
                            golden[i].word);
}

static void
every_number_is_in_the_golden_list_or_newer(void **state)
{
    (void)state;
    for (int n = 1; n < NVC_STATUS_LIMIT; n++) {
        bool known = false;

        for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++)
            known = known || golden[i].number == n;
        /* A new status: add it to the golden list. */
        if (!known)
            assert_string_equal(status_word((enum nvc_status)n), "?");
    }
}

static void
every_status_has_a_kind_and_a_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
        const enum nvc_status status = (enum nvc_status)golden[i].number;

        assert_int_not_equal(status_kind(status), NVC_KIND_NONE);
        assert_true(strlen(status_text(status)) >= 5);
    }
    assert_int_equal(status_kind(NVC_OK), NVC_KIND_NONE);
}

static void
words_are_unique_within_a_kind(void **state)
{
    (void)state;
    for (int a = 1; a < NVC_STATUS_LIMIT; a++)
        for (int b = a + 1; b < NVC_STATUS_LIMIT; b++) {
            const enum nvc_status x = (enum nvc_status)a;
            const enum nvc_status y = (enum nvc_status)b;

            if (status_kind(x) != NVC_KIND_NONE && status_kind(x) == status_kind(y))
                assert_string_not_equal(status_word(x), status_word(y));
        }
}

static void
errno_is_mapped_and_never_ok(void **state)
{
    (void)state;
    assert_int_equal(status_from_errno(ENOSPC), NVC_ERR_NOSPACE);
    assert_int_equal(status_from_errno(EDQUOT), NVC_ERR_NOSPACE);
    assert_int_equal(status_from_errno(ENOMEM), NVC_ERR_NOMEM);
    assert_int_equal(status_from_errno(EROFS), NVC_ERR_PERMISSION);
    assert_int_equal(status_from_errno(EMFILE), NVC_ERR_BUSY);
    assert_int_equal(status_from_errno(0), NVC_ERR_IO);
}

int
test_status(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_words_never_change),
        cmocka_unit_test(every_number_is_in_the_golden_list_or_newer),
        cmocka_unit_test(every_status_has_a_kind_and_a_text),
        cmocka_unit_test(words_are_unique_within_a_kind),
        cmocka_unit_test(errno_is_mapped_and_never_ok),
    };

    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
