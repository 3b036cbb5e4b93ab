/* What the processor says of itself. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/buf.h"
#include "nvcache/base/processor.h"

#include <string.h>

int test_processor(void);

/* A made-up processor: what is asked of it, and one answer that a test changes. */
static struct {
    uint32_t leaf;
    uint32_t sub;
    struct processor_answer answer;
    unsigned asked;
} made;

static struct processor_answer
ask(uint32_t leaf, uint32_t sub)
{
    struct processor_answer answer = {{leaf * 16 + sub, leaf, sub, 0}};

    made.asked++;
    if (leaf == made.leaf && sub == made.sub)
        return made.answer;
    if (leaf == 0 || leaf == 0x80000000)
        answer.reg[0] = leaf + 0x30;
    else if (leaf == 7)
        answer.reg[0] = 1; /* two sub-leaves */
    else if (leaf == 4)
        answer.reg[0] = sub < 4 ? sub + 1 : 0;
    return answer;
}

static bool
describe(uint32_t leaf, uint32_t sub, struct processor_answer answer, struct buf *out)
{
    made.leaf = leaf;
    made.sub = sub;
    made.answer = answer;
    made.asked = 0;
    buf_clear(out);
    return processor_describe_by(ask, 7, out);
}

enum {
    NOWHERE = 0x12345 /* a leaf that nobody asks for */
};

/* Does it show when one register of a leaf is another? */
static bool
shows(uint32_t leaf, uint32_t sub, size_t reg, uint32_t bits)
{
    AUTO_BUF before = BUF_INIT;
    AUTO_BUF after = BUF_INIT;
    struct processor_answer answer = ask(leaf, sub);

    assert_true(describe(NOWHERE, 0, answer, &before));
    answer.reg[reg] ^= bits;
    assert_true(describe(leaf, sub, answer, &after));
    return strcmp(buf_str(&before), buf_str(&after)) != 0;
}

static void
features_models_and_caches_show(void **state)
{
    (void)state;
    assert_true(shows(0x0, 0, 1, 1));        /* vendor */
    assert_true(shows(0x1, 0, 0, 0x10));     /* model */
    assert_true(shows(0x1, 0, 2, 1U << 28)); /* AVX */
    assert_true(shows(0x1, 0, 1, 0x100));    /* cache line */
    assert_true(shows(0x2, 0, 3, 1));        /* caches of old */
    assert_true(shows(0x4, 3, 2, 1));        /* the last level's size */
    assert_true(shows(0x7, 0, 1, 1U << 16)); /* AVX512F */
    assert_true(shows(0x7, 1, 0, 1U << 4));  /* AVX-VNNI */
    assert_true(shows(0xd, 1, 0, 2));        /* XSAVEC */
    assert_true(shows(0x14, 0, 1, 1U << 4)); /* PTWRITE */
    assert_true(shows(0x19, 0, 1, 1));       /* key locker */
    assert_true(shows(0x24, 0, 1, 1));       /* AVX10 */
    assert_true(shows(0x80000001, 0, 2, 0x20));
    assert_true(shows(0x80000005, 0, 2, 1U << 24));
    assert_true(shows(0x80000006, 0, 2, 1U << 16));
    assert_true(shows(0x80000008, 0, 1, 1U << 9));
}

static void
what_differs_between_cores_does_not(void **state)
{
    (void)state;
    assert_false(shows(0x1, 0, 1, 0xff000000)); /* the core's number */
    assert_false(shows(0x4, 0, 0, 0xffffc000)); /* how many share a cache */
    assert_false(shows(0xd, 1, 1, 0x40));       /* a size */
    assert_false(shows(0xb, 0, 3, 1));          /* topology */
}

static void
states_that_are_not_enabled_show(void **state)
{
    AUTO_BUF one = BUF_INIT;
    AUTO_BUF other = BUF_INIT;

    (void)state;
    assert_true(processor_describe_by(ask, 7, &one));
    assert_true(processor_describe_by(ask, 0xe7, &other));
    assert_string_not_equal(buf_str(&one), buf_str(&other));
}

static void
cores_of_two_kinds_are_no_answer(void **state)
{
    AUTO_BUF text = BUF_INIT;

    (void)state;
    assert_false(describe(0x7, 0, (struct processor_answer){{0, 0, 0, 1U << 15}}, &text));
    assert_int_equal(text.len, 0);
}

static void
leaves_beyond_the_last_are_not_asked_for(void **state)
{
    AUTO_BUF text = BUF_INIT;

    (void)state;
    assert_true(describe(0x0, 0, (struct processor_answer){{6, 1, 2, 3}}, &text));
    assert_null(strstr(buf_str(&text), "\n7.0 "));
    assert_null(strstr(buf_str(&text), "\n19.0 "));
    assert_non_null(strstr(buf_str(&text), "\n4.3 "));
    assert_non_null(strstr(buf_str(&text), "\n80000006.0 "));
    assert_true(
        describe(0x7, 0, (struct processor_answer){{UINT32_MAX, 0, 0, 0}}, &text));
    assert_in_range(made.asked, 1, 64);
}

#if defined(__x86_64__)
static void
this_one_says_the_same_twice(void **state)
{
    AUTO_BUF one = BUF_INIT;
    AUTO_BUF two = BUF_INIT;

    (void)state;
    if (!processor_describe(&one))
        skip();
    assert_true(processor_describe(&two));
    assert_string_equal(buf_str(&one), buf_str(&two));
    assert_non_null(strstr(buf_str(&one), "1.0 "));
}
#endif

int
test_processor(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_models_and_caches_show),
        cmocka_unit_test(what_differs_between_cores_does_not),
        cmocka_unit_test(states_that_are_not_enabled_show),
        cmocka_unit_test(cores_of_two_kinds_are_no_answer),
        cmocka_unit_test(leaves_beyond_the_last_are_not_asked_for),
#if defined(__x86_64__)
        cmocka_unit_test(this_one_says_the_same_twice),
#endif
    };

    return cmocka_run_group_tests_name("processor", tests, NULL, NULL);
}
