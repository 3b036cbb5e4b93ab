/* Damaged files: a miss, never a wrong byte, never the end of this process; what cannot
 * be read is set aside and the rest goes on. */

#include "store_fixture.h"

#include "engine_priv.h"
#include "reader_priv.h"

#include <errno.h>
#include <signal.h>

int test_damage(void);

/* What a crash leaves behind is leaked on purpose. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
    return "leak:mdb_env_create\nleak:mdb_env_open\nleak:mdb_txn_begin\n";
}

static struct store_damage
damage_of(const struct fixture *fixture)
{
    struct store_damage damage;

    store_get_damage(fixture->store, &damage);
    return damage;
}

/* Flip one bit in the middle of every copy of a payload in a file. */
static void
flip_in_payload(const struct fixture *fixture, size_t index, unsigned n, unsigned version,
                size_t len)
{
    const int fd = open_file(fixture, "g", index);
    uint8_t *const payload = payload_of(n, version, len);
    uint8_t page[8192];
    bool found = false;

    for (off_t at = 0; pread(fd, page, sizeof(page), at) > 0; at += 4096) {
        const uint8_t *const hit = memmem(page, sizeof(page), payload, 64);
        uint8_t byte;

        if (hit == NULL)
            continue;
        byte = hit[10] ^ 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, at + (hit - page) + 10), 1);
        found = true;
        break;
    }
    assert_true(found);
    free(payload);
    close(fd);
}

static void
a_flipped_bit_is_corrupt_and_the_next_put_heals_it(void **state)
{
    struct fixture *const fixture = *state;

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 20000), NVC_OK);
    assert_int_equal(put(fixture->store, 2, 0, 200), NVC_OK);
    flip_in_payload(fixture, 0, 1, 0, 20000);
    flip_in_payload(fixture, 0, 2, 0, 200);
    fixture_open(fixture);
    assert_int_equal(status_of_get(fixture->store, 1), NVC_ERR_CORRUPT);
    assert_int_equal(status_of_get(fixture->store, 2), NVC_ERR_CORRUPT);
    assert_int_equal(damage_of(fixture).records, 2);
    assert_int_equal(put(fixture->store, 1, 1, 20000), NVC_OK);
    assert_int_equal(put(fixture->store, 2, 1, 200), NVC_OK);
    assert_true(has(fixture->store, 1, 1, 20000));
    assert_true(has(fixture->store, 2, 1, 200));
    assert_int_equal(count_files(fixture, "g"), 2);
}

static void
an_older_good_copy_answers_for_a_damaged_one(void **state)
{
    struct fixture *const fixture = *state;

    fixture->config.max_bytes = 16 * MIB;
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 20000), NVC_OK);
    fill_generations(fixture, 100, 100000, 2);
    assert_int_equal(put(fixture->store, 1, 1, 20000), NVC_OK);
    flip_in_payload(fixture, 1, 1, 1, 20000);
    fixture_open(fixture);
    assert_true(has(fixture->store, 1, 0, 20000));
    assert_int_equal(damage_of(fixture).records, 1);
}

/* Write bytes under a key behind the store's back. */
static void
plant(const struct fixture *fixture, const struct record_key *key, const void *data,
      size_t len)
{
    const struct names names = files_of(fixture, "g");
    struct record_key copy = *key;
    MDB_val mdb_key = {copy.len, copy.bytes};
    MDB_val value = {len, malloc(len)};
    char path[256];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;

    snprintf(path, sizeof(path), "%s/" DIRECTORY_SUBDIR "/%s", fixture->cache,
             names.v[0]);
    memcpy(value.mv_data, data, len);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_mapsize(env, 64 * MIB), 0);
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &mdb_key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    free(value.mv_data);
}

static void
a_record_moved_to_another_key_is_corrupt(void **state)
{
    struct fixture *const fixture = *state;
    const struct record_key first = key_of(1), second = key_of(2), third = key_of(3);
    uint8_t sealed[RECORD_HEADER_SIZE + RECORD_KEY_MAX + 100];

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 100), NVC_OK);
    store_release(fixture->store);
    record_seal(&first, "payload", 7, sealed);
    plant(fixture, &second, sealed, record_size(&first, 7));
    record_seal(&third, "payload", 7, sealed);
    plant(fixture, &third, sealed, record_size(&third, 7));
    assert_int_equal(status_of_get(fixture->store, 2), NVC_ERR_CORRUPT);
    assert_int_equal(status_of_get(fixture->store, 3), NVC_OK);
    assert_true(has(fixture->store, 1, 0, 100));
}

