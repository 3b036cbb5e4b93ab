/* Files that were searched in vain are not searched for the same key again; what comes
 * later is found all the same. */

#include "store_fixture.h"

int test_absence(void);

enum {
    KEY = 1,
    FILES = 8,
    LENGTH = 50000
};

struct with_memo {
    struct fixture *fixture;
    struct memo *memo;
};

static void
reopen(struct with_memo *with)
{
    fixture_open(with->fixture);
    store_set_memo(with->fixture->store, with->memo);
}

/* KEY lies in the oldest of several files. */
static struct with_memo
begin(void **state)
{
    struct with_memo with = {.fixture = *state};
    char path[128];

    with.fixture->config.max_bytes = 16 * MIB;
    fixture_open(with.fixture);
    snprintf(path, sizeof(path), "%s/memo", with.fixture->cache);
    memo_open(path, -1, false, &with.memo);
    assert_int_equal(put(with.fixture->store, KEY, 0, LENGTH), NVC_OK);
    fill_generations(with.fixture, 100, LENGTH, FILES);
    reopen(&with);
    return with;
}

static void
end(struct with_memo *with)
{
    store_close(with->fixture->store);
    with->fixture->store = NULL;
    memo_close(with->memo);
}

static size_t
files_opened(const struct store *store)
{
    size_t n = 0;

    for (size_t i = 0; i < store->n_generations; i++)
        n += store->generations[i]->env != NULL;
    return n;
}

static void
a_second_search_opens_the_newest_file_and_the_right_one(void **state)
{
    struct with_memo with = begin(state);

    assert_true(has(with.fixture->store, KEY, 0, LENGTH));
    assert_int_equal(files_opened(with.fixture->store), FILES);
    reopen(&with);
    assert_true(has(with.fixture->store, KEY, 0, LENGTH));
    assert_int_equal(files_opened(with.fixture->store), 2);
    end(&with);
}

static bool
stop_at_first(const struct record_key *key, struct store_value value, void *arg)
{
    (void)key;
    *(size_t *)arg = value.len;
    return false;
}

static size_t
scan_for(struct fixture *fixture, unsigned n)
{
    struct record_key prefix = key_of(n);
    size_t len = 0;

    prefix.len = 5;
    assert_int_equal(store_scan(fixture->store, &prefix, stop_at_first, &len), NVC_OK);
    return len;
}

static void
so_does_a_second_scan(void **state)
{
    struct with_memo with = begin(state);

    assert_int_equal(scan_for(with.fixture, KEY), LENGTH);
    assert_int_equal(files_opened(with.fixture->store), FILES);
    reopen(&with);
    assert_int_equal(scan_for(with.fixture, KEY), LENGTH);
    assert_int_equal(files_opened(with.fixture->store), 2);
    end(&with);
}

static void
a_newer_version_is_found_in_the_active_file_and_when_that_is_sealed(void **state)
{
    struct with_memo with = begin(state);
    const size_t len = LENGTH + 1;

    assert_true(has(with.fixture->store, KEY, 0, LENGTH));
    assert_int_equal(put(with.fixture->store, KEY, 1, len), NVC_OK);
    reopen(&with);
    assert_true(has(with.fixture->store, KEY, 1, len));
    assert_int_equal(scan_for(with.fixture, KEY), len);
    fill_generations(with.fixture, 1000, LENGTH, FILES + 3);
    reopen(&with);
    assert_true(has(with.fixture->store, KEY, 1, len));
    assert_int_equal(scan_for(with.fixture, KEY), len);
    reopen(&with);
    assert_true(has(with.fixture->store, KEY, 1, len));
    end(&with);
}

static void
nothing_is_learnt_when_a_file_could_not_be_searched(void **state)
{
    struct with_memo with = begin(state);
    struct store *const store = with.fixture->store;

    assert_int_equal(status_of_get(store, 5), NVC_MISS);
    store->generations[FILES / 2]->skip = true;
    assert_true(has(store, KEY, 0, LENGTH));
    reopen(&with);
    assert_true(has(with.fixture->store, KEY, 0, LENGTH));
    assert_int_equal(files_opened(with.fixture->store), FILES);
    end(&with);
}

static void
what_is_known_to_lie_in_an_old_file_is_promoted_too(void **state)
{
    struct with_memo with = begin(state);
    const uint64_t before = bytes_of(with.fixture, "g");

    assert_true(has(with.fixture->store, KEY, 0, LENGTH));
    store_promote(with.fixture->store);
    assert_int_equal(bytes_of(with.fixture, "g"), before); /* eviction is far away */
    with.fixture->config.max_bytes = before;
    reopen(&with);
    assert_true(has(with.fixture->store, KEY, 0, LENGTH));
    assert_int_equal(files_opened(with.fixture->store), 2);
    store_promote(with.fixture->store);
    reopen(&with);
    assert_true(has(with.fixture->store, KEY, 0, LENGTH));
    assert_int_equal(files_opened(with.fixture->store), 1);
    end(&with);
}

static void
a_cache_that_was_emptied_is_believed_more_than_the_memo(void **state)
{
    struct with_memo with = begin(state);

    assert_true(has(with.fixture->store, KEY, 0, LENGTH));
    assert_int_equal(store_clear(with.fixture->store), NVC_OK);
    assert_int_equal(status_of_get(with.fixture->store, KEY), NVC_MISS);
    assert_int_equal(put(with.fixture->store, KEY, 2, LENGTH), NVC_OK);
    assert_true(has(with.fixture->store, KEY, 2, LENGTH));
    end(&with);
}

int
test_absence(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_second_search_opens_the_newest_file_and_the_right_one),
        STORE_TEST(so_does_a_second_scan),
        STORE_TEST(a_newer_version_is_found_in_the_active_file_and_when_that_is_sealed),
        STORE_TEST(nothing_is_learnt_when_a_file_could_not_be_searched),
        STORE_TEST(what_is_known_to_lie_in_an_old_file_is_promoted_too),
        STORE_TEST(a_cache_that_was_emptied_is_believed_more_than_the_memo),
    };

    return cmocka_run_group_tests_name("absence", tests, NULL, NULL);
}
