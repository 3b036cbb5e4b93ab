/* From words to options: values, forwarding, options files, the two variables. */

#include "nvcc_fixture.h"

#include "options_priv.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int test_command(void);

struct place {
    char dir[64];
    char before[4096];
};

/* A directory of its own as working directory. */
static int
set_up(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    if (place == NULL || getcwd(place->before, sizeof(place->before)) == NULL)
        return -1;
    strcpy(place->dir, "/tmp/nvcache-command.XXXXXX");
    if (mkdtemp(place->dir) == NULL || chdir(place->dir) != 0)
        return -1;
    *state = place;
    return 0;
}

static int
tear_down(void **state)
{
    struct place *place = *state;
    char line[128];

    unsetenv("NVCC_PREPEND_FLAGS");
    unsetenv("NVCC_APPEND_FLAGS");
    snprintf(line, sizeof(line), "rm -rf %s", place->dir);
    if (chdir(place->before) != 0 || system(line) != 0)
        return -1;
    free(place);
    return 0;
}

static void
write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* The values of all -D of a line, joined by '|'. */
static void
expect_macros(const char *line, const char *expected)
{
    struct parsed parsed;
    const char *text = "";

    fixture_parse(&parsed, line);
    assert_line(parsed.status == NVC_OK, line);
    for (size_t i = 0; i < parsed.command.nargs; i++) {
        const struct command_arg *arg = &parsed.command.args[i];

        if (arg->option != NULL && arg->option->id == OPT_DEFINE_MACRO)
            text = arena_printf(&parsed.arena, "%s%s%s", text, *text == '\0' ? "" : "|",
                                arg->value);
    }
    assert_string_equal(text, expected);
    fixture_done(&parsed);
}

static void
expect_refusal(const char *line, enum nvc_status status, const char *culprit)
{
    struct parsed parsed;

    fixture_parse(&parsed, line);
    if (parsed.status != status)
        fail_msg("%s: %s", line, status_word(parsed.status));
    assert_non_null(parsed.command.culprit);
    assert_string_equal(parsed.command.culprit, culprit);
    fixture_done(&parsed);
}

static void
option_takes_the_next_word_whatever_it_is(void **state)
{
    struct parsed parsed;

    (void)state;
    fixture_parse(&parsed, "nvcc -c a.cu -o -MD");
    assert_int_equal(parsed.status, NVC_OK);
    assert_string_equal(parsed.command.output, "-MD");
    assert_int_equal(parsed.command.deps, DEPS_NONE);
    fixture_done(&parsed);
    assert_int_equal(fixture_status("nvcc -I -c a.cu"), NVC_BYPASS_LINK);
}

static void
missing_or_unexpected_value_is_not_a_valid_command(void **state)
{
    (void)state;
    expect_refusal("nvcc -c a.cu -o", NVC_BYPASS_USAGE, "--output-file");
    expect_refusal("nvcc -c=1 a.cu", NVC_BYPASS_USAGE, "--compile");
    expect_refusal("nvcc -c a.cu -G=2", NVC_BYPASS_USAGE, "--device-debug");
    expect_refusal("nvcc -c a.cu -rdc=yes", NVC_BYPASS_USAGE,
                   "--relocatable-device-code");
    expect_refusal("nvcc -rdc -c a.cu", NVC_BYPASS_USAGE, "--relocatable-device-code");
    expect_refusal("nvcc -c a.cu -D 'A=\"x'", NVC_BYPASS_USAGE, "--define-macro");
}

static void
optional_value_is_the_next_word_unless_it_is_an_option(void **state)
{
    (void)state;
    assert_int_equal(fixture_status("nvcc -Ofc -c a.cu"), NVC_OK);
    assert_int_equal(fixture_status("nvcc -Ofc max -c a.cu"), NVC_OK);
    assert_int_equal(fixture_status("nvcc -c a.cu -Ofc"), NVC_OK);
    assert_int_equal(fixture_status("nvcc -c -Ofc a.cu"), NVC_BYPASS_NO_SOURCE);
}

static void
lists_are_split_and_accumulate(void **state)
{
    (void)state;
    expect_macros("nvcc -c a.cu -DA,B -D C --define-macro=D,E=F", "A|B|C|D|E=F");
    expect_macros("nvcc -c a.cu -D= -D ''", "");
}

