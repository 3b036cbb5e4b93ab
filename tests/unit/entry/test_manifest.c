/* Manifest, result and template records: round trips, limits, golden bytes. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/digest/checksum.h"
#include "nvcache/entry/manifest.h"
#include "nvcache/entry/result.h"
#include "nvcache/entry/template.h"

#include <stdlib.h>
#include <string.h>

int test_manifest(void);

static struct manifest_file files[] = {{0, 1, "a.cu"}, {1, 2, "x.h"}, {1, 3, "y.h"}};
static struct place dirs[] = {{ROOT_NONE, 0, "src"}, {ROOT_INCLUDE, 2, "ATen/core"}};
static struct manifest_tie ties[] = {
    {{ROOT_CWD, 0, ""}, {ROOT_NONE, 0, "/home/u/build"}, TIE_TEXT},
    {{ROOT_INCLUDE, 2, "now"}, {ROOT_INCLUDE | ROOT_REAL, 2, "v1"}, TIE_LINK},
    {{ROOT_EPHEMERAL, 0, "/sub"}, {ROOT_EPHEMERAL, 0, "/sub"}, TIE_LONGER}};
static struct place watched[] = {{ROOT_CWD, 0, ""}, {ROOT_TOOLKIT, 0, "include"}};
static uint32_t hashes[] = {7, 8, 300};

static const struct manifest sample = {
    .result = {{0xaa, 0xbb}},
    .inputs = {{1}},
    .searched = {{2}},
    .seen = {{3}},
    .compile_us = 1234567,
    .created_s = 1700000000,
    .ties = ties,
    .n_ties = 3,
    .dirs = dirs,
    .n_dirs = 2,
    .files = files,
    .n_files = 3,
    .watched = watched,
    .n_watched = 2,
    .n_busy = 1,
    .names = {.bits = 16, .hashes = hashes, .n = 3},
};

static void
manifest_survives_a_round_trip(void **state)
{
    struct arena arena = ARENA_INIT;
    AUTO_BUF bytes = BUF_INIT;
    AUTO_BUF again = BUF_INIT;
    struct manifest got;

    (void)state;
    manifest_encode(&sample, &bytes);
    assert_int_equal(manifest_decode(&arena, bytes.data, bytes.len, &got), NVC_OK);
    assert_int_equal(got.n_files, 3);
    assert_string_equal(got.files[2].name, "y.h");
    assert_int_equal(got.files[2].mark, 3);
    assert_int_equal(got.files[0].dir, 0);
    assert_int_equal(got.seen.bytes[0], 3);
    assert_int_equal(got.n_busy, 1);
    assert_int_equal(got.names.hashes[2], 300);
    assert_string_equal(got.dirs[got.files[2].dir].rest, "ATen/core");
    assert_string_equal(got.ties[0].is.rest, "/home/u/build");
    assert_int_equal(got.ties[1].is.kind, ROOT_INCLUDE | ROOT_REAL);
    assert_int_equal(got.ties[1].kind, TIE_LINK);
    assert_string_equal(got.ties[2].at.rest, "/sub");
    assert_int_equal(got.ties[2].kind, TIE_LONGER);
    assert_int_equal(got.compile_us, 1234567);
    manifest_encode(&got, &again);
    assert_int_equal(again.len, bytes.len);
    assert_memory_equal(again.data, bytes.data, bytes.len);
    arena_fini(&arena);
}

/* Raise MANIFEST_VERSION and this number together when the bytes change. */
static void
manifest_bytes_are_those_of_version_5(void **state)
{
    AUTO_BUF bytes = BUF_INIT;

    (void)state;
    manifest_encode(&sample, &bytes);
    assert_int_equal(MANIFEST_VERSION, 5);
    assert_int_equal(checksum64(bytes.data, bytes.len, 0), UINT64_C(0x447becb07340ed0f));
}

