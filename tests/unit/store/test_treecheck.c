/* The look at tree pages before LMDB changes them: sound files pass for every key, and
 * any change of what LMDB would compute with is noticed. */

#include "store_fixture.h"

#include "treecheck_priv.h"

int test_treecheck(void);

enum {
    RECORDS = 300,
    PAGE_HEADER = 16
};

/* A file with a root, several leaves and free pages; returns a descriptor. */
static int
make_file(struct fixture *fixture, struct metapage *out)
{
    struct stat info;
    int fd;

    fixture_open(fixture);
    for (unsigned n = 0; n < RECORDS; n++)
        assert_int_equal(put(fixture->store, n, 0, n % 4 == 0 ? 5000 : 100), NVC_OK);
    store_release(fixture->store);
    fd = open_file(fixture, "g", 0);
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(metapage_check(fd, (uint64_t)info.st_size, out), NVC_OK);
    assert_true(out->main_tree.depth > 1);
    assert_true(out->free_tree.root != METAPAGE_NO_ROOT);
    return fd;
}

static bool
may_add(int fd, const struct metapage *meta, unsigned n)
{
    const struct record_key key = key_of(n);

    return treecheck_may_add(fd, meta, &key);
}

static void
a_sound_file_passes_for_every_key(void **state)
{
    struct metapage meta;
    const int fd = make_file(*state, &meta);

    for (unsigned n = 0; n < RECORDS + 50; n++)
        assert_true(may_add(fd, &meta, n));
    close(fd);
}