/* As a bit flip in the version leaves it. */
static void
a_record_of_another_version_is_damaged_and_replaced(void **state)
{
    struct fixture *const fixture = *state;
    const struct record_key key = key_of(2);
    uint8_t sealed[RECORD_HEADER_SIZE + RECORD_KEY_MAX + 100];

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 100), NVC_OK);
    store_release(fixture->store);
    record_seal(&key, "payload", 7, sealed);
    sealed[4] ^= 2;
    plant(fixture, &key, sealed, record_size(&key, 7));
    assert_int_equal(status_of_get(fixture->store, 2), NVC_ERR_CORRUPT);
    assert_int_equal(damage_of(fixture).records, 1);
    assert_int_equal(put(fixture->store, 2, 1, 500), NVC_OK);
    assert_true(has(fixture->store, 2, 1, 500));
}

/* ---- whole files ---- */

static void
truncate_to(const struct fixture *fixture, size_t index, off_t size)
{
    const int fd = open_file(fixture, "g", index);

    assert_int_equal(ftruncate(fd, size), 0);
    close(fd);
}

static void
a_truncated_file_is_set_aside_and_the_others_answer(void **state)
{
    struct fixture *const fixture = *state;

    fixture->config.max_bytes = 16 * MIB;
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 50000), NVC_OK);
    fill_generations(fixture, 100, 100000, 3);
    assert_int_equal(put(fixture->store, 2, 0, 50000), NVC_OK);
    truncate_to(fixture, 1, 300000);
    fixture_open(fixture);
    assert_int_equal(status_of_get(fixture->store, 99999), NVC_MISS);
    assert_int_equal(damage_of(fixture).generations, 1);
    assert_int_equal(damage_of(fixture).crashes, 0);
    assert_int_equal(count_files(fixture, "g"), 2);
    assert_int_equal(count_files(fixture, "bad-"), 1);
    assert_true(has(fixture->store, 1, 0, 50000));
    assert_true(has(fixture->store, 2, 0, 50000));
    assert_int_equal(put(fixture->store, 3, 0, 50000), NVC_OK);
}

static void
every_truncation_of_the_active_file_is_a_miss_and_is_replaced(void **state)
{
    struct fixture *const fixture = *state;
    const off_t sizes[] = {0, 1, 4095, 4096, 4200, 8191, 8192, 20000, 60000};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const size_t last = i == 0 ? 0 : count_files(fixture, "g") - 1;

        fixture_open(fixture);
        assert_int_equal(put(fixture->store, 1, 0, 100000), NVC_OK);
        assert_true(has(fixture->store, 1, 0, 100000));
        store_release(fixture->store);
        truncate_to(fixture, last, sizes[i]);
        assert_int_equal(status_of_get(fixture->store, 1), NVC_MISS);
        assert_int_equal(damage_of(fixture).crashes, 0);
        assert_int_equal(damage_of(fixture).generations, 1);
        assert_int_equal(count_files(fixture, "bad-"), 1);
    }
}

/* Nobody may take up a sealed file again, because others read it without a lock. */
static void
a_sealed_file_never_becomes_active_again(void **state)
{
    struct fixture *const fixture = *state;
    struct names before, after;

    fixture->config.max_bytes = 16 * MIB;
    fixture_open(fixture);
    fill_generations(fixture, 100, 100000, 2);
    before = files_of(fixture, "g");
    truncate_to(fixture, 1, 5000);
    fixture_open(fixture);
    assert_int_equal(status_of_get(fixture->store, 99999), NVC_MISS);
    after = files_of(fixture, "g");
    assert_int_equal(after.n, 2);
    assert_string_equal(after.v[0], before.v[0]);
    assert_true(strcmp(after.v[1], before.v[1]) > 0);
}

