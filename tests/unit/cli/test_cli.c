/* The dispatch: what is launched, what is a command, and what every mistake says.
 *
 * launch() is replaced by one that notes what it was given; the cache is a real one in a
 * directory of its own. */

#include "nvcache/cli/cli.h"

#include "launch_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/tmpfile.h"
#include "nvcache/cache/config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define MAX_WORDS 8

struct fixture {
    struct arena arena;
    char *home;
    char *out; /* of the last run */
    char *err;
};

/* What launch() was given; "" when it was not called. */
static char launched[256];

int
launch(const struct config *config, int argc, char **argv, bool masquerade)
{
    FILE *const note = fmemopen(launched, sizeof(launched), "w");

    assert_non_null(note);
    fputs(masquerade ? "as nvcc:" : "launch:", note);
    for (int i = 0; i < argc; i++)
        fprintf(note, " %s", argv[i]);
    assert_null(argv[argc]);
    if (config->lock_timeout != 2000)
        fprintf(note, " lock_timeout=%d", config->lock_timeout);
    fclose(note);
    return 42;
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char template[] = "/tmp/nvcache-cli-XXXXXX";

    assert_non_null(f);
    assert_non_null(mkdtemp(template));
    f->home = arena_strdup(&f->arena, template);
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        unsetenv(setting_row(id)->variable);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", f->home, 1);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        unsetenv(setting_row(id)->variable);
    fs_remove_tree(f->home);
    arena_fini(&f->arena);
    free(f);
    return 0;
}

/* Have `fd` go to a new file; returns a copy of what it was. */
static int
redirect(int fd, const char *path)
{
    const int saved = dup(fd);
    AUTO_FD file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(saved >= 0 && file >= 0);
    assert_int_equal(dup2(file, fd), fd);
    return saved;
}

static char *
restore(struct fixture *f, int fd, int saved, const char *path)
{
    AUTO_BUF text = BUF_INIT;

    dup2(saved, fd);
    close(saved);
    assert_int_equal(fs_read(path, 1 << 20, &text), NVC_OK);
    return arena_strdup(&f->arena, buf_str(&text));
}

/* Run the program with the words of `line` (the first is argv[0]). */
static int
run(struct fixture *f, const char *line)
{
    const char *const out = arena_printf(&f->arena, "%s/out", f->home);
    const char *const err = arena_printf(&f->arena, "%s/err", f->home);
    char *argv[MAX_WORDS + 1] = {NULL};
    char *rest = arena_strdup(&f->arena, line);
    int saved[2];
    int argc = 0;
    int code;

    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        assert_true(argc < MAX_WORDS);
        argv[argc++] = word;
    }
    launched[0] = '\0';
    fflush(stdout);
    saved[0] = redirect(STDOUT_FILENO, out);
    saved[1] = redirect(STDERR_FILENO, err);
    code = cli_main(argc, argv);
    f->out = restore(f, STDOUT_FILENO, saved[0], out);
    f->err = restore(f, STDERR_FILENO, saved[1], err);
    return code;
}

