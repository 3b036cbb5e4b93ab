/* The store as its callers see it: what is put is found, unchanged, for as long as the
 * contract says. */

#include "store_fixture.h"

#include <signal.h>

int test_store(void);

static void
what_is_put_is_found_by_the_next_process(void **state)
{
    struct fixture *const fixture = *state;

    fixture_open(fixture);
    assert_int_equal(status_of_get(fixture->store, 1), NVC_MISS);
    assert_int_equal(put(fixture->store, 1, 0, 100), NVC_OK);
    assert_int_equal(put(fixture->store, 2, 0, 300000), NVC_OK);
    assert_int_equal(put(fixture->store, 3, 0, 0), NVC_OK);
    fixture_open(fixture);
    assert_true(has(fixture->store, 1, 0, 100));
    assert_true(has(fixture->store, 2, 0, 300000));
    assert_true(has(fixture->store, 3, 0, 0));
    assert_int_equal(status_of_get(fixture->store, 4), NVC_MISS);
}

static void
what_we_put_ourselves_is_found_at_once(void **state)
{
    struct fixture *const fixture = *state;

    fixture_open(fixture);
    for (unsigned n = 0; n < 20; n++) {
        assert_int_equal(status_of_get(fixture->store, n), NVC_MISS);
        assert_int_equal(put(fixture->store, n, 0, n * 1000), NVC_OK);
        assert_true(has(fixture->store, n, 0, n * 1000));
    }
    for (unsigned n = 0; n < 20; n++)
        assert_true(has(fixture->store, n, 0, n * 1000));
}

static void
what_others_put_is_found_although_our_map_is_too_short(void **state)
{
    struct fixture *const fixture = *state;
    struct store *other;

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    assert_true(has(fixture->store, 1, 0, 1000));
    assert_int_equal(store_open(&fixture->config, &other), NVC_OK);
    assert_int_equal(put(other, 2, 0, 900000), NVC_OK);
    store_close(other);
    assert_true(has(fixture->store, 2, 0, 900000));
    assert_true(has(fixture->store, 1, 0, 1000));
}

static void
a_key_that_is_there_is_left_as_it_is(void **state)
{
    struct fixture *const fixture = *state;

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 5000), NVC_OK);
    assert_int_equal(put(fixture->store, 1, 1, 6000), NVC_OK);
    assert_true(has(fixture->store, 1, 0, 5000));
}

static void
the_newest_generation_wins(void **state)
{
    struct fixture *const fixture = *state;

    fixture->config.max_bytes = 8 * MIB;
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 5000), NVC_OK);
    fill_generations(fixture, 100, 100000, 2);
    assert_int_equal(put(fixture->store, 1, 1, 6000), NVC_OK);
    assert_true(has(fixture->store, 1, 1, 6000));
    fixture_open(fixture);
    assert_true(has(fixture->store, 1, 1, 6000));
}

static void
keys_of_any_length_are_kept_apart(void **state)
{
    struct fixture *const fixture = *state;
    struct record_key key = {.len = 0};
    struct store_value value;

    fixture_open(fixture);
    memset(key.bytes, 'x', sizeof(key.bytes));
    for (key.len = 1; key.len <= RECORD_KEY_MAX; key.len++)
        assert_int_equal(store_put(fixture->store, &key, &key.len, 1), NVC_OK);
    for (key.len = 1; key.len <= RECORD_KEY_MAX; key.len++) {
        assert_int_equal(store_get(fixture->store, &key, &value), NVC_OK);
        assert_int_equal(value.len, 1);
        assert_int_equal(value.data[0], key.len);
    }
}

static void
too_large_is_refused_and_nothing_is_written(void **state)
{
    struct fixture *const fixture = *state;

    fixture->config.max_bytes = 8 * MIB;
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, MIB / 4), NVC_ERR_LIMIT);
    assert_int_equal(count_files(fixture, "g"), 0);
    assert_int_equal(put(fixture->store, 1, 0, MIB / 4 - 100), NVC_OK);
    assert_true(has(fixture->store, 1, 0, MIB / 4 - 100));
}

/* Large values stay where they are in the map, small ones are copied out of tree pages
 * that later writers use again. */
static void
values_stay_valid_while_others_write(void **state)
{
    struct fixture *const fixture = *state;
    const struct record_key small = key_of(1), large = key_of(2);
    struct store_value small_value, large_value;
    struct store *other;

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 900), NVC_OK);
    assert_int_equal(put(fixture->store, 2, 0, 90000), NVC_OK);
    assert_int_equal(store_get(fixture->store, &small, &small_value), NVC_OK);
    assert_int_equal(store_get(fixture->store, &large, &large_value), NVC_OK);
    assert_int_equal(store_open(&fixture->config, &other), NVC_OK);
    for (unsigned n = 100; n < 400; n++)
        assert_int_equal(put(other, n, 0, 700), NVC_OK);
    store_close(other);
    for (unsigned n = 400; n < 500; n++)
        assert_int_equal(put(fixture->store, n, 0, 5000), NVC_OK);
    assert_true(has(fixture->store, 450, 0, 5000));
    assert_true(is_payload(small_value, 1, 0, 900));
    assert_true(is_payload(large_value, 2, 0, 90000));
}