static void
a_put_onto_a_truncated_file_begins_another(void **state)
{
    struct fixture *const fixture = *state;

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 100000), NVC_OK);
    truncate_to(fixture, 0, 50000);
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 2, 0, 1000), NVC_OK);
    assert_true(has(fixture->store, 2, 0, 1000));
    assert_int_equal(count_files(fixture, "bad-"), 1);
    assert_int_equal(count_files(fixture, "g"), 1);
}

static void
what_is_not_a_regular_file_is_left_alone(void **state)
{
    struct fixture *const fixture = *state;
    char path[256];

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    snprintf(path, sizeof(path), "%s/" DIRECTORY_SUBDIR "/g0000000001.mdb",
             fixture->cache);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof(path), "%s/" DIRECTORY_SUBDIR "/g0000000002.mdb",
             fixture->cache);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/" DIRECTORY_SUBDIR "/g0000000003.mdb",
             fixture->cache);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    fixture_open(fixture);
    assert_true(has(fixture->store, 1, 0, 1000));
    assert_int_not_equal(status_of_get(fixture->store, 2), NVC_OK);
    assert_int_equal(put(fixture->store, 2, 0, 1000), NVC_OK);
    assert_true(has(fixture->store, 2, 0, 1000));
}

static void
another_lmdbs_file_is_no_damage(void **state)
{
    struct fixture *const fixture = *state;
    const uint32_t version = 2;
    int fd;

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    fd = open_file(fixture, "g", 0);
    assert_int_equal(pwrite(fd, &version, 4, 20), 4);
    assert_int_equal(pwrite(fd, &version, 4, 4096 + 20), 4);
    close(fd);
    fixture_open(fixture);
    assert_int_equal(status_of_get(fixture->store, 1), NVC_ERR_FORMAT);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    assert_true(has(fixture->store, 1, 0, 1000));
    assert_int_equal(count_files(fixture, "bad-"), 0);
    assert_int_equal(count_files(fixture, "g"), 2);
}

/* ---- crashes ---- */

static void
crash(void *arg)
{
    (void)arg;
    raise(SIGSEGV);
}

static void
after_a_crash_the_store_answers_so_for_good(void **state)
{
    struct fixture *const fixture = *state;
    struct store_usage usage;

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    assert_false(engine_call(fixture->store, crash, NULL));
    assert_int_equal(damage_of(fixture).crashes, 1);
    assert_int_equal(status_of_get(fixture->store, 1), NVC_ERR_CRASH);
    assert_int_equal(put(fixture->store, 2, 0, 1000), NVC_ERR_CRASH);
    assert_int_equal(store_get_usage(fixture->store, &usage), NVC_ERR_CRASH);
    store_release(fixture->store);
    assert_int_equal(status_of_get(fixture->store, 1), NVC_ERR_CRASH);
    fixture_open(fixture);
    assert_true(has(fixture->store, 1, 0, 1000));
}

static void
clear_works_after_a_crash(void **state)
{
    struct fixture *const fixture = *state;

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    assert_false(engine_call(fixture->store, crash, NULL));
    assert_int_equal(store_clear(fixture->store), NVC_OK);
    assert_int_equal(count_files(fixture, "g"), 0);
}

/* A file that shrinks while it is mapped: the pre-check cannot see it. */
static void
a_file_that_shrinks_under_us_is_a_crash_and_not_the_end(void **state)
{
    struct fixture *const fixture = *state;

    fixture->config.max_bytes = 16 * MIB;
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 50000), NVC_OK);
    fill_generations(fixture, 100, 100000, 2);
    fixture_open(fixture);
    assert_int_equal(status_of_get(fixture->store, 99999), NVC_MISS);
    truncate_to(fixture, 0, 8192);
    assert_int_equal(status_of_get(fixture->store, 1), NVC_ERR_CRASH);
    assert_int_equal(damage_of(fixture).crashes, 1);
    assert_int_equal(damage_of(fixture).generations, 1);
    assert_int_equal(count_files(fixture, "bad-"), 1);
    fixture_open(fixture);
    assert_int_equal(status_of_get(fixture->store, 1), NVC_MISS);
    assert_int_equal(put(fixture->store, 1, 0, 50000), NVC_OK);
}