static void
compiler_commands_are_launched_as_they_are(void **state)
{
    static const char *const cases[][2] = {
        {"nvcache nvcc -c a.cu", "launch: nvcc -c a.cu"},
        {"/usr/bin/nvcache /cuda/bin/nvcc --version", "launch: /cuda/bin/nvcc --version"},
        {"nvcache g++ -c a.cc", "launch: g++ -c a.cc"},
        {"nvcache ./stats", "launch: ./stats"},
        {"nvcache -- stats", "launch: stats"},
        {"nvcache lock_timeout=7 nvcc -c", "launch: nvcc -c lock_timeout=7"},
        {"nvcache nvcc lock_timeout=7", "launch: nvcc lock_timeout=7"},
        {"nvcache nvcc --help", "launch: nvcc --help"},
        {"nvcache dir/a=b", "launch: dir/a=b"},
        {"nvcache nvcc", "launch: nvcc"},
        {"nvcache gcc", "launch: gcc"},
        {"nvcache clang", "launch: clang"},
        {"nvcache ./stat", "launch: ./stat"},
        {"nvcache stat -c", "launch: stat -c"},
        {"nvcache -- stat", "launch: stat"},
        {"ccache stat", "launch: stat"},
        {"ccache nvcc -c a.cu", "launch: nvcc -c a.cu"},
        {"/opt/sccache nvcc -c a.cu", "launch: nvcc -c a.cu"},
        {"ccache stats", "launch: stats"},
        {"nvcc -c a.cu", "as nvcc: nvcc -c a.cu"},
        {"/links/nvcc --version", "as nvcc: /links/nvcc --version"},
        {"nvcc", "as nvcc: nvcc"},
        {"nvcc stats", "as nvcc: nvcc stats"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(run(f, cases[i][0]), 42);
        assert_string_equal(launched, cases[i][1]);
        assert_string_equal(f->out, "");
        assert_string_equal(f->err, "");
    }
}

static void
a_refused_setting_never_keeps_the_compiler_from_running(void **state)
{
    struct fixture *f = *state;

    setenv("NVCACHE_MAX_SIZE", "12Q", 1);
    assert_int_equal(run(f, "nvcache lock_timeout=soon nvcc -c a.cu"), 42);
    assert_string_equal(launched, "launch: nvcc -c a.cu");
    assert_string_equal(f->err, "");
    unsetenv("HOME");
    assert_int_equal(run(f, "nvcc -c a.cu"), 42);
    assert_string_equal(f->err, "");
}

static void
mistakes_are_one_line_and_exit_code_2(void **state)
{
    static const char *const cases[][2] = {
        {"nvcache", "nothing to do; write `nvcache nvcc ARGS...` to compile, or see "
                    "`nvcache --help`"},
        {"nvcache --", "nothing to do; write `nvcache nvcc ARGS...` to compile, or see "
                       "`nvcache --help`"},
        {"nvcache --bogus", "--bogus: there is no such option; see `nvcache --help`"},
        {"nvcache -sx", "-sx: there is no such option; see `nvcache --help`"},
        {"nvcache -M", "-M: this option needs a value; see `nvcache --help`"},
        {"nvcache --clear=now", "--clear=now: this option takes no value; see `nvcache "
                                "--help`"},
        {"nvcache -s nvcc",
         "nvcc: not an option; to compile, write the compiler first; see "
         "`nvcache --help`"},
        {"nvcache stats --repair",
         "stats: there is no option --repair; see `nvcache stats "
         "--help`"},
        {"nvcache stats now", "stats: \"now\" is one word too many; see `nvcache stats "
                              "--help`"},
        {"nvcache stats --zero --json",
         "stats: --zero shows nothing, so --json has no use "
         "with it"},
        {"nvcache trim lots", "trim: \"lots\" is not a size; write e.g. 20G"},
        {"nvcache help nvcc", "help: there is no command \"nvcc\"; see `nvcache --help`"},
        {"nvcache config bogus",
         "config: there is no setting \"bogus\"; `nvcache config` "
         "lists them"},
        {"nvcache lock_timout=5 nvcc", "there is no setting \"lock_timout\"; `nvcache "
                                       "config` lists them"},
        {"nvcache stat", "there is no command \"stat\"; did you mean `nvcache stats`?"},
        {"nvcache clena", "there is no command \"clena\"; did you mean `nvcache clear`?"},
        {"nvcache quiet=1 verfy",
         "there is no command \"verfy\"; did you mean `nvcache verify`?"},
        {"nvcache config --json dir", "config: --json shows all settings; leave out "
                                      "\"dir\""},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (run(f, cases[i][0]) != 2)
            fail_msg("%s: not exit code 2", cases[i][0]);
        assert_string_equal(f->out, "");
        assert_string_equal(f->err,
                            arena_printf(&f->arena, "nvcache: %s\n", cases[i][1]));
        assert_string_equal(launched, "");
    }
}

static void
every_command_has_help_and_main_help_lists_it(void **state)
{
    static const char *const names[] = {"stats",  "config", "trim",   "clear",
                                        "verify", "help",   "version"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *first;

        assert_int_equal(run(f, arena_printf(&f->arena, "nvcache %s --help", names[i])),
                         0);
        first = f->out;
        assert_non_null(
            strstr(first, arena_printf(&f->arena, "Usage: nvcache %s", names[i])));
        assert_int_equal(run(f, arena_printf(&f->arena, "nvcache help %s", names[i])), 0);
        assert_string_equal(f->out, first);
        assert_int_equal(run(f, "ccache -h"), 0);
        assert_non_null(strstr(f->out, arena_printf(&f->arena, "\n  %s ", names[i])));
    }
}

static void
asking_for_help_or_version_makes_no_directory(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, "nvcache --help"), 0);
    assert_int_equal(run(f, "nvcache -V"), 0);
    assert_int_equal(run(f, "nvcache config"), 0);
    assert_int_equal(run(f, "nvcache clear --help"), 0);
    assert_int_not_equal(access(arena_printf(&f->arena, "%s/.cache", f->home), F_OK), 0);
}