static void
values_stay_valid_when_their_generation_is_evicted(void **state)
{
    struct fixture *const fixture = *state;
    const struct record_key key = key_of(1);
    struct store_value value;

    fixture->config.max_bytes = 4 * MIB;
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 100000), NVC_OK);
    assert_int_equal(store_get(fixture->store, &key, &value), NVC_OK);
    for (unsigned n = 100; n < 200; n++)
        assert_int_equal(put(fixture->store, n, 0, 100000), NVC_OK);
    assert_true(is_payload(value, 1, 0, 100000));
    assert_int_equal(status_of_get(fixture->store, 1), NVC_MISS);
    assert_int_equal(store_clear(fixture->store), NVC_OK);
    assert_true(is_payload(value, 1, 0, 100000));
}

/* *out_inheritable: those that a child would get, beyond the three standard ones. */
static size_t
count_descriptors(size_t *out_inheritable)
{
    size_t n = 0;
    DIR *dir = opendir("/proc/self/fd");

    assert_non_null(dir);
    *out_inheritable = 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const int fd = atoi(entry->d_name);

        if (entry->d_name[0] == '.' || fd == dirfd(dir))
            continue;
        n++;
        if (fd > 2 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
            ++*out_inheritable;
    }
    closedir(dir);
    return n;
}

static void
no_descriptor_can_be_inherited_and_none_is_open_after_release(void **state)
{
    struct fixture *const fixture = *state;
    size_t inherited_before, inheritable;
    const size_t before = count_descriptors(&inherited_before);

    fixture->config.max_bytes = 8 * MIB;
    fixture_open(fixture);
    fill_generations(fixture, 0, 100000, 3);
    assert_int_equal(status_of_get(fixture->store, 9999), NVC_MISS);
    assert_true(count_descriptors(&inheritable) > before + 3);
    assert_int_equal(inheritable, inherited_before);
    store_release(fixture->store);
    assert_int_equal(count_descriptors(&inheritable), before);
    assert_true(has(fixture->store, 0, 0, 100000));
}

static void
signals_are_as_before_after_every_call(void **state)
{
    struct fixture *const fixture = *state;
    sigset_t before, after;

    sigprocmask(SIG_BLOCK, NULL, &before);
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    assert_true(has(fixture->store, 1, 0, 1000));
    sigprocmask(SIG_BLOCK, NULL, &after);
    for (int signal_number = 1; signal_number < 32; signal_number++)
        assert_int_equal(sigismember(&before, signal_number),
                         sigismember(&after, signal_number));
}

static void
a_directory_removed_between_sessions_is_made_again(void **state)
{
    struct fixture *const fixture = *state;

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    store_release(fixture->store);
    fs_remove_tree(fixture->cache);
    assert_int_equal(status_of_get(fixture->store, 1), NVC_MISS);
    assert_int_equal(put(fixture->store, 1, 1, 1000), NVC_OK);
    assert_true(has(fixture->store, 1, 1, 1000));
}

static void
a_directory_removed_within_a_session_costs_only_the_cache(void **state)
{
    struct fixture *const fixture = *state;

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    fs_remove_tree(fixture->cache);
    assert_int_not_equal(put(fixture->store, 2, 0, 1000), NVC_OK);
    store_release(fixture->store);
    assert_int_equal(put(fixture->store, 2, 0, 1000), NVC_OK);
    assert_true(has(fixture->store, 2, 0, 1000));
}

static void
closing_nothing_is_fine(void **state)
{
    (void)state;
    store_close(NULL);
}

int
test_store(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(what_is_put_is_found_by_the_next_process),
        STORE_TEST(what_we_put_ourselves_is_found_at_once),
        STORE_TEST(what_others_put_is_found_although_our_map_is_too_short),
        STORE_TEST(a_key_that_is_there_is_left_as_it_is),
        STORE_TEST(the_newest_generation_wins),
        STORE_TEST(keys_of_any_length_are_kept_apart),
        STORE_TEST(too_large_is_refused_and_nothing_is_written),
        STORE_TEST(values_stay_valid_while_others_write),
        STORE_TEST(values_stay_valid_when_their_generation_is_evicted),
        STORE_TEST(no_descriptor_can_be_inherited_and_none_is_open_after_release),
        STORE_TEST(signals_are_as_before_after_every_call),
        STORE_TEST(a_directory_removed_between_sessions_is_made_again),
        STORE_TEST(a_directory_removed_within_a_session_costs_only_the_cache),
        STORE_TEST(closing_nothing_is_fine),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
