/* The device image of an object: an object that is given another image must be the one
 * the assembler would have made with it. */

#include "nvcache/plan/image.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/process.h"
#include "nvcache/plan/excerpt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

int test_image(void);

static const char before[] = "#include \"fatbinary_section.h\"\nasm(\n"
                             "\".section .nv_fatbin, \\\"a\\\"\\n\"\n"
                             "\".align 8\\n\"\n\"fatbinData:\\n\"\n";
static const char after[] =
    "\".text\\n\");\nextern const unsigned long long fatbinData[%s];\n";

static char *
source(struct arena *arena, const char *quads, const char *n)
{
    return arena_printf(arena, "%s%s%s", before, quads, arena_printf(arena, after, n));
}

static void
the_image_is_read_apart_from_its_frame(void **state)
{
    struct arena arena = ARENA_INIT;
    AUTO_BUF a = BUF_INIT;
    AUTO_BUF b = BUF_INIT;
    struct digest frame_a, frame_b, frame_c;
    const char *text =
        source(&arena, "\".quad 0x0123456789abcdef,0x1, 0x00000000004275c6\\n\"\n", "3");
    const char *other = source(&arena, "\".quad 0x2\\n\"\n\".quad 0x3\\n\"\n", "2");
    static const uint8_t want[] = {0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01,
                                   1,    0,    0,    0,    0,    0,    0,    0,
                                   0xc6, 0x75, 0x42, 0,    0,    0,    0,    0};

    (void)state;
    assert_true(image_read(text, strlen(text), &a, &frame_a));
    assert_int_equal(a.len, sizeof(want));
    assert_memory_equal(a.data, want, sizeof(want));
    assert_true(image_read(other, strlen(other), &b, &frame_b));
    assert_true(digest_equal(&frame_a, &frame_b));
    other = arena_printf(&arena, "%sint more;\n", other);
    assert_true(image_read(other, strlen(other), &b, &frame_c));
    assert_false(digest_equal(&frame_a, &frame_c));
    arena_fini(&arena);
}

static void
another_form_is_refused(void **state)
{
    struct arena arena = ARENA_INIT;
    const char *const texts[] = {
        source(&arena, "\".quad 0x2\\n\"\n", "2"),
        source(&arena, "\".quad 12\\n\"\n", "1"),
        source(&arena, "\".quad 0x12345678901234567\\n\"\n", "1"),
        source(&arena, "\".quad 0x1,\\n\"\n", "1"),
        source(&arena, "\".quad 0x1 \\n\"\n", "1"),
        source(&arena, "", "0"),
        "\".quad 0x1\\n\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        AUTO_BUF image = BUF_INIT;
        struct digest frame;

        if (image_read(texts[i], strlen(texts[i]), &image, &frame))
            fail_msg("%s", texts[i]);
    }
    arena_fini(&arena);
}

/* Compile `n` quads in the section of an object full of other sections. */
static void
make_object(struct arena *arena, const char *dir, size_t n, const char *section,
            struct buf *image, struct buf *object)
{
    static char sh[] = "sh", dash_c[] = "-c";
    char *source_path = arena_printf(arena, "%s/object.cpp", dir);
    FILE *file = fopen(source_path, "w");
    char *argv[] = {sh, dash_c, NULL, NULL};
    const struct process_spec spec = {.path = "/bin/sh", .argv = argv, .no_stdin = true};
    struct process_result result;

    assert_non_null(file);
    fprintf(file,
            "extern int g; static int zero[77]; int data = 4; const char *s = \"x\";\n"
            "template <class T> T twice(T t) { return t + t; }\n"
            "int f(int a) { return g + zero[a] + twice(a); }\n"
            "struct S { S(); ~S(); } object;\n"
            "asm(\".section %s, \\\"a\\\"\\n.align 8\\nfatbinData:\\n",
            section);
    for (size_t i = 0; i < n; i++) {
        const uint64_t quad = i * UINT64_C(0x9e3779b97f4a7c15);

        fprintf(file, ".quad 0x%llx\\n", (unsigned long long)quad);
        buf_append(image, &quad, sizeof(quad));
    }
    fprintf(file,
            ".text\\n\");\nextern const unsigned long long fatbinData[%zu];\n"
            "static const void *const wrapper __attribute__((used, section("
            "\".nvFatBinSegment\"))) = fatbinData;\n",
            n);
    fclose(file);
    argv[2] = arena_printf(arena, "cd %s && c++ -O1 -c object.cpp -o object.o", dir);
    assert_int_equal(process_run(&spec, &result), NVC_OK);
    assert_int_equal(result.wait_status, 0);
    process_result_fini(&result);
    assert_int_equal(fs_read(arena_printf(arena, "%s/object.o", dir), 1 << 20, object),
                     NVC_OK);
}

