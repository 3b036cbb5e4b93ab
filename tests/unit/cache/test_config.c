/* The settings: what is accepted, which source wins, what a refused value says, and that
 * a config file survives having one line changed. */

#include "nvcache/cache/config.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/tmpfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct fixture {
    struct arena arena;
    char *home;
    char *system_file;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char template[] = "/tmp/nvcache-config-XXXXXX";

    assert_non_null(f);
    assert_non_null(mkdtemp(template));
    f->home = arena_strdup(&f->arena, template);
    f->system_file = arena_printf(&f->arena, "%s/nvcache.conf", f->home);
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

static struct config
load(struct fixture *f, char *const *words)
{
    struct config config;

    config_load(&f->arena, words, f->system_file, &config);
    return config;
}

static const char *
below_home(struct fixture *f, const char *path)
{
    return arena_printf(&f->arena, "%s/%s", f->home, path);
}

static void
write_text(const char *path, const char *text)
{
    assert_int_equal(tmpfile_write(path, text, strlen(text), 0644), NVC_OK);
}

static void
write_user_file(struct fixture *f, const char *text)
{
    assert_int_equal(fs_mkdirs(below_home(f, ".config/nvcache"), 0700), NVC_OK);
    write_text(below_home(f, ".config/nvcache/config"), text);
}

static const char *
read_text(struct fixture *f, const char *path)
{
    AUTO_BUF text = BUF_INIT;

    assert_int_equal(fs_read(path, 1 << 20, &text), NVC_OK);
    return arena_strdup(&f->arena, buf_str(&text));
}

static void
without_any_source_every_setting_has_its_default(void **state)
{
    struct fixture *f = *state;
    const struct config config = load(f, NULL);

    assert_string_equal(config.dir, below_home(f, ".cache/nvcache"));
    assert_int_equal(config.max_size, (uint64_t)50 << 30);
    assert_false(config.disable);
    assert_null(config.log);
    assert_int_equal(config.umask, -1);
    assert_int_equal(config.base_dirs.n, 0);
    assert_int_equal(config.compression_level, 8);
    assert_int_equal(config.lock_timeout, 2000);
    assert_int_equal(config.problems.n, 0);
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        assert_int_equal(config.origin[id], ORIGIN_DEFAULT);
}

static void
every_default_text_is_a_value_that_is_accepted(void **state)
{
    struct fixture *f = *state;

    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        const struct setting *const row = setting_row(id);
        char *words[] = {arena_printf(&f->arena, "%s=%s", row->name, row->default_text),
                         NULL};

        assert_int_equal(load(f, words).problems.n, 0);
    }
}

static void
stronger_sources_win(void **state)
{
    struct fixture *f = *state;
    char *words[] = {(char[]){"compression_level=5"}, NULL};

    write_text(f->system_file, "compression_level = 2\nlock_timeout = 10\nmax_size = 1G\n"
                               "read_only = yes\n");
    write_user_file(f, "compression_level = 3\nlock_timeout = 20\nmax_size = 2G\n");
    setenv("NVCACHE_COMPRESSION_LEVEL", "4", 1);
    setenv("NVCACHE_LOCK_TIMEOUT", "30", 1);

    const struct config config = load(f, words);

    assert_int_equal(config.compression_level, 5);
    assert_int_equal(config.origin[SETTING_ID_compression_level], ORIGIN_COMMAND_LINE);
    assert_int_equal(config.lock_timeout, 30);
    assert_int_equal(config.origin[SETTING_ID_lock_timeout], ORIGIN_ENVIRONMENT);
    assert_int_equal(config.max_size, (uint64_t)2 << 30);
    assert_int_equal(config.origin[SETTING_ID_max_size], ORIGIN_USER_FILE);
    assert_true(config.read_only);
    assert_int_equal(config.origin[SETTING_ID_read_only], ORIGIN_SYSTEM_FILE);
}

static void
a_refused_value_leaves_the_weaker_one_and_says_what_to_write(void **state)
{
    struct fixture *f = *state;

    write_user_file(f, "max_size = 7G\n");
    setenv("NVCACHE_MAX_SIZE", "12Q", 1);

    const struct config config = load(f, NULL);

    assert_int_equal(config.max_size, (uint64_t)7 << 30);
    assert_int_equal(config.origin[SETTING_ID_max_size], ORIGIN_USER_FILE);
    assert_int_equal(config.problems.n, 1);
    assert_string_equal(config.problems.v[0],
                        "NVCACHE_MAX_SIZE: \"12Q\" is not a size; write e.g. 50G");
}

