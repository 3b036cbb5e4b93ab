/* Module ids as nvcc 11.8 to 13.5 write them. */

#include "nvcache/plan/moduleid.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/strlist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

int test_moduleid(void);

static void
one_of_a_process_id_is_passing(void **state)
{
    (void)state;
    assert_true(module_id_is_passing("_57d17f4d_4_n_cu_1984fca7_13658"));
    assert_true(module_id_is_passing("_7d_12_n_1234567_cu_84fca7_4194304"));
}

static void
one_of_a_symbol_is_not(void **state)
{
    static const char *const ids[] = {"_80d0f84c_4_e_cu__Z2hkPi",
                                      "_f5a2f00f_4_s_cu_a_1",
                                      "_f5a2f00f_4_s_cu_abc_1234",
                                      "_f5a2f00f_4_s_cu_1984fca7",
                                      "_f5a2f00f_4_s_cu_1984fca7_",
                                      "_f5a2f00f_4_s_cu_1984fca7_1x",
                                      "_f5a2f00f_99_s_cu_1984fca7_13658",
                                      "_f5a2f00f_4_s_cu",
                                      "_f5a2f00f_",
                                      "_",
                                      ""};

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        if (module_id_is_passing(ids[i]))
            fail_msg("%s", ids[i]);
}

static void
ours_is_of_the_unit_and_of_its_text(void **state)
{
    struct arena arena = ARENA_INIT;
    const struct digest a = {.bytes = {1}};
    const struct digest b = {.bytes = {2}};
    const char *id = module_id(&arena, &a, &b, "d/a-b.cu");

    (void)state;
    assert_string_equal(id, module_id(&arena, &a, &b, "e/a-b.cu"));
    assert_string_not_equal(id, module_id(&arena, &a, &a, "d/a-b.cu"));
    assert_true(module_id_is_own(id));
    assert_false(module_id_is_own("_80d0f84c_4_e_cu__Z2hkPi"));
    assert_false(module_id_is_own("_80d0f84c_4_e_cu_1984fca7"));
    assert_false(module_id_is_own("_57d17f4d_4_n_cu_1984fca7_13658"));
    assert_string_not_equal(id, module_id(&arena, &b, &b, "d/a-b.cu"));
    assert_non_null(strstr(id, "_6_a_b_cu_"));
    assert_false(module_id_is_passing(id));
    arena_fini(&arena);
}

int
test_moduleid(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_a_process_id_is_passing),
        cmocka_unit_test(one_of_a_symbol_is_not),
        cmocka_unit_test(ours_is_of_the_unit_and_of_its_text),
    };

    return cmocka_run_group_tests_name("moduleid", tests, NULL, NULL);
}
