/* The command key: what is in it, in which order, and that forgetting to raise
 * KEY_VERSION is impossible. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/base/strlist.h"
#include "nvcache/cache/config.h"
#include "nvcache/nvcc/variables.h"
#include "session_priv.h"

#include <stdlib.h>
#include <string.h>

int test_key(void);

struct fixture {
    struct arena arena;
    struct config config;
    struct session session;
};

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const char *names[VARIABLES_MAX];
    const size_t n = variables_in_key(names);

    if (f == NULL)
        return -1;
    for (size_t i = 0; i < n; i++)
        unsetenv(names[i]);
    strlist_init(&f->config.base_dirs, &f->arena);
    strlist_init(&f->config.ephemeral, &f->arena);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    arena_fini(&f->arena);
    free(f);
    return 0;
}

/* The key of `nvcc WORDS...` with an all-zero toolchain and source. */
static struct digest
key_of(struct fixture *f, const char *words)
{
    struct strlist argv;
    char *rest = arena_strdup(&f->arena, words);

    strlist_init(&argv, &f->arena);
    for (char *word; (word = strsep(&rest, " ")) != NULL;)
        strlist_add(&argv, word);
    f->session = (struct session){.arena = &f->arena, .config = &f->config};
    assert_int_equal(command_parse(&f->arena, (int)argv.n, argv.v, &f->session.command),
                     NVC_OK);
    assert_int_equal(command_classify(&f->arena, &f->session.command), NVC_OK);
    roots_init(&f->arena, &f->config, "/nonexistent/build", "/opt/cuda/bin/..",
               &f->session.command, &f->session.roots);
    key_compute(&f->session);
    return f->session.key.digest;
}

static bool
same_key(struct fixture *f, const char *a, const char *b)
{
    const struct digest x = key_of(f, a);
    const struct digest y = key_of(f, b);

    return digest_equal(&x, &y);
}

/* When this fails: what is hashed has changed. Raise KEY_VERSION (unless it was the
 * version of a manifest or a result that was raised), then write the new digest here. */
static void
key_bytes_are_those_of_version_6(void **state)
{
    char hex[DIGEST_HEX_SIZE];
    const struct digest key =
        key_of(*state, "nvcc -c -arch=sm_80 -Iinc -DX=1 -Xptxas -v -O3 k.cu -o k.o");

    digest_hex(&key, hex);
    assert_int_equal(KEY_VERSION, 6);
    assert_string_equal(
        hex, "d8ec62f555dae66600674397ae414e7ab9e2f1587bcda39e7040d15b6c167110");
}

static void
what_does_not_decide_the_output_is_not_in_the_key(void **state)
{
    struct fixture *f = *state;

    assert_true(same_key(f, "nvcc -c k.cu -o k.o", "nvcc -c k.cu -o k.o --threads 4"));
    assert_true(same_key(f, "nvcc -c k.cu -o k.o", "nvcc k.cu -c -o k.o"));
    assert_true(
        same_key(f, "nvcc -c -O2 k.cu -o k.o", "nvcc --compile -O=2 k.cu -o k.o"));
    assert_true(same_key(f, "nvcc -c k.cu -o k.o -MD -MF a.d -MT t",
                         "nvcc -c k.cu -o k.o -MD -MF b.d -MT t"));
}

static void
the_processor_is_in_the_key_where_the_host_compiler_asks_it(void **state)
{
    struct fixture *f = *state;
    const struct digest none = key_of(f, "nvcc -c -Xcompiler -march=native k.cu -o k.o");
    struct digest one;

    assert_string_equal(f->session.command.native_host, "-march=native");
    f->session.processor = "one";
    key_compute(&f->session);
    one = f->session.key.digest;
    assert_false(digest_equal(&one, &none));
    f->session.processor = "another";
    key_compute(&f->session);
    assert_false(digest_equal(&one, &f->session.key.digest));
}

static void
what_decides_the_output_is_in_the_key(void **state)
{
    static const char *const others[] = {
        "nvcc -c k.cu -o k.o -O3",
        "nvcc -c k.cu -o k.o -DX",
        "nvcc -c k.cu -o k.o -arch=sm_90",
        "nvcc -c k.cu -o j.o",
        "nvcc -c ./k.cu -o k.o",
        "nvcc -ptx k.cu -o k.o",
        "nvcc -dc k.cu -o k.o",
        "nvcc -c k.cu -o k.o -Xcompiler -O3",
        "nvcc -c k.cu -o k.o -MD",
        "nvcc -c j.cu -o k.o",
        "nvcc -c k.cu -o k.o -Ix",
        "nvcc -c k.cu -o k.o --split-compile=2",
        "nvcc -c k.cu -o k.o --jobserver",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(same_key(f, "nvcc -c k.cu -o k.o", others[i]));
    assert_false(
        same_key(f, "nvcc -c -DA -UA k.cu -o k.o", "nvcc -c -UA -DA k.cu -o k.o"));
}

static void
each_variable_of_the_list_is_in_the_key(void **state)
{
    struct fixture *f = *state;
    const struct digest plain = key_of(f, "nvcc -c k.cu -o k.o");
    const char *names[VARIABLES_MAX];
    const size_t n = variables_in_key(names);

    assert_true(n > 20);
    for (size_t i = 0; i < n; i++) {
        struct digest with;

        setenv(names[i], "value", 1);
        with = key_of(f, "nvcc -c k.cu -o k.o");
        unsetenv(names[i]);
        assert_false(digest_equal(&plain, &with));
    }
}

static void
labels_never_show_a_value(void **state)
{
    struct fixture *f = *state;

    setenv("PTXAS_FLAGS", "s3cret", 1);
    (void)key_of(f, "nvcc -c -DTOKEN=s3cret -Xcompiler -DTOKEN=s3cret k.cu -o k.o");
    unsetenv("PTXAS_FLAGS");
    for (size_t i = 0; i < f->session.key.n; i++)
        assert_null(strstr(f->session.key.components[i].label, "s3cret"));
}

static void
newer_records_sort_first(void **state)
{
    const struct digest digest = {{1, 2, 3}};
    const struct record_key older = key_record_at(RECORD_MANIFEST, &digest, 1000);
    const struct record_key newer = key_record_at(RECORD_MANIFEST, &digest, 1001);

    (void)state;
    assert_int_equal(older.len, newer.len);
    assert_true(memcmp(newer.bytes, older.bytes, newer.len) < 0);
}

int
test_key(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(key_bytes_are_those_of_version_6),
        TEST(what_does_not_decide_the_output_is_not_in_the_key),
        TEST(the_processor_is_in_the_key_where_the_host_compiler_asks_it),
        TEST(what_decides_the_output_is_in_the_key),
        TEST(each_variable_of_the_list_is_in_the_key),
        TEST(labels_never_show_a_value),
        TEST(newer_records_sort_first),
    };

    return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