static uint32_t
next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

enum {
    ROUNDS = 150,
    RECORDS = 40
};

static size_t
size_of(unsigned n)
{
    return n % 3 == 0 ? 30 + n : 3000 + n * 50;
}

/* One to sixteen bytes of one page, half of the time in its header. */
static void
scribble(const struct fixture *fixture, uint32_t *seed)
{
    const size_t files = count_files(fixture, "g");
    const int fd = open_file(fixture, "g", next_random(seed) % files);
    const size_t len = 1 + next_random(seed) % 16;
    uint8_t noise[16];
    struct stat info;
    off_t at;

    assert_int_equal(fstat(fd, &info), 0);
    at = (off_t)(next_random(seed) % (uint32_t)(info.st_size / 4096)) * 4096;
    at += next_random(seed) % 2 == 0 ? next_random(seed) % 64 : next_random(seed) % 4080;
    for (size_t i = 0; i < len; i++)
        noise[i] = next_random(seed) % 3 == 0 ? 0xff : (uint8_t)next_random(seed);
    assert_int_equal(pwrite(fd, noise, len, at), (ssize_t)len);
    close(fd);
}

static void
expect_right_or_nothing(struct fixture *fixture, unsigned n)
{
    const struct record_key key = key_of(n);
    struct store_value value;

    if (store_get(fixture->store, &key, &value) == NVC_OK)
        assert_true(is_payload(value, n, 0, size_of(n)));
}

static bool
visit_and_check(const struct record_key *key, struct store_value value, void *arg)
{
    const unsigned n = (unsigned)key->bytes[3] << 8 | key->bytes[4];

    (void)arg;
    assert_true(is_payload(value, n, 0, size_of(n)));
    return true;
}

static void
scribbled_pages_never_give_a_wrong_byte_or_end_the_process(void **state)
{
    struct fixture *const fixture = *state;
    const struct record_key prefix = {.bytes = "R", .len = 1};
    uint32_t seed = 20260101;
    unsigned hurt = 0;

    fixture->config.max_bytes = 4 * MIB;
    for (unsigned round = 0; round < ROUNDS; round++) {
        fixture_open(fixture);
        assert_int_equal(store_clear(fixture->store), NVC_OK);
        for (unsigned n = 0; n < RECORDS; n++)
            assert_int_equal(put(fixture->store, n, 0, size_of(n)), NVC_OK);
        fixture_open(fixture);
        scribble(fixture, &seed);
        for (unsigned n = 0; n < RECORDS; n++)
            expect_right_or_nothing(fixture, n);
        (void)!store_scan(fixture->store, &prefix, visit_and_check, NULL);
        hurt += damage_of(fixture).records + damage_of(fixture).generations;
        fixture_open(fixture);
        (void)!put(fixture->store, 1000, 0, 5000);
        fixture_open(fixture);
        expect_right_or_nothing(fixture, 1);
    }
    assert_true(hurt > 0);
}

int
test_damage(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_flipped_bit_is_corrupt_and_the_next_put_heals_it),
        STORE_TEST(a_record_of_another_version_is_damaged_and_replaced),
        STORE_TEST(an_older_good_copy_answers_for_a_damaged_one),
        STORE_TEST(a_record_moved_to_another_key_is_corrupt),
        STORE_TEST(a_truncated_file_is_set_aside_and_the_others_answer),
        STORE_TEST(every_truncation_of_the_active_file_is_a_miss_and_is_replaced),
        STORE_TEST(a_sealed_file_never_becomes_active_again),
        STORE_TEST(a_put_onto_a_truncated_file_begins_another),
        STORE_TEST(what_is_not_a_regular_file_is_left_alone),
        STORE_TEST(another_lmdbs_file_is_no_damage),
        STORE_TEST(after_a_crash_the_store_answers_so_for_good),
        STORE_TEST(clear_works_after_a_crash),
        STORE_TEST(a_file_that_shrinks_under_us_is_a_crash_and_not_the_end),
        STORE_TEST(scribbled_pages_never_give_a_wrong_byte_or_end_the_process),
    };

    return cmocka_run_group_tests_name("damage", tests, NULL, NULL);
}