/* Flip a bit, expect a refusal, flip it back. */
static void
expect_refusal(int fd, const struct metapage *meta, off_t at)
{
    uint8_t byte, flipped;

    assert_int_equal(pread(fd, &byte, 1, at), 1);
    for (unsigned bit = 0; bit < 8; bit++) {
        flipped = byte ^ (uint8_t)(1U << bit);
        assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
        if (may_add(fd, meta, RECORDS / 2))
            fail_msg("bit %u at %lld is not noticed", bit, (long long)at);
    }
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

static void
expect_refusals_in_page(int fd, const struct metapage *meta, uint64_t number)
{
    const off_t page = (off_t)(number * meta->page_size);
    uint16_t lower;

    assert_int_equal(pread(fd, &lower, 2, page + 12), 2);
    for (off_t at = 0; at < lower; at++)
        if (at != 8 && at != 9) /* unused by these pages */
            expect_refusal(fd, meta, page + at);
    assert_true(may_add(fd, meta, RECORDS / 2));
}

static void
any_change_of_a_header_or_an_offset_is_noticed(void **state)
{
    struct metapage meta;
    const int fd = make_file(*state, &meta);

    expect_refusals_in_page(fd, &meta, meta.main_tree.root);
    expect_refusals_in_page(fd, &meta, meta.free_tree.root);
    close(fd);
}

/* The sizes in a node: what LMDB copies by. */
static void
any_change_of_a_nodes_sizes_is_noticed(void **state)
{
    struct metapage meta;
    const int fd = make_file(*state, &meta);
    const off_t page = (off_t)(meta.free_tree.root * meta.page_size);
    uint16_t node;

    assert_int_equal(pread(fd, &node, 2, page + PAGE_HEADER), 2);
    for (off_t at = 0; at < 8; at++)
        expect_refusal(fd, &meta, page + node + at);
    close(fd);
}

static void
a_free_page_outside_the_file_is_noticed(void **state)
{
    struct metapage meta;
    const int fd = make_file(*state, &meta);
    const off_t page = (off_t)(meta.free_tree.root * meta.page_size);
    const uint64_t outside = meta.last_page + 1;
    uint64_t count;
    uint16_t node;

    assert_int_equal(pread(fd, &node, 2, page + PAGE_HEADER), 2);
    assert_int_equal(pread(fd, &count, 8, page + node + 16), 8);
    assert_true(count > 0);
    assert_int_equal(pwrite(fd, &outside, 8, page + node + 24), 8);
    assert_false(may_add(fd, &meta, 1));
    close(fd);
}

static void
roots_that_lead_nowhere_are_noticed(void **state)
{
    struct metapage sound, meta;
    const int fd = make_file(*state, &sound);

    meta = sound;
    meta.main_tree.root = sound.last_page + 1;
    assert_false(may_add(fd, &meta, 1));
    meta = sound;
    meta.main_tree.depth++;
    assert_false(may_add(fd, &meta, 1));
    meta.main_tree.depth = 60000;
    assert_false(may_add(fd, &meta, 1));
    meta = sound;
    meta.main_tree.depth = 0;
    assert_false(may_add(fd, &meta, 1));
    meta = sound;
    meta.free_tree.root = sound.main_tree.root;
    assert_false(may_add(fd, &meta, 1));
    assert_true(may_add(fd, &sound, 1));
    close(fd);
}

static void
an_unfit_file_is_left_behind_by_the_next_put(void **state)
{
    struct fixture *const fixture = *state;
    struct metapage meta;
    const int fd = make_file(fixture, &meta);
    const off_t page = (off_t)(meta.main_tree.root * meta.page_size);

    /* Free space that is not there: LMDB would write before the page. */
    assert_int_equal(pwrite(fd, "\xff\x7f", 2, page + 14), 2);
    close(fd);
    assert_int_equal(put(fixture->store, 5000, 0, 1000), NVC_OK);
    assert_true(has(fixture->store, 5000, 0, 1000));
    assert_int_equal(fixture->store->damage.crashes, 0);
}

/* The root's second child is its first once more. */
static void
lead_back(const struct fixture *fixture)
{
    enum {
        FIRST = PAGE_HEADER,
        SECOND = PAGE_HEADER + 2,
        CHILD = 6
    };
    struct metapage meta;
    struct stat info;
    uint16_t first, second;
    uint8_t page[4096];
    const int fd = open_file(fixture, "g", 0);
    off_t at;

    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(metapage_check(fd, (uint64_t)info.st_size, &meta), NVC_OK);
    assert_true(meta.main_tree.depth > 1);
    assert_int_equal(meta.page_size, sizeof(page));
    at = (off_t)(meta.main_tree.root * meta.page_size);
    assert_int_equal(pread(fd, page, sizeof(page), at), sizeof(page));
    memcpy(&first, page + FIRST, sizeof(first));
    memcpy(&second, page + SECOND, sizeof(second));
    memcpy(page + second, page + first, CHILD);
    assert_int_equal(pwrite(fd, page, sizeof(page), at), sizeof(page));
    close(fd);
}

static bool
count_visits(const struct record_key *key, struct store_value value, void *arg)
{
    (void)key;
    (void)value;
    return ++*(unsigned *)arg > 0;
}

static void
a_tree_that_leads_back_is_damage(void **state)
{
    struct fixture *const fixture = *state;
    const struct record_key prefix = {.bytes = "R", .len = 1};
    struct store_verify_report report = {0};
    unsigned visits = 0;

    fixture_open(fixture);
    for (unsigned n = 0; n < 300; n++)
        assert_int_equal(put(fixture->store, n, 0, 100), NVC_OK);
    fixture_open(fixture);
    lead_back(fixture);
    assert_int_equal(store_verify(fixture->store, false, NULL, NULL, &report), NVC_OK);
    assert_int_equal(report.bad_generations, 1);
    (void)!store_scan(fixture->store, &prefix, count_visits, &visits);
    assert_true(visits <= 300);
}

int
test_treecheck(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_sound_file_passes_for_every_key),
        STORE_TEST(any_change_of_a_header_or_an_offset_is_noticed),
        STORE_TEST(any_change_of_a_nodes_sizes_is_noticed),
        STORE_TEST(a_free_page_outside_the_file_is_noticed),
        STORE_TEST(roots_that_lead_nowhere_are_noticed),
        STORE_TEST(an_unfit_file_is_left_behind_by_the_next_put),
        STORE_TEST(a_tree_that_leads_back_is_damage),
    };

    return cmocka_run_group_tests_name("treecheck", tests, NULL, NULL);
}
