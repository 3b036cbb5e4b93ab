/* Manifest, search, result and template records: round trips, limits, golden bytes. */

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

static struct manifest_file files[] = {
    {0, "a.cu", {{1}}}, {1, "x.h", {{2}}}, {1, "y.h", {{3}}}};
static struct place dirs[] = {{ROOT_NONE, 0, "src"}, {ROOT_INCLUDE, 2, "ATen/core"}};
static struct manifest_tie ties[] = {
    {{ROOT_CWD, 0, ""}, {ROOT_NONE, 0, "/home/u/build"}, 0},
    {{ROOT_INCLUDE, 2, "now"}, {ROOT_INCLUDE | ROOT_REAL, 2, "v1"}, 1}};
static struct place watched[] = {{ROOT_TOOLKIT, 0, "include"}};

static uint32_t group[] = {0};
static struct watch_group groups[] = {{group, 1, (const uint8_t *)"search", 6},
                                      {group, 0, NULL, 0}};

static const struct manifest sample = {
    .result = {{0xaa, 0xbb}},
    .compile_us = 1234567,
    .created_s = 1700000000,
    .ties = ties,
    .n_ties = 2,
    .dirs = dirs,
    .n_dirs = 2,
    .files = files,
    .n_files = 3,
    .watched = watched,
    .n_watched = 1,
    .groups = groups,
    .n_groups = 2,
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
    assert_int_equal(got.files[2].digest.bytes[0], 3);
    assert_string_equal(got.dirs[got.files[2].dir].rest, "ATen/core");
    assert_string_equal(got.ties[0].is.rest, "/home/u/build");
    assert_int_equal(got.ties[1].is.kind, ROOT_INCLUDE | ROOT_REAL);
    assert_int_equal(got.ties[1].is_link, 1);
    assert_int_equal(got.compile_us, 1234567);
    manifest_encode(&got, &again);
    assert_int_equal(again.len, bytes.len);
    assert_memory_equal(again.data, bytes.data, bytes.len);
    arena_fini(&arena);
}

/* Raise MANIFEST_VERSION and this number together when the bytes change. */
static void
manifest_bytes_are_those_of_version_2(void **state)
{
    AUTO_BUF bytes = BUF_INIT;

    (void)state;
    manifest_encode(&sample, &bytes);
    assert_int_equal(MANIFEST_VERSION, 2);
    assert_int_equal(checksum64(bytes.data, bytes.len, 0), UINT64_C(0x3f6e554fdadba3aa));
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
a_file_in_no_directory_is_refused(void **state)
{
    struct manifest_file bad[] = {{9, "a.cu", {{1}}}};
    struct manifest manifest = sample;
    struct arena arena = ARENA_INIT;
    AUTO_BUF bytes = BUF_INIT;
    struct manifest got;

    (void)state;
    manifest.files = bad;
    manifest.n_files = 1;
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
    memset(bytes.data + 2 + 2 + 32 + 8 + 8, 0xff, 4);
    assert_int_equal(manifest_decode(&arena, bytes.data, bytes.len, &got),
                     NVC_ERR_CORRUPT);
    arena_fini(&arena);
}

static void
search_record_survives_a_round_trip(void **state)
{
    struct search_name names[] = {{"cub/cub.cuh", 0}, {"stdlib.h", 1}};
    const struct search_record record = {
        .chain = dirs, .n_chain = 2, .names = names, .n_names = 2, .found = {{5}}};
    struct arena arena = ARENA_INIT;
    AUTO_BUF bytes = BUF_INIT;
    struct search_record got;

    (void)state;
    search_chain_encode(&record, &bytes);
    assert_int_equal(search_chain_decode(&arena, bytes.data, bytes.len, &got), NVC_OK);
    assert_int_equal(got.n_names, 2);
    assert_int_equal(got.names[1].is_next, 1);
    assert_string_equal(got.names[1].name, "stdlib.h");
    assert_string_equal(got.chain[1].rest, "ATen/core");
    assert_int_equal(got.found.bytes[0], 5);
    assert_int_not_equal(search_chain_decode(&arena, bytes.data, bytes.len - 1, &got),
                         NVC_OK);
    arena_fini(&arena);
}

static void
quotes_survive_a_round_trip_and_no_truncation(void **state)
{
    const char *quoted[] = {"a.h", "b.h"};
    const struct search_quotes quotes = {{ROOT_CWD, 0, "src"}, quoted, 2, {{6}}};
    struct arena arena = ARENA_INIT;
    AUTO_BUF bytes = BUF_INIT;
    struct search_quotes got;

    (void)state;
    search_quotes_encode(&quotes, &bytes);
    assert_int_equal(search_quotes_decode(&arena, bytes.data, bytes.len, &got), NVC_OK);
    assert_string_equal(got.names[1], "b.h");
    assert_string_equal(got.dir.rest, "src");
    assert_int_equal(got.found.bytes[0], 6);
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_not_equal(search_quotes_decode(&arena, bytes.data, len, &got), NVC_OK);
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
result_bytes_are_those_of_version_1(void **state)
{
    struct result in;
    AUTO_BUF bytes = BUF_INIT;

    (void)state;
    in.n = 0;
    assert_true(result_add(&in, ROLE_OUTPUT, "ab", 2));
    result_encode(&in, 1, &bytes);
    assert_int_equal(RESULT_VERSION, 1);
    assert_int_equal(checksum64(bytes.data, bytes.len, 0), UINT64_C(0xb302ca501024982c));
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
        cmocka_unit_test(manifest_bytes_are_those_of_version_2),
        cmocka_unit_test(every_truncation_of_a_manifest_is_refused),
        cmocka_unit_test(a_file_in_no_directory_is_refused),
        cmocka_unit_test(a_huge_count_is_refused_before_memory_is_taken),
        cmocka_unit_test(search_record_survives_a_round_trip),
        cmocka_unit_test(quotes_survive_a_round_trip_and_no_truncation),
        cmocka_unit_test(result_survives_a_round_trip),
        cmocka_unit_test(no_bit_flip_of_a_result_gives_other_bytes),
        cmocka_unit_test(a_bomb_is_refused_by_its_header),
        cmocka_unit_test(result_bytes_are_those_of_version_1),
        cmocka_unit_test(paths_in_text_move_by_whole_components),
        cmocka_unit_test(a_template_with_an_unknown_root_or_cut_short_is_refused),
    };

    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