static void
every_truncation_of_a_manifest_is_refused(void **state)
{
    struct arena arena = ARENA_INIT;
    AUTO_BUF bytes = BUF_INIT;
    struct manifest got;

    (void)state;
    manifest_encode(&sample, &bytes);
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_not_equal(manifest_decode(&arena, bytes.data, len, &got), NVC_OK);
    buf_append_char(&bytes, 0);
    assert_int_equal(manifest_decode(&arena, bytes.data, bytes.len, &got),
                     NVC_ERR_CORRUPT);
    arena_fini(&arena);
}

static void
files_that_are_not_all_in_directories_are_refused(void **state)
{
    struct manifest manifest = sample;
    struct arena arena = ARENA_INIT;
    AUTO_BUF bytes = BUF_INIT;
    struct manifest got;

    (void)state;
    manifest.n_dirs = 1;
    manifest_encode(&manifest, &bytes);
    assert_int_equal(manifest_decode(&arena, bytes.data, bytes.len, &got),
                     NVC_ERR_CORRUPT);
    arena_fini(&arena);
}

static void
more_busy_directories_than_there_are_is_refused(void **state)
{
    struct manifest manifest = sample;
    struct arena arena = ARENA_INIT;
    AUTO_BUF bytes = BUF_INIT;
    struct manifest got;

    (void)state;
    manifest.n_busy = 3;
    manifest_encode(&manifest, &bytes);
    assert_int_equal(manifest_decode(&arena, bytes.data, bytes.len, &got),
                     NVC_ERR_CORRUPT);
    arena_fini(&arena);
}

static void
a_huge_count_is_refused_before_memory_is_taken(void **state)
{
    struct arena arena = ARENA_INIT;
    AUTO_BUF bytes = BUF_INIT;
    struct manifest got;

    (void)state;
    manifest_encode(&sample, &bytes);
    memset(bytes.data + 2 + 2 + 4 * DIGEST_SIZE + 8 + 8, 0xff, 4);
    assert_int_equal(manifest_decode(&arena, bytes.data, bytes.len, &got),
                     NVC_ERR_CORRUPT);
    arena_fini(&arena);
}

static void
a_packed_manifest_is_short_and_no_truncation_passes(void **state)
{
    static struct manifest_file many[500];
    struct manifest manifest = sample;
    struct arena arena = ARENA_INIT;
    AUTO_BUF plain = BUF_INIT;
    AUTO_BUF bytes = BUF_INIT;
    struct manifest got;

    (void)state;
    for (size_t i = 0; i < 500; i++)
        many[i] = (struct manifest_file){1, 5, "a_header_with_a_long_name.h"};
    manifest.files = many;
    manifest.n_files = 500;
    manifest_encode(&manifest, &plain);
    manifest_pack(&manifest, 1, &bytes);
    assert_true(bytes.len < plain.len / 10);
    assert_int_equal(manifest_unpack(&arena, bytes.data, bytes.len, &got), NVC_OK);
    assert_int_equal(got.n_files, 500);
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_not_equal(manifest_unpack(&arena, bytes.data, len, &got), NVC_OK);
    memset(bytes.data, 0xff, 4);
    assert_int_equal(manifest_unpack(&arena, bytes.data, bytes.len, &got),
                     NVC_ERR_CORRUPT);
    arena_fini(&arena);
}

static void
make_result(struct result *result, const char *big, size_t len)
{
    result->n = 0;
    assert_true(result_add(result, ROLE_OUTPUT, big, len));
    assert_true(result_add(result, ROLE_STDERR, "warning", 7));
    assert_true(result_add(result, ROLE_DEPFILE, "", 0));
}

static void
result_survives_a_round_trip(void **state)
{
    char big[5000] = "compressible";
    struct result in;
    struct result out;
    AUTO_BUF bytes = BUF_INIT;
    AUTO_BUF plain = BUF_INIT;

    (void)state;
    make_result(&in, big, sizeof(big));
    result_encode(&in, 1, &bytes);
    assert_true(bytes.len < 1000);
    assert_int_equal(result_decode(bytes.data, bytes.len, &out), NVC_OK);
    assert_int_equal(result_unpack(result_find(&out, ROLE_OUTPUT), &plain), NVC_OK);
    assert_int_equal(plain.len, sizeof(big));
    assert_memory_equal(plain.data, big, sizeof(big));
    buf_clear(&plain);
    assert_int_equal(result_unpack(result_find(&out, ROLE_STDERR), &plain), NVC_OK);
    assert_string_equal(buf_str(&plain), "warning");
    assert_null(result_find(&out, ROLE_STDOUT));
}

