/* Going through everything: scan, usage, verify, clear, trim. */

#include "store_fixture.h"

#include "nvcache/store/counters.h"

#include <time.h>

int test_survey(void);

struct seen {
    struct store *store;
    unsigned n[512];
    unsigned version[512];
    size_t count;
    size_t stop_after;
};

static bool
note(const struct record_key *key, struct store_value value, void *arg)
{
    struct seen *const seen = arg;
    unsigned n = 0;

    for (unsigned i = 1; i <= 4; i++)
        n = n << 8 | key->bytes[i];
    assert_true(seen->count < 512);
    seen->n[seen->count] = n;
    seen->version[seen->count++] = value.len % 10 == 0 ? 0 : 1;
    assert_true(is_payload(value, n, value.len % 10 == 0 ? 0 : 1, value.len));
    /* Visitors may look things up. */
    assert_int_equal(status_of_get(seen->store, n), NVC_OK);
    return seen->count != seen->stop_after;
}

static struct seen *
scan(struct fixture *fixture, const char *prefix, size_t len, size_t stop_after)
{
    struct seen *const seen = calloc(1, sizeof(*seen));
    struct record_key key = {.len = (uint8_t)len};

    assert_non_null(seen);
    seen->store = fixture->store;
    seen->stop_after = stop_after;
    memcpy(key.bytes, prefix, len);
    assert_int_equal(store_scan(fixture->store, &key, note, seen), NVC_OK);
    return seen;
}

static void
put_other_key(struct fixture *fixture, char first)
{
    struct record_key key = key_of(7);

    key.bytes[0] = (uint8_t)first;
    assert_int_equal(store_put(fixture->store, &key, "x", 1), NVC_OK);
}

static void
a_scan_sees_the_prefix_in_the_order_of_keys(void **state)
{
    struct fixture *const fixture = *state;
    struct seen *seen;

    fixture_open(fixture);
    seen = scan(fixture, "R", 1, 0);
    assert_int_equal(seen->count, 0);
    free(seen);
    put_other_key(fixture, 'Q');
    put_other_key(fixture, 'S');
    for (unsigned n = 300; n > 0; n--)
        assert_int_equal(put(fixture->store, n, 0, n % 7 == 0 ? 10000 : 10 * n), NVC_OK);
    seen = scan(fixture, "R", 1, 0);
    assert_int_equal(seen->count, 300);
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(seen->n[i], i + 1);
    free(seen);
    seen = scan(fixture, "R\0\0\1", 4, 0);
    assert_int_equal(seen->count, 300 - 255);
    assert_int_equal(seen->n[0], 256);
    free(seen);
    seen = scan(fixture, "T", 1, 0);
    assert_int_equal(seen->count, 0);
    free(seen);
}

static void
a_scan_sees_newer_generations_first(void **state)
{
    struct fixture *const fixture = *state;
    struct seen *seen;

    fixture->config.max_bytes = 16 * MIB;
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 10000), NVC_OK);
    fill_generations(fixture, 100, 100000, 2);
    assert_int_equal(put(fixture->store, 1, 1, 10001), NVC_OK);
    seen = scan(fixture, "R\0\0\0\1", 5, 0);
    assert_int_equal(seen->count, 2);
    assert_int_equal(seen->version[0], 1);
    assert_int_equal(seen->version[1], 0);
    free(seen);
}

static void
a_visitor_can_stop_the_scan(void **state)
{
    struct fixture *const fixture = *state;
    struct seen *seen;

    fixture->config.max_bytes = 16 * MIB;
    fixture_open(fixture);
    fill_generations(fixture, 100, 100000, 3);
    seen = scan(fixture, "R", 1, 1);
    assert_int_equal(seen->count, 1);
    free(seen);
    seen = scan(fixture, "R", 1, 9);
    assert_int_equal(seen->count, 9);
    free(seen);
}