static void
values_out_of_range_are_refused(void **state)
{
    static const char *const bad[] = {
        "disable=maybe",
        "max_size=0",
        "max_size=1000B",
        "max_size=-1G",
        "max_size=99999999T",
        "compression_level=20",
        "compression_level=-6",
        "compression_level=1x",
        "compression_level=99999999999999999999",
        "lock_timeout=-1",
        "umask=8",
        "umask=1000",
        "umask=000",
        "umask=702",
        "dir=relative/path",
        "base_dirs=/a:b",
        "nonsense=1",
    };
    struct fixture *f = *state;
    const struct config plain = load(f, NULL);

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *words[] = {arena_strdup(&f->arena, bad[i]), NULL};
        const struct config config = load(f, words);

        if (config.problems.n != 1)
            fail_msg("%s was accepted", bad[i]);
        for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
            assert_int_equal(config.origin[id], ORIGIN_DEFAULT);
            assert_string_equal(setting_text(&f->arena, &config, id),
                                setting_text(&f->arena, &plain, id));
        }
    }
}

static void
what_setting_text_writes_is_read_back_as_the_same(void **state)
{
    static const char *const good[][2] = {
        {"disable=ON", "yes"},
        {"disable=False", "no"},
        {"max_size=1.5G", "1536M"},
        {"max_size=20", "20G"},
        {"max_size=1000000007B", "1000000007B"},
        {"umask=2", "002"},
        {"umask=0077", "077"},
        {"dir=/a//b/./c/", "/a/b/c"},
        {"log=made/here.log", "made/here.log"},
        {"base_dirs=/a:/b//c::/d/", "/a:/b/c:/d"},
        {"ephemeral=/tmp/x-*:*/y", "/tmp/x-*:*/y"},
        {"compression_level=-5", "-5"},
        {"lock_timeout=0", "0"},
        {"log=", ""},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char *word = arena_strdup(&f->arena, good[i][0]);
        const size_t len = strcspn(word, "=");
        const enum setting_id id = setting_find(word, len);

        for (int again = 0; again < 2; again++) {
            char *words[] = {word, NULL};
            const struct config config = load(f, words);

            assert_int_equal(config.problems.n, 0);
            assert_string_equal(setting_text(&f->arena, &config, id), good[i][1]);
            word = arena_printf(&f->arena, "%.*s=%s", (int)len, word, good[i][1]);
        }
    }
}

static void
a_tilde_stands_for_home(void **state)
{
    struct fixture *f = *state;

    setenv("NVCACHE_DIR", "~/kept", 1);
    setenv("NVCACHE_LOG", "~/log", 1);
    assert_string_equal(load(f, NULL).dir, below_home(f, "kept"));
    assert_string_equal(load(f, NULL).log, below_home(f, "log"));
}

static void
xdg_directories_are_followed_when_absolute(void **state)
{
    struct fixture *f = *state;

    setenv("XDG_CACHE_HOME", "/x/cache", 1);
    setenv("XDG_CONFIG_HOME", "/x/config", 1);
    assert_string_equal(load(f, NULL).dir, "/x/cache/nvcache");
    assert_string_equal(load(f, NULL).user_file, "/x/config/nvcache/config");
    setenv("XDG_CACHE_HOME", "cache", 1);
    setenv("XDG_CONFIG_HOME", "config", 1);
    assert_string_equal(load(f, NULL).dir, below_home(f, ".cache/nvcache"));
    assert_string_equal(load(f, NULL).user_file, below_home(f, ".config/nvcache/config"));
}

static void
without_home_there_is_no_cache_and_a_reason(void **state)
{
    struct fixture *f = *state;

    unsetenv("HOME");

    const struct config config = load(f, NULL);

    assert_null(config.dir);
    assert_null(config.user_file);
    assert_int_equal(config.problems.n, 1);
    setenv("NVCACHE_DIR", "/cache", 1);
    assert_string_equal(load(f, NULL).dir, "/cache");
    assert_int_equal(load(f, NULL).problems.n, 0);
}

static void
an_empty_variable_counts_as_not_set(void **state)
{
    struct fixture *f = *state;

    write_user_file(f, "log = /from/file\n");
    setenv("NVCACHE_LOG", "", 1);
    assert_string_equal(load(f, NULL).log, "/from/file");
}

static void
variables_that_only_begin_like_ours_are_left_alone(void **state)
{
    struct fixture *f = *state;

    setenv("NVCACHE_DIRECTORY", "relative", 1);
    setenv("NVCACHE_DI", "relative", 1);
    assert_int_equal(load(f, NULL).problems.n, 0);
    unsetenv("NVCACHE_DIRECTORY");
    unsetenv("NVCACHE_DI");
}

static void
a_file_may_have_comments_blanks_and_no_last_newline(void **state)
{
    struct fixture *f = *state;

    write_user_file(f, "# a comment = 1\n\n   \t\n  lock_timeout=5\r\n#x\nquiet = yes");

    const struct config config = load(f, NULL);

    assert_int_equal(config.problems.n, 0);
    assert_int_equal(config.lock_timeout, 5);
    assert_true(config.quiet);
}

