/* Files that are made after all: they must be as they were told. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/digest/filedigest.h"
#include "planrun_priv.h"
#include "session_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int test_planunwritten(void);

static const char told[] = "int f() { return 1; }\n";

static void
write_file(const struct planned *run, unsigned file, const char *text)
{
    char *path = plan_file_path(run->session->arena, &run->plan, file, &run->names);
    FILE *stream = fopen(path, "w");

    assert_non_null(stream);
    fputs(text, stream);
    fclose(stream);
}

/* Is it right that a step which told of `told` and of the id "id" has made these? */
static bool
is_right(const char *text, const char *id)
{
    char dir[] = "/tmp/nvcache-unit-XXXXXX";
    struct arena arena = ARENA_INIT;
    struct session session = {.arena = &arena};
    uint16_t outputs[] = {0, 1};
    struct plan_step step = {.tool = PLAN_CUDAFE, .outputs = outputs, .n_outputs = 2};
    struct plan_file files[] = {{.name = ".cpp", .role = PLAN_CPP},
                                {.name = ".id", .role = PLAN_ID}};
    struct planned_file known[2] = {{.is_there = true}, {.has_raw = true}};
    struct planned run = {
        .session = &session,
        .plan = {.steps = &step, .n_steps = 1, .files = files, .n_files = 2},
        .names = {.dir = dir, .source = "u.cu"},
        .files = known};
    const struct task maker = {.step = &step};
    bool right;

    assert_non_null(mkdtemp(dir));
    filedigest_of_bytes("id", 2, &known[1].raw);
    hosttext_look(told, strlen(told), &run.host.cpp);
    write_file(&run, 0, text);
    write_file(&run, 1, id);
    right = plan_unwritten_is_right(&run, &maker);
    hosttext_fini(&run.host.cpp);
    fs_remove_tree(dir);
    arena_fini(&arena);
    return right;
}

static void
other_lines_are_right(void **state)
{
    (void)state;
    assert_true(is_right(told, "id"));
    assert_true(is_right("# 7 \"a.cu\"\nint f() { return 1; }\n", "id"));
}

static void
another_text_is_not(void **state)
{
    (void)state;
    assert_false(is_right("int f() { return 2; }\n", "id"));
    assert_false(is_right("int f() { return 1; }\n#pragma pack(1)\n", "id"));
}

static void
another_id_is_not(void **state)
{
    (void)state;
    assert_false(is_right(told, "ie"));
}

int
test_planunwritten(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_lines_are_right),
        cmocka_unit_test(another_text_is_not),
        cmocka_unit_test(another_id_is_not),
    };

    return cmocka_run_group_tests_name("planunwritten", tests, NULL, NULL);
}