static bool
put_from_inside(const struct record_key *key, struct store_value value, void *arg)
{
    struct fixture *const fixture = arg;

    (void)key;
    (void)value;
    return put(fixture->store, 5000, 0, 200000) == NVC_OK &&
           has(fixture->store, 5000, 0, 200000);
}

static void
a_visitor_may_put(void **state)
{
    struct fixture *const fixture = *state;
    const struct record_key prefix = {.bytes = "R", .len = 1};

    fixture->config.max_bytes = 16 * MIB;
    fixture_open(fixture);
    fill_generations(fixture, 100, 100000, 3);
    assert_int_equal(store_scan(fixture->store, &prefix, put_from_inside, fixture),
                     NVC_OK);
    assert_true(has(fixture->store, 5000, 0, 200000));
}

static void
usage_counts_entries_generations_and_bytes(void **state)
{
    struct fixture *const fixture = *state;
    struct store_usage usage;

    fixture->config.max_bytes = 16 * MIB;
    fixture_open(fixture);
    assert_int_equal(store_get_usage(fixture->store, &usage), NVC_OK);
    assert_int_equal(usage.entries, 0);
    assert_int_equal(usage.bytes, 0);
    for (unsigned n = 0; n < 25; n++)
        assert_int_equal(put(fixture->store, n, 0, 100000), NVC_OK);
    assert_int_equal(store_get_usage(fixture->store, &usage), NVC_OK);
    assert_int_equal(usage.entries, 25);
    assert_int_equal(usage.generations, count_files(fixture, "g"));
    assert_int_equal(usage.bytes, bytes_of(fixture, "g"));
    assert_int_equal(usage.max_bytes, 16 * MIB);
}

static void
clear_removes_everything_but_the_counters(void **state)
{
    struct fixture *const fixture = *state;
    const struct counters_event event = {.outcome = NVC_HIT_MANIFEST};
    struct counters counters;

    fixture->config.max_bytes = 16 * MIB;
    fixture_open(fixture);
    assert_int_equal(counters_add(fixture->cache, -1, &event), NVC_OK);
    fill_generations(fixture, 0, 100000, 3);
    assert_int_equal(store_clear(fixture->store), NVC_OK);
    assert_int_equal(count_files(fixture, "g"), 0);
    assert_int_equal(count_files(fixture, "trash-"), 0);
    assert_int_equal(status_of_get(fixture->store, 0), NVC_MISS);
    assert_int_equal(counters_read(fixture->cache, &counters), NVC_OK);
    assert_int_equal(counters.by_status[NVC_HIT_MANIFEST], 1);
    assert_int_equal(put(fixture->store, 0, 1, 1000), NVC_OK);
    assert_true(has(fixture->store, 0, 1, 1000));
}

static void
trim_drops_the_oldest_first(void **state)
{
    struct fixture *const fixture = *state;
    unsigned next;

    fixture->config.max_bytes = 16 * MIB;
    fixture_open(fixture);
    next = fill_generations(fixture, 0, 100000, 6);
    assert_int_equal(store_trim(fixture->store, 3 * MIB), NVC_OK);
    assert_true(bytes_of(fixture, "g") <= 3 * MIB);
    assert_true(bytes_of(fixture, "g") > MIB);
    assert_int_equal(status_of_get(fixture->store, 0), NVC_MISS);
    assert_true(has(fixture->store, next - 1, 0, 100000));
}

static void
trash_left_by_a_killed_process_is_swept(void **state)
{
    struct fixture *const fixture = *state;
    char path[256];
    int fd;

    fixture_open(fixture);
    snprintf(path, sizeof(path), "%s/" DIRECTORY_SUBDIR "/trash-g0000000001.mdb",
             fixture->cache);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    assert_int_equal(count_files(fixture, "trash-"), 0);
}

/* ---- verify ---- */

static bool
refuse_even(const struct record_key *key, struct store_value value, void *arg)
{
    (void)value;
    (void)arg;
    return key->bytes[4] % 2 == 1;
}