static enum nvc_status
collect(void *arg, const void *data, size_t len)
{
    buf_append(arg, data, len);
    return NVC_OK;
}

static enum nvc_status
disk_is_full(void *arg, const void *data, size_t len)
{
    (void)arg;
    (void)data;
    (void)len;
    return NVC_ERR_NOSPACE;
}

/* Larger than one piece, and not all of it compressible. */
static void
a_streamed_result_is_the_unpacked_one(void **state)
{
    enum {
        SIZE = 1 << 20
    };
    char *big = malloc(SIZE);
    struct result in;
    struct result out;
    AUTO_BUF bytes = BUF_INIT;
    AUTO_BUF plain = BUF_INIT;

    (void)state;
    assert_non_null(big);
    for (size_t i = 0; i < SIZE; i++)
        big[i] = (char)(i % 7 == 0 ? i * i >> 11 : 0);
    make_result(&in, big, SIZE);
    result_encode(&in, 1, &bytes);
    assert_int_equal(result_decode(bytes.data, bytes.len, &out), NVC_OK);
    assert_true(result_find(&out, ROLE_OUTPUT)->len < SIZE);
    for (int i = 0; i < 2; i++) {
        const enum result_role role = i == 0 ? ROLE_OUTPUT : ROLE_STDERR;
        const struct result_part *part = result_find(&out, role);

        buf_clear(&plain);
        assert_int_equal(result_stream(part, collect, &plain), NVC_OK);
        assert_int_equal(plain.len, part->plain_len);
        assert_memory_equal(plain.data, i == 0 ? big : "warning", plain.len);
        assert_int_equal(result_stream(part, disk_is_full, NULL), NVC_ERR_NOSPACE);
    }
    out.parts[0].checksum.lo ^= 1;
    assert_int_equal(result_stream(&out.parts[0], collect, &plain), NVC_ERR_CORRUPT);
    out.parts[0].checksum.lo ^= 1;
    out.parts[0].len--;
    assert_int_equal(result_stream(&out.parts[0], collect, &plain), NVC_ERR_CORRUPT);
    free(big);
}