static void
problems_in_a_file_name_the_line(void **state)
{
    struct fixture *f = *state;
    struct config config;

    write_user_file(f, "quiet = yes\nlock_timeout = soon\nwhat\nmax_sise = 1G\n");
    config = load(f, NULL);
    assert_int_equal(config.problems.n, 3);
    assert_string_equal(config.problems.v[0],
                        below_home(f,
                                   ".config/nvcache/config:2: lock_timeout: \"soon\" is "
                                   "not a number from 0 to 600000"));
    assert_string_equal(
        config.problems.v[1],
        below_home(f, ".config/nvcache/config:3: what: a line is written NAME = VALUE"));
    assert_string_equal(config.problems.v[2],
                        below_home(f,
                                   ".config/nvcache/config:4: max_sise: there is no such "
                                   "setting; `nvcache config` lists them"));
    assert_true(config.quiet);
}

static void
a_file_that_cannot_be_read_is_a_problem(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(fs_mkdirs(below_home(f, ".config/nvcache/config"), 0700), NVC_OK);
    assert_int_equal(load(f, NULL).problems.n, 1);
}

static void
a_file_in_the_working_directory_sets_nothing(void **state)
{
    static const char *const names[] = {"nvcache.conf", "config", ".nvcache",
                                        "nvcache/config"};
    struct fixture *f = *state;
    char *const before = getcwd(NULL, 0);
    const char *const tree = below_home(f, "tree");

    assert_int_equal(fs_mkdirs(below_home(f, "tree/nvcache"), 0700), NVC_OK);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        write_text(arena_printf(&f->arena, "%s/%s", tree, names[i]), "disable = yes\n");
    assert_int_equal(chdir(tree), 0);
    assert_false(load(f, NULL).disable);
    assert_int_equal(chdir(before), 0);
    free(before);
}

static void
save(struct fixture *f, enum setting_id id, const char *value)
{
    const struct config config = load(f, NULL);
    const char *problem = "untouched";

    assert_int_equal(config_save(&f->arena, &config, id, value, &problem), NVC_OK);
    assert_null(problem);
}

static void
saving_makes_the_file(void **state)
{
    struct fixture *f = *state;

    save(f, SETTING_ID_max_size, "20G");
    assert_string_equal(read_text(f, below_home(f, ".config/nvcache/config")),
                        "max_size = 20G\n");
    assert_int_equal(load(f, NULL).max_size, (uint64_t)20 << 30);
}

static void
saving_changes_one_line_and_keeps_the_others(void **state)
{
    struct fixture *f = *state;

    write_user_file(f, "# mine\n max_size=1G\nunknown = 1\nmax_size = 2G\nlog = /x");
    save(f, SETTING_ID_max_size, "20G");
    assert_string_equal(read_text(f, below_home(f, ".config/nvcache/config")),
                        "# mine\nmax_size = 20G\nunknown = 1\nlog = /x");
    save(f, SETTING_ID_quiet, "yes");
    assert_string_equal(read_text(f, below_home(f, ".config/nvcache/config")),
                        "# mine\nmax_size = 20G\nunknown = 1\nlog = /x\nquiet = yes\n");
}

static void
saving_follows_a_symbolic_link(void **state)
{
    struct fixture *f = *state;
    const char *const file = below_home(f, "dotfiles");
    const char *const link = below_home(f, ".config/nvcache/config");
    struct stat info;

    assert_int_equal(fs_mkdirs(below_home(f, ".config/nvcache"), 0700), NVC_OK);
    write_text(file, "quiet = yes\n");
    assert_int_equal(symlink(file, link), 0);
    save(f, SETTING_ID_max_size, "3G");
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_string_equal(read_text(f, file), "quiet = yes\nmax_size = 3G\n");
}

static void
saving_refuses_a_bad_value_and_writes_nothing(void **state)
{
    static const char *const bad[] = {"12Q", "1G\ndisable = yes"};
    struct fixture *f = *state;
    const struct config config = load(f, NULL);

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *problem = NULL;

        assert_int_equal(
            config_save(&f->arena, &config, SETTING_ID_max_size, bad[i], &problem),
            NVC_ERR_CONFIG);
        assert_non_null(problem);
        assert_int_not_equal(access(config.user_file, F_OK), 0);
    }
}

int test_config(void);

int
test_config(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(without_any_source_every_setting_has_its_default),
        CASE(every_default_text_is_a_value_that_is_accepted),
        CASE(stronger_sources_win),
        CASE(a_refused_value_leaves_the_weaker_one_and_says_what_to_write),
        CASE(values_out_of_range_are_refused),
        CASE(what_setting_text_writes_is_read_back_as_the_same),
        CASE(a_tilde_stands_for_home),
        CASE(xdg_directories_are_followed_when_absolute),
        CASE(without_home_there_is_no_cache_and_a_reason),
        CASE(an_empty_variable_counts_as_not_set),
        CASE(variables_that_only_begin_like_ours_are_left_alone),
        CASE(a_file_may_have_comments_blanks_and_no_last_newline),
        CASE(problems_in_a_file_name_the_line),
        CASE(a_file_that_cannot_be_read_is_a_problem),
        CASE(a_file_in_the_working_directory_sets_nothing),
        CASE(saving_makes_the_file),
        CASE(saving_changes_one_line_and_keeps_the_others),
        CASE(saving_follows_a_symbolic_link),
        CASE(saving_refuses_a_bad_value_and_writes_nothing),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