static void
verify_counts_what_the_checker_refuses(void **state)
{
    struct fixture *const fixture = *state;
    struct store_verify_report report;

    fixture_open(fixture);
    for (unsigned n = 0; n < 200; n++)
        assert_int_equal(put(fixture->store, n, 0, 100 + n * 20), NVC_OK);
    assert_int_equal(store_verify(fixture->store, false, NULL, NULL, &report), NVC_OK);
    assert_int_equal(report.records, 200);
    assert_int_equal(report.bad_records, 0);
    assert_true(report.bytes > 200 * 100);
    assert_int_equal(store_verify(fixture->store, false, refuse_even, NULL, &report),
                     NVC_OK);
    assert_int_equal(report.bad_records, 100);
    assert_int_equal(report.bad_generations, 0);
}

static void
verify_finds_flipped_bits(void **state)
{
    struct fixture *const fixture = *state;
    struct store_verify_report report;
    uint8_t byte;
    int fd;

    fixture_open(fixture);
    for (unsigned n = 0; n < 3; n++)
        assert_int_equal(put(fixture->store, n, 0, 100000), NVC_OK);
    fd = open_file(fixture, "g", 0);
    assert_int_equal(pread(fd, &byte, 1, 150000), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 150000), 1);
    close(fd);
    assert_int_equal(store_verify(fixture->store, true, NULL, NULL, &report), NVC_OK);
    assert_int_equal(report.records, 3);
    assert_int_equal(report.bad_records, 1);
    assert_int_equal(count_files(fixture, "bad-"), 0);
}

static void
verify_sets_a_damaged_file_aside_only_when_asked_to(void **state)
{
    struct fixture *const fixture = *state;
    struct store_verify_report report;
    struct store_usage usage;
    int fd;

    fixture->config.max_bytes = 16 * MIB;
    fixture_open(fixture);
    fill_generations(fixture, 0, 100000, 3);
    assert_int_equal(store_get_usage(fixture->store, &usage), NVC_OK);
    assert_int_equal(usage.set_aside_s, 0);
    fd = open_file(fixture, "g", 0);
    assert_int_equal(ftruncate(fd, 100000), 0);
    close(fd);
    fixture_open(fixture);
    assert_int_equal(store_verify(fixture->store, false, NULL, NULL, &report), NVC_OK);
    assert_int_equal(report.bad_generations, 1);
    assert_int_equal(count_files(fixture, "bad-"), 0);
    fixture_open(fixture);
    assert_int_equal(store_verify(fixture->store, true, NULL, NULL, &report), NVC_OK);
    assert_int_equal(report.bad_generations, 1);
    assert_int_equal(count_files(fixture, "bad-"), 1);
    fixture_open(fixture);
    assert_int_equal(store_get_usage(fixture->store, &usage), NVC_OK);
    assert_true(llabs(usage.set_aside_s - (int64_t)time(NULL)) < 600);
    assert_int_equal(store_verify(fixture->store, true, NULL, NULL, &report), NVC_OK);
    assert_int_equal(report.bad_generations, 0);
}

int
test_survey(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_scan_sees_the_prefix_in_the_order_of_keys),
        STORE_TEST(a_scan_sees_newer_generations_first),
        STORE_TEST(a_visitor_can_stop_the_scan),
        STORE_TEST(a_visitor_may_put),
        STORE_TEST(usage_counts_entries_generations_and_bytes),
        STORE_TEST(clear_removes_everything_but_the_counters),
        STORE_TEST(trim_drops_the_oldest_first),
        STORE_TEST(trash_left_by_a_killed_process_is_swept),
        STORE_TEST(verify_counts_what_the_checker_refuses),
        STORE_TEST(verify_finds_flipped_bits),
        STORE_TEST(verify_sets_a_damaged_file_aside_only_when_asked_to),
    };

    return cmocka_run_group_tests_name("survey", tests, NULL, NULL);
}