/* Flip each bit: either the header is refused, or the part, or nothing is different. */
static void
no_bit_flip_of_a_result_gives_other_bytes(void **state)
{
    char big[600] = "some text that is not all the same";
    struct result in;
    AUTO_BUF bytes = BUF_INIT;

    (void)state;
    make_result(&in, big, sizeof(big));
    result_encode(&in, 1, &bytes);
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        const struct result_part *part;
        struct result out;
        AUTO_BUF plain = BUF_INIT;

        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (result_decode(bytes.data, bytes.len, &out) == NVC_OK) {
            part = result_find(&out, ROLE_OUTPUT);
            if (part != NULL && result_unpack(part, &plain) == NVC_OK) {
                assert_int_equal(plain.len, sizeof(big));
                assert_memory_equal(plain.data, big, sizeof(big));
            }
        }
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void
a_bomb_is_refused_by_its_header(void **state)
{
    struct result in;
    struct result out;
    AUTO_BUF bytes = BUF_INIT;
    char zeros[4096] = {0};

    (void)state;
    make_result(&in, zeros, sizeof(zeros));
    result_encode(&in, 1, &bytes);
    /* plain_len of the first part: 1 TiB */
    bytes.data[2 + 2 + 2 + 5] = 1;
    assert_int_equal(result_decode(bytes.data, bytes.len, &out), NVC_ERR_CORRUPT);
}

static void
result_bytes_are_those_of_version_2(void **state)
{
    struct result in;
    AUTO_BUF bytes = BUF_INIT;

    (void)state;
    in.n = 0;
    assert_true(result_add(&in, ROLE_OUTPUT, "ab", 2));
    result_encode(&in, 1, &bytes);
    assert_int_equal(RESULT_VERSION, 2);
    assert_int_equal(checksum64(bytes.data, bytes.len, 0), UINT64_C(0xecdbffca5900d500));
}

static const struct template_root here[] = {
    {ROOT_CWD, 0, "/tmp/a"}, {ROOT_INCLUDE, 1, "/tmp/a/inc"}, {ROOT_BASE, 0, ""}};
static const struct template_root there[] = {
    {ROOT_CWD, 0, "/other"}, {ROOT_INCLUDE, 1, "/opt/include dir"}, {ROOT_BASE, 0, ""}};

static void
check_moved(const char *text, const char *expected)
{
    AUTO_BUF bytes = BUF_INIT;
    AUTO_BUF moved = BUF_INIT;
    AUTO_BUF back = BUF_INIT;

    template_make(text, strlen(text), here, 3, &bytes);
    assert_int_equal(template_expand(bytes.data, bytes.len, here, 3, &back), NVC_OK);
    assert_string_equal(buf_str(&back), text);
    assert_int_equal(template_expand(bytes.data, bytes.len, there, 3, &moved), NVC_OK);
    assert_string_equal(buf_str(&moved), expected);
}

static void
paths_in_text_move_by_whole_components(void **state)
{
    (void)state;
    check_moved("", "");
    check_moved("no path", "no path");
    check_moved("/tmp/a/x.h:1: warning", "/other/x.h:1: warning");
    check_moved("/tmp/ab/x.h", "/tmp/ab/x.h");
    check_moved("/tmp/a@2/x.h /tmp/a~/x.h", "/tmp/a@2/x.h /tmp/a~/x.h");
    check_moved("/tmp/a\\ b/x.h %/tmp/a/x.h", "/tmp/a\\ b/x.h %/tmp/a/x.h");
    check_moved("x/tmp/a/x.h", "x/tmp/a/x.h");
    check_moved("/tmp/a/inc/y.h /tmp/a", "/opt/include dir/y.h /other");
    check_moved("\"/tmp/a\"(/tmp/a/inc)", "\"/other\"(/opt/include dir)");
}

static void
a_template_with_an_unknown_root_or_cut_short_is_refused(void **state)
{
    AUTO_BUF bytes = BUF_INIT;
    AUTO_BUF out = BUF_INIT;

    (void)state;
    template_make("/tmp/a/x", 8, here, 3, &bytes);
    assert_int_equal(template_expand(bytes.data, bytes.len, there + 1, 2, &out),
                     NVC_ERR_CORRUPT);
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_equal(template_expand(bytes.data, len, here, 3, &out),
                         NVC_ERR_CORRUPT);
}

int
test_manifest(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifest_survives_a_round_trip),
        cmocka_unit_test(manifest_bytes_are_those_of_version_5),
        cmocka_unit_test(every_truncation_of_a_manifest_is_refused),
        cmocka_unit_test(files_that_are_not_all_in_directories_are_refused),
        cmocka_unit_test(more_busy_directories_than_there_are_is_refused),
        cmocka_unit_test(a_huge_count_is_refused_before_memory_is_taken),
        cmocka_unit_test(a_packed_manifest_is_short_and_no_truncation_passes),
        cmocka_unit_test(result_survives_a_round_trip),
        cmocka_unit_test(a_streamed_result_is_the_unpacked_one),
        cmocka_unit_test(no_bit_flip_of_a_result_gives_other_bytes),
        cmocka_unit_test(a_bomb_is_refused_by_its_header),
        cmocka_unit_test(result_bytes_are_those_of_version_2),
        cmocka_unit_test(paths_in_text_move_by_whole_components),
        cmocka_unit_test(a_template_with_an_unknown_root_or_cut_short_is_refused),
    };

    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
