/* Steps that make nothing: ptxas only looks at PTX. */

#include "nvcache/base/arena.h"
#include "nvcache/plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

int test_check(void);

/* A line between cicc and fatbinary. */
static enum nvc_status
parse_with_check(struct arena *arena, const char *check, struct plan *out)
{
    static const struct plan_names names = {
        .dir = "/T", .source = "a.cu", .output = "a.o", .source_path = "/src/a.cu"};
    const char *culprit;
    const char *text = arena_printf(
        arena,
        "#$ gcc -D__CUDA_ARCH__=900 -E -x c++ \"a.cu\" -o "
        "\"/T/tmpxft_00000001_00000000-8_a.cpp1.ii\" \n"
        "#$ cicc -arch compute_90 --gen_module_id_file --module_id_file_name "
        "\"/T/tmpxft_00000001_00000000-4_a.module_id\" "
        "\"/T/tmpxft_00000001_00000000-8_a.cpp1.ii\" -o "
        "\"/T/tmpxft_00000001_00000000-7_a.ptx\"\n%s"
        "#$ fatbinary --create=\"a.o\" "
        "\"--image3=kind=ptx,sm=90,file=/T/tmpxft_00000001_00000000-7_a.ptx\" \n",
        check);

    return plan_parse(arena, text, strlen(text), &names, out, &culprit);
}

#define CHECKED_PTX "\"/T/tmpxft_00000001_00000000-7_a.ptx\" "

static void
a_check_is_a_step_that_makes_nothing(void **state)
{
    struct arena arena = ARENA_INIT;
    struct plan plan;

    (void)state;
    assert_int_equal(parse_with_check(&arena, "", &plan), NVC_OK);
    assert_int_equal(plan.n_steps, 3);
    assert_int_equal(parse_with_check(&arena,
                                      "#$ ptxas -arch=compute_90 -m64  " CHECKED_PTX "\n",
                                      &plan),
                     NVC_OK);
    assert_int_equal(plan.n_steps, 4);
    assert_int_equal(plan.steps[2].tool, PLAN_PTXAS);
    assert_string_equal(plan.steps[2].arch, "compute_90");
    assert_int_equal(plan.steps[2].n_inputs, 1);
    assert_int_equal(plan.steps[2].n_outputs, 0);
    arena_fini(&arena);
}

/* Without -o ptxas writes elf.o where it is started. */
static void
what_only_looks_like_a_check_is_refused(void **state)
{
    static const char *const lines[] = {
        "#$ ptxas -arch=sm_90 -m64 " CHECKED_PTX "\n",
        "#$ ptxas -m64 " CHECKED_PTX "\n",
        "#$ ptxas -arch=compute_90 " CHECKED_PTX "-o elf.o\n",
        "#$ ptxas -arch=compute_90 -m64\n",
        "#$ ptxas -arch=compute_90 a.ptx\n",
        "#$ ptxas -arch=compute_90 " CHECKED_PTX
        "\n#$ ptxas -arch=compute_90 " CHECKED_PTX "\n",
        "#$ cicc -arch=compute_90 \"/T/tmpxft_00000001_00000000-8_a.cpp1.ii\"\n",
        "#$ cicc -arch compute_90 --module_id_file_name "
        "\"/T/tmpxft_00000001_00000000-4_a.module_id\" "
        "\"/T/tmpxft_00000001_00000000-8_a.cpp1.ii\" -o "
        "\"/T/tmpxft_00000001_00000000-9_a.other.ptx\"\n"
        "#$ ptxas -arch=compute_90 \"/T/tmpxft_00000001_00000000-9_a.other.ptx\"\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct arena arena = ARENA_INIT;
        struct plan plan;
        const enum nvc_status st = parse_with_check(&arena, lines[i], &plan);

        if (status_kind(st) != NVC_KIND_UNPLANNED)
            fail_msg("%s: %s", lines[i], status_word(st));
        arena_fini(&arena);
    }
}

int
test_check(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_is_a_step_that_makes_nothing),
        cmocka_unit_test(what_only_looks_like_a_check_is_refused),
    };

    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