static void
last_value_counts(void **state)
{
    struct parsed parsed;

    (void)state;
    fixture_parse(&parsed, "nvcc -c a.cu -o a -o b -t 2 -t16 -ccbin x -ccbin=y -MD "
                           "-MF p -MF=q -MT u --dependency-target-name=v");
    assert_int_equal(parsed.status, NVC_OK);
    assert_string_equal(parsed.command.output, "b");
    assert_int_equal(parsed.command.threads, 16);
    assert_string_equal(parsed.command.ccbin, "y");
    assert_string_equal(parsed.command.depfile, "q");
    assert_string_equal(parsed.command.deps_target, "v");
    fixture_done(&parsed);
}

/* What nvcc writes with both, in either order. */
static void
list_without_system_headers_wins(void **state)
{
    static const struct {
        const char *line;
        enum command_deps deps;
    } rows[] = {
        {"nvcc -c a.cu", DEPS_NONE},
        {"nvcc -c a.cu -MP -MT x", DEPS_NONE},
        {"nvcc -c a.cu -MD", DEPS_ALL},
        {"nvcc -c a.cu --generate-dependencies-with-compile", DEPS_ALL},
        {"nvcc -c a.cu -MMD", DEPS_NONSYSTEM},
        {"nvcc -c a.cu -MD -MMD", DEPS_NONSYSTEM},
        {"nvcc -c a.cu -MMD -MD", DEPS_NONSYSTEM},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parsed parsed;

        fixture_parse(&parsed, rows[i].line);
        assert_line(parsed.status == NVC_OK, rows[i].line);
        assert_line(parsed.command.deps == rows[i].deps, rows[i].line);
        fixture_done(&parsed);
    }
}

