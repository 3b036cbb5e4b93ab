/* Where headers are searched, in order. */

#include "nvcc_fixture.h"

int test_search(void);

static void
expect_dirs(const char *line, const char *expected)
{
    static const char kinds[] = "QNSA";
    struct parsed parsed;
    struct search_dir *dirs;
    const char *text = "";
    size_t n;

    fixture_parse(&parsed, line);
    assert_line(parsed.status == NVC_OK, line);
    n = command_search_dirs(&parsed.arena, &parsed.command, &dirs);
    for (size_t i = 0; i < n; i++)
        text = arena_printf(&parsed.arena, "%s%s%c:%s", text, i == 0 ? "" : " ",
                            kinds[dirs[i].kind], dirs[i].path);
    assert_string_equal(text, expected);
    fixture_done(&parsed);
}

static void
directories_are_grouped_as_the_host_compiler_searches_them(void **state)
{
    (void)state;
    expect_dirs("nvcc -c a.cu", "");
    expect_dirs("nvcc -c a.cu -I a,b -isystem=c --include-path d -I'e f'",
                "N:a N:b N:d N:e f S:c");
    expect_dirs("nvcc -c a.cu -In -isystem s -Xcompiler '-isystem hs -Ihn -idirafter ha' "
                "-forward-unknown-opts -iquotehq -idirafterfa",
                "Q:hq N:hn N:n S:hs S:s A:ha A:fa");
}

static void
paths_are_not_changed(void **state)
{
    (void)state;
    expect_dirs("nvcc -c a.cu -I. -I./x/ -I../y//z", "N:. N:./x/ N:../y//z");
}

int
test_search(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories_are_grouped_as_the_host_compiler_searches_them),
        cmocka_unit_test(paths_are_not_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