static void
options_combine_as_in_ccache(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, "nvcache -zM20G -V"), 0);
    assert_non_null(strstr(f->out, "The counters are at zero.\nmax_size = 20G in "));
    assert_non_null(strstr(f->out, "\nnvcache "));
    assert_int_equal(run(f, "nvcache config max_size"), 0);
    assert_string_equal(f->out, "20G\n");
    assert_int_equal(run(f, "nvcache --max-size 1.5G"), 0);
    assert_int_equal(run(f, "nvcache config max_size"), 0);
    assert_string_equal(f->out, "1536M\n");
    assert_int_equal(run(f, "nvcache --max-size=7G"), 0);
    assert_int_equal(run(f, "nvcache config max_size"), 0);
    assert_string_equal(f->out, "7G\n");
}

static void
nothing_is_done_when_one_option_is_wrong(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, "nvcache -M 20G -x"), 2);
    assert_int_equal(run(f, "nvcache config max_size"), 0);
    assert_string_equal(f->out, "50G\n");
}

static void
a_setting_that_the_environment_hides_is_written_with_a_warning(void **state)
{
    struct fixture *f = *state;

    setenv("NVCACHE_MAX_SIZE", "1G", 1);
    assert_int_equal(run(f, "nvcache -M 2G"), 0);
    assert_string_equal(f->err,
                        "nvcache: max_size is written, but NVCACHE_MAX_SIZE is set "
                        "in the environment and wins\n");
    unsetenv("NVCACHE_MAX_SIZE");
    assert_int_equal(run(f, "nvcache config max_size"), 0);
    assert_string_equal(f->out, "2G\n");
}

static void
config_warns_of_variables_that_set_nothing(void **state)
{
    struct fixture *f = *state;

    setenv("NVCACHE_MAXSIZE", "1G", 1);
    setenv("NVCACHE_GUARD", "1", 1);
    assert_int_equal(run(f, "nvcache config"), 0);
    unsetenv("NVCACHE_MAXSIZE");
    unsetenv("NVCACHE_GUARD");
    assert_string_equal(
        f->err, "nvcache: NVCACHE_MAXSIZE is set, but there is no such setting\n");
    assert_int_equal(run(f, "nvcache config"), 0);
    assert_string_equal(f->err, "");
}

static void
a_refused_setting_stops_what_would_change_the_cache(void **state)
{
    static const char *const commands[] = {"clear", "trim", "verify", "stats --zero"};
    struct fixture *f = *state;

    setenv("NVCACHE_DIR", "relative", 1);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        assert_int_equal(run(f, arena_printf(&f->arena, "nvcache %s", commands[i])), 1);
        assert_string_equal(f->out, "");
        assert_string_equal(
            f->err, "nvcache: NVCACHE_DIR: \"relative\" is not an absolute path\n");
    }
    assert_int_equal(run(f, "nvcache config"), 1);
    assert_string_not_equal(f->out, "");
    assert_string_equal(f->err,
                        "nvcache: NVCACHE_DIR: \"relative\" is not an absolute path\n");
}