static void
check_splice(size_t n_old, size_t n_new, const char *section)
{
    struct arena arena = ARENA_INIT;
    char *dir;
    AUTO_BUF old_image = BUF_INIT;
    AUTO_BUF old_object = BUF_INIT;
    AUTO_BUF new_image = BUF_INIT;
    AUTO_BUF new_object = BUF_INIT;
    AUTO_BUF stripped = BUF_INIT;
    AUTO_BUF spliced = BUF_INIT;

    assert_int_equal(fs_make_private_dir(&arena, "/tmp", "nvcache-test-", &dir), NVC_OK);
    make_object(&arena, dir, n_old, section, &old_image, &old_object);
    make_object(&arena, dir, n_new, section, &new_image, &new_object);
    fs_remove_tree(dir);
    assert_int_equal(image_strip(old_object.data, old_object.len, old_image.data,
                                 old_image.len, &stripped),
                     NVC_OK);
    assert_int_equal(image_splice(stripped.data, stripped.len, new_image.data,
                                  new_image.len, &spliced),
                     NVC_OK);
    assert_int_equal(spliced.len, new_object.len);
    assert_memory_equal(spliced.data, new_object.data, new_object.len);
    arena_fini(&arena);
}

static void
an_object_with_another_image_is_what_the_assembler_makes(void **state)
{
    (void)state;
    check_splice(10, 1000, ".nv_fatbin");
    check_splice(1001, 1, ".nv_fatbin");
    check_splice(5, 6, "__nv_relfatbin");
}

static void
an_object_without_its_image_is_an_excerpt_of_it(void **state)
{
    struct arena arena = ARENA_INIT;
    char *dir;
    AUTO_BUF image = BUF_INIT;
    AUTO_BUF object = BUF_INIT;
    AUTO_BUF stripped = BUF_INIT;
    AUTO_BUF back = BUF_INIT;
    struct excerpt excerpt;

    (void)state;
    assert_int_equal(fs_make_private_dir(&arena, "/tmp", "nvcache-test-", &dir), NVC_OK);
    make_object(&arena, dir, 100, ".nv_fatbin", &image, &object);
    fs_remove_tree(dir);
    assert_int_equal(
        image_strip(object.data, object.len, image.data, image.len, &stripped), NVC_OK);
    assert_true(excerpt_find_around(object.data, object.len, image.data, image.len,
                                    stripped.len, &excerpt));
    assert_int_equal(excerpt_take(object.data, object.len, &excerpt, &back), NVC_OK);
    assert_int_equal(back.len, stripped.len);
    assert_memory_equal(back.data, stripped.data, stripped.len);
    excerpt.plain_len++;
    assert_int_equal(excerpt_take(object.data, object.len, &excerpt, &back),
                     NVC_ERR_CORRUPT);
    image.data[8] ^= 1;
    assert_false(excerpt_find_around(object.data, object.len, image.data, image.len,
                                     stripped.len, &excerpt));
    arena_fini(&arena);
}

static void
damaged_objects_are_refused_or_survived(void **state)
{
    struct arena arena = ARENA_INIT;
    char *dir;
    AUTO_BUF image = BUF_INIT;
    AUTO_BUF object = BUF_INIT;

    (void)state;
    assert_int_equal(fs_make_private_dir(&arena, "/tmp", "nvcache-test-", &dir), NVC_OK);
    make_object(&arena, dir, 10, ".nv_fatbin", &image, &object);
    fs_remove_tree(dir);
    for (size_t len = 0; len < object.len; len += 13) {
        AUTO_BUF out = BUF_INIT;

        if (image_splice(object.data, len, image.data, image.len, &out) == NVC_OK)
            fail_msg("%zu bytes", len);
    }
    for (size_t at = 0; at < object.len; at++) {
        const uint8_t was = object.data[at];
        AUTO_BUF out = BUF_INIT;

        object.data[at] ^= 0xff;
        (void)!image_splice(object.data, object.len, image.data, image.len, &out);
        object.data[at] = was;
    }
    arena_fini(&arena);
}

static void
an_image_that_is_not_the_objects_is_noticed(void **state)
{
    struct arena arena = ARENA_INIT;
    char *dir;
    AUTO_BUF image = BUF_INIT;
    AUTO_BUF object = BUF_INIT;
    AUTO_BUF out = BUF_INIT;

    (void)state;
    assert_int_equal(fs_make_private_dir(&arena, "/tmp", "nvcache-test-", &dir), NVC_OK);
    make_object(&arena, dir, 10, ".nv_fatbin", &image, &object);
    fs_remove_tree(dir);
    image.data[3] ^= 1;
    assert_int_equal(image_strip(object.data, object.len, image.data, image.len, &out),
                     NVC_ERR_FORMAT);
    assert_int_equal(out.len, 0);
    arena_fini(&arena);
}

int
test_image(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_image_is_read_apart_from_its_frame),
        cmocka_unit_test(another_form_is_refused),
        cmocka_unit_test(an_object_with_another_image_is_what_the_assembler_makes),
        cmocka_unit_test(an_object_without_its_image_is_an_excerpt_of_it),
        cmocka_unit_test(damaged_objects_are_refused_or_survived),
        cmocka_unit_test(an_image_that_is_not_the_objects_is_noticed),
    };

    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
