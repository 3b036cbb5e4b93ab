/* What counts of the host's C++: seen, kept, and read again. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/buf.h"
#include "nvcache/digest/digest.h"
#include "nvcache/plan/hosttext.h"

#include <string.h>

int test_hosttext(void);

static void
look(const char *text, struct hosttext *out)
{
    *out = (struct hosttext){0};
    hosttext_look(text, strlen(text), out);
}

static void
names_of_architectures_are_found_once(void **state)
{
    struct hosttext of;

    (void)state;
    look("const char *a = \"__CUDA_ARCH_LIST__ __CUDA_ARCHES\";\n"
         "const char *b = \"x__CUDA_ARCH_LIST__, __CUDA_HAS_ARCH__\", *c = "
         "\"__CUDA_OTHER\";\n",
         &of);
    assert_true(of.has_tokens);
    assert_string_equal(buf_str(&of.architectures),
                        "\n__CUDA_ARCH_LIST__\n__CUDA_ARCHES\n__CUDA_HAS_ARCH__");
    hosttext_fini(&of);
}

static void
it_comes_back_as_it_was(void **state)
{
    struct hosttext of;
    struct hosttext back = {0};
    AUTO_BUF told = BUF_INIT;

    (void)state;
    look("#pragma pack(1)\nint f();\nasm(\".incbin \\\"x\\\"\");\nint __CUDA_ARCH__x;\n",
         &of);
    assert_true(of.takes_files);
    assert_true(hosttext_encode(&of, &told));
    assert_true(hosttext_decode(told.data, told.len, &back));
    assert_true(back.is_known && back.has_tokens && back.takes_files);
    assert_true(digest_equal(&back.tokens, &of.tokens));
    assert_string_equal(buf_str(&back.directives), buf_str(&of.directives));
    assert_string_equal(buf_str(&back.architectures), "\n__CUDA_ARCH__x");
    hosttext_fini(&back);
    hosttext_fini(&of);
}

static void
text_that_must_be_read_itself_is_not_told_of(void **state)
{
    struct hosttext of;
    AUTO_BUF told = BUF_INIT;

    (void)state;
    look("int line = __builtin_LINE();\n", &of);
    assert_true(of.is_known);
    assert_false(of.has_tokens);
    assert_false(hosttext_encode(&of, &told));
    hosttext_fini(&of);
}

static void
more_names_than_can_be_kept_are_not_left_out(void **state)
{
    struct hosttext of;
    AUTO_BUF text = BUF_INIT;

    (void)state;
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "int __CUDA_ARCH_%d;\n", i);
    look(buf_str(&text), &of);
    assert_false(of.has_tokens);
    hosttext_fini(&of);
}

static void
cut_or_longer_bytes_are_refused(void **state)
{
    struct hosttext of;
    AUTO_BUF told = BUF_INIT;

    (void)state;
    look("int f();\n", &of);
    assert_true(hosttext_encode(&of, &told));
    for (size_t len = 0; len < told.len; len++) {
        struct hosttext back = {0};

        assert_false(hosttext_decode(told.data, len, &back));
        hosttext_fini(&back);
    }
    buf_append_char(&told, '\0');
    assert_false(hosttext_decode(told.data, told.len, &of));
    hosttext_fini(&of);
}

/* When this fails because the format is another one: raise STEP_VERSION. */
static void
the_format_is_golden(void **state)
{
    struct hosttext of = {.has_tokens = true, .takes_files = true, .tokens = {{7}}};
    AUTO_BUF told = BUF_INIT;
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];

    (void)state;
    buf_append_str(&of.directives, "#pragma once\n");
    buf_append_str(&of.architectures, "\n__CUDA_ARCH__");
    assert_true(hosttext_encode(&of, &told));
    digest_of("golden", told.data, told.len, &digest);
    digest_hex(&digest, hex);
    assert_string_equal(
        hex, "87ebdb383739043a13af58fe457e441991d73244c7fa529e5d21004f3a2ce03e");
    hosttext_fini(&of);
}

int
test_hosttext(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_architectures_are_found_once),
        cmocka_unit_test(it_comes_back_as_it_was),
        cmocka_unit_test(text_that_must_be_read_itself_is_not_told_of),
        cmocka_unit_test(more_names_than_can_be_kept_are_not_left_out),
        cmocka_unit_test(cut_or_longer_bytes_are_refused),
        cmocka_unit_test(the_format_is_golden),
    };

    return cmocka_run_group_tests_name("hosttext", tests, NULL, NULL);
}