static void
without_home_commands_say_what_to_set(void **state)
{
    static const char *const commands[] = {"stats", "stats --json", "clear",
                                           "trim",  "verify",       "-z"};
    struct fixture *f = *state;

    unsetenv("HOME");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        assert_int_equal(run(f, arena_printf(&f->arena, "nvcache %s", commands[i])), 1);
        assert_string_equal(f->out, "");
        assert_string_equal(f->err,
                            "nvcache: HOME is not set, so there is no place for the "
                            "cache; set NVCACHE_DIR to a directory\n");
    }
}

static void
a_fresh_cache_can_be_asked_everything(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, "nvcache clear"), 0);
    assert_non_null(strstr(f->out, "There is no cache in "));
    assert_int_equal(run(f, "nvcache stats"), 0);
    assert_non_null(strstr(f->out, "Nothing has been counted yet.  To begin:\n"));
    assert_int_equal(run(f, "nvcache stats --json"), 0);
    assert_non_null(strstr(f->out, "\"misses\": 0,\n"));
    assert_non_null(strstr(f->out, "\"max_bytes\": 53687091200,\n"));
    assert_int_equal(run(f, "nvcache clear"), 0);
    assert_string_equal(f->out, "The cache is empty.\n");
    assert_int_equal(run(f, "nvcache trim"), 0);
    assert_string_equal(f->out,
                        "Nothing to remove.  The cache has 0 bytes of at most 50 GiB.\n");
    assert_int_equal(run(f, "nvcache verify"), 0);
    assert_string_equal(f->out, "0 records, 0 bytes read: all good.\n");
    assert_int_equal(run(f, "nvcache -z"), 0);
    assert_string_equal(f->err, "");
}

static void
a_cache_that_everybody_can_write_is_refused_with_advice(void **state)
{
    struct fixture *f = *state;
    const char *const dir = arena_printf(&f->arena, "%s/.cache/nvcache", f->home);

    assert_int_equal(fs_mkdirs(dir, 0700), NVC_OK);
    assert_int_equal(chmod(dir, 0777), 0);
    assert_int_equal(run(f, "nvcache stats"), 1);
    assert_string_equal(f->out, "");
    assert_non_null(strstr(f->err, dir));
    assert_non_null(strstr(f->err, "chmod o-w"));
}

static void
a_file_in_place_of_the_cache_is_an_error_not_an_empty_cache(void **state)
{
    struct fixture *f = *state;
    const char *const cache = arena_printf(&f->arena, "%s/.cache", f->home);

    assert_int_equal(tmpfile_write(cache, "x", 1, 0600), NVC_OK);
    assert_int_equal(run(f, "nvcache stats"), 1);
    assert_int_equal(run(f, "nvcache verify"), 1);
    assert_int_equal(run(f, "nvcache clear"), 1);
    assert_string_equal(f->out, "");
    setenv("NVCACHE_DIR", cache, 1);
    assert_int_equal(run(f, "nvcache stats"), 1);
    assert_string_equal(f->err, arena_printf(&f->arena,
                                             "nvcache: %s: this is not a directory; "
                                             "set NVCACHE_DIR to another directory\n",
                                             cache));
}

int test_cli(void);

int
test_cli(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(compiler_commands_are_launched_as_they_are),
        CASE(a_refused_setting_never_keeps_the_compiler_from_running),
        CASE(mistakes_are_one_line_and_exit_code_2),
        CASE(every_command_has_help_and_main_help_lists_it),
        CASE(asking_for_help_or_version_makes_no_directory),
        CASE(options_combine_as_in_ccache),
        CASE(nothing_is_done_when_one_option_is_wrong),
        CASE(a_setting_that_the_environment_hides_is_written_with_a_warning),
        CASE(config_warns_of_variables_that_set_nothing),
        CASE(a_refused_setting_stops_what_would_change_the_cache),
        CASE(without_home_commands_say_what_to_set),
        CASE(a_fresh_cache_can_be_asked_everything),
        CASE(a_cache_that_everybody_can_write_is_refused_with_advice),
        CASE(a_file_in_place_of_the_cache_is_an_error_not_an_empty_cache),
    };

    return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
