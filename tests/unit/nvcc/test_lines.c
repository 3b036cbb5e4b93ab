/* nvcc command lines as build systems and projects write them (taken from bug reports,
 * build files and generated build.ninja files; paths shortened), and what must be made of
 * them. */

#include "nvcc_fixture.h"

int test_lines(void);

enum fact {
    F_NONE = 0,
    F_DEBUG = 1,
    F_SEPARABLE = 2,
};

static const struct line {
    const char *line;
    enum nvc_status status;
    const char *source;
    const char *output;
    const char *depfile; /* NULL: none */
    unsigned facts;
} lines[] = {
#include "lines.def"
};

static void
check_good(const struct line *row, const struct nvcc_command *command)
{
    const unsigned facts = (command->debug_info ? (unsigned)F_DEBUG : 0) |
                           (command->separable ? (unsigned)F_SEPARABLE : 0);

    assert_line(strcmp(command->source, row->source) == 0, row->line);
    assert_line(strcmp(command->output, row->output) == 0, row->line);
    assert_line((command->depfile == NULL) == (row->depfile == NULL), row->line);
    if (row->depfile != NULL)
        assert_line(strcmp(command->depfile, row->depfile) == 0, row->line);
    assert_line(facts == row->facts, row->line);
}

static void
real_lines_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct parsed parsed;

        fixture_parse(&parsed, lines[i].line);
        if (parsed.status != lines[i].status)
            fail_msg("%s (%s): %s", status_word(parsed.status), parsed.command.culprit,
                     lines[i].line);
        if (parsed.status == NVC_OK)
            check_good(&lines[i], &parsed.command);
        else
            assert_line(lines[i].source == NULL, lines[i].line);
        fixture_done(&parsed);
    }
}

static void
table_is_long_enough_to_mean_something(void **state)
{
    (void)state;
    assert_true(sizeof(lines) / sizeof(lines[0]) >= 60);
}

int
test_lines(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_lines_are_understood),
        cmocka_unit_test(table_is_long_enough_to_mean_something),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