static void
separable_and_native_are_noted(void **state)
{
    static const struct {
        const char *line;
        bool separable;
        bool native;
    } rows[] = {
        {"nvcc -c a.cu", false, false},
        {"nvcc -dc a.cu", true, false},
        {"nvcc -dw a.cu", false, false},
        {"nvcc -rdc=true -c a.cu", true, false},
        {"nvcc -rdc=true -rdc=false -c a.cu", false, false},
        {"nvcc -dlto -c a.cu", true, false},
        {"nvcc -arch native -c a.cu", false, true},
        {"nvcc -arch native -arch=sm_80 -c a.cu", false, false},
        {"nvcc -arch=all -c a.cu", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parsed parsed;

        fixture_parse(&parsed, rows[i].line);
        assert_line(parsed.command.separable == rows[i].separable, rows[i].line);
        assert_line(parsed.command.native_arch == rows[i].native, rows[i].line);
        assert_line(parsed.status == NVC_OK, rows[i].line);
        assert_line(parsed.command.output != NULL, rows[i].line);
        fixture_done(&parsed);
    }
}

static void
unknown_option_needs_forwarding(void **state)
{
    (void)state;
    expect_refusal("nvcc -c a.cu -fPIC", NVC_BYPASS_UNKNOWN_OPTION, "-fPIC");
    assert_int_equal(fixture_status("nvcc -fPIC -c a.cu -forward-unknown-opts"), NVC_OK);
    assert_int_equal(
        fixture_status("nvcc -forward-unknown-to-host-compiler -c a.cu -fPIC"), NVC_OK);
    assert_int_equal(fixture_status("nvcc -c a.cu -xcu -forward-unknown-opts"),
                     NVC_BYPASS_HOST_OPTION);
}

static void
words_for_the_host_linker_alone_are_ignored_in_a_compile(void **state)
{
    struct parsed parsed;

    (void)state;
    fixture_parse(&parsed, "nvcc -c a.cu -fPIC -forward-unknown-to-host-linker -wild");
    assert_int_equal(parsed.status, NVC_OK);
    for (size_t i = 0; i < parsed.command.nargs; i++)
        assert_false(parsed.command.args[i].forwarded);
    fixture_done(&parsed);
}

static void
options_files_are_read_in_place(void **state)
{
    (void)state;
    write_file("a.rsp", "-DA\n");
    write_file("b.rsp", "-DB");
    write_file("nested.rsp", "-DN --options-file=b.rsp -DM");
    expect_macros("nvcc -c a.cu -D1 -optf a.rsp -D2", "1|A|2");
    expect_macros("nvcc -c a.cu -D1 --options-file=a.rsp,b.rsp -D2", "1|A|B|2");
    expect_macros("nvcc -c a.cu -optf nested.rsp -D2", "N|B|M|2");
    write_file("source.rsp", "-c a.cu");
    expect_macros("nvcc -optf source.rsp -DX", "X");
}

static void
nested_options_file_is_relative_to_the_working_directory(void **state)
{
    (void)state;
    assert_int_equal(mkdir("sub", 0700), 0);
    write_file("sub/outer.rsp", "-optf inner.rsp");
    write_file("sub/inner.rsp", "-DWRONG");
    write_file("inner.rsp", "-DRIGHT");
    expect_macros("nvcc -c a.cu -optf sub/outer.rsp", "RIGHT");
}

static void
options_file_must_be_a_complete_regular_file(void **state)
{
    (void)state;
    expect_refusal("nvcc -c a.cu -optf gone.rsp", NVC_BYPASS_OPTIONS_FILE, "gone.rsp");
    expect_refusal("nvcc -c a.cu -optf .", NVC_BYPASS_OPTIONS_FILE, ".");
    write_file("part.rsp", "-D");
    expect_refusal("nvcc -c a.cu -optf part.rsp X", NVC_BYPASS_USAGE, "--define-macro");
    write_file("quote.rsp", "-D\"A");
    expect_refusal("nvcc -c a.cu -optf quote.rsp", NVC_BYPASS_USAGE, "quote.rsp");
    write_file("loop.rsp", "-optf loop.rsp");
    expect_refusal("nvcc -c a.cu -optf loop.rsp", NVC_BYPASS_USAGE, "loop.rsp");
}

/* Opening it would block, and reading it would take the contents from nvcc. */
static void
options_file_that_is_a_pipe_is_not_opened(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    expect_refusal("nvcc -c a.cu -optf pipe", NVC_BYPASS_OPTIONS_FILE, "pipe");
}

static void
variables_stand_before_and_behind_the_arguments(void **state)
{
    (void)state;
    setenv("NVCC_PREPEND_FLAGS", "-DP -DQ=\"x y\"", 1);
    setenv("NVCC_APPEND_FLAGS", "-DZ", 1);
    expect_macros("nvcc -c a.cu -DA", "P|Q=\"x y\"|A|Z");
    setenv("NVCC_APPEND_FLAGS", "VALUE", 1);
    expect_macros("nvcc -c a.cu -D", "P|Q=\"x y\"|VALUE");
    setenv("NVCC_PREPEND_FLAGS", "\"-c", 1);
    expect_refusal("nvcc -c a.cu", NVC_BYPASS_USAGE, "NVCC_PREPEND_FLAGS");
}

static void
too_many_arguments_are_refused(void **state)
{
    struct arena arena = ARENA_INIT;
    const size_t n = COMMAND_MAX_ARGS + 2;
    char **argv = arena_array(&arena, n + 1, sizeof(*argv));
    struct nvcc_command command;
    static char word[] = "x.cu";

    (void)state;
    for (size_t i = 0; i < n; i++)
        argv[i] = word;
    assert_int_equal(command_parse(&arena, (int)n, argv, &command), NVC_BYPASS_USAGE);
    arena_fini(&arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
test_command(void)
{
    const struct CMUnitTest tests[] = {
        TEST(option_takes_the_next_word_whatever_it_is),
        TEST(missing_or_unexpected_value_is_not_a_valid_command),
        TEST(optional_value_is_the_next_word_unless_it_is_an_option),
        TEST(lists_are_split_and_accumulate),
        TEST(last_value_counts),
        TEST(list_without_system_headers_wins),
        TEST(separable_and_native_are_noted),
        TEST(unknown_option_needs_forwarding),
        TEST(words_for_the_host_linker_alone_are_ignored_in_a_compile),
        TEST(options_files_are_read_in_place),
        TEST(nested_options_file_is_relative_to_the_working_directory),
        TEST(options_file_must_be_a_complete_regular_file),
        TEST(options_file_that_is_a_pipe_is_not_opened),
        TEST(variables_stand_before_and_behind_the_arguments),
        TEST(too_many_arguments_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
