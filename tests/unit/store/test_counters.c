/* Counters are exact: nothing is lost or counted twice by a storm of processes, by
 * folding meanwhile, or by a folder that is killed at any of its steps. */

#include "store_fixture.h"

#include "counters_priv.h"
#include "tally_priv.h"

#include <signal.h>

int test_counters(void);

static const struct counters_event hit = {
    .outcome = NVC_HIT_MANIFEST, .saved_us = 3, .bytes = 10};
static const struct counters_event miss = {
    .outcome = NVC_MISS_NEW,
    .nostore = NVC_NOSTORE_LARGE,
    .errors = {NVC_ERR_LOCK, NVC_ERR_IO, NVC_ERR_LOCK},
    .compile_us = 7,
    .bytes = 100};

static struct counters
counters_of(const struct fixture *fixture)
{
    struct counters counters;

    assert_int_equal(counters_read(fixture->cache, &counters), NVC_OK);
    return counters;
}

static void
add(const struct fixture *fixture, const struct counters_event *event, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        assert_int_equal(counters_add(fixture->cache, -1, event), NVC_OK);
}

static void
fold(const struct fixture *fixture)
{
    assert_int_equal(counters_fold(fixture->cache, -1), NVC_OK);
}

static void
nothing_counted_reads_as_zero(void **state)
{
    struct counters zero;

    zero = counters_of(*state);
    assert_int_equal(zero.by_status[NVC_MISS_NEW], 0);
    assert_int_equal(zero.since_s, 0);
}

static void
assert_two_hits_and_one_miss(const struct counters *counters)
{
    assert_int_equal(counters->by_status[NVC_HIT_MANIFEST], 2);
    assert_int_equal(counters->by_status[NVC_MISS_NEW], 1);
    assert_int_equal(counters->by_status[NVC_NOSTORE_LARGE], 1);
    assert_int_equal(counters->by_status[NVC_ERR_LOCK], 2);
    assert_int_equal(counters->by_status[NVC_ERR_IO], 1);
    assert_int_equal(counters->by_status[NVC_OK], 0);
    assert_int_equal(counters->saved_us, 6);
    assert_int_equal(counters->compile_us, 7);
    assert_int_equal(counters->bytes_replayed, 20);
    assert_int_equal(counters->bytes_recorded, 100);
    assert_int_equal(counters->damaged, 0);
    assert_true(counters->since_s > 1700000000);
}

static void
events_are_counted_by_everything_they_say(void **state)
{
    const struct fixture *const fixture = *state;
    struct counters counters;

    add(fixture, &hit, 2);
    add(fixture, &miss, 1);
    counters = counters_of(fixture);
    assert_two_hits_and_one_miss(&counters);
}

static void
an_open_store_counts_into_its_directory_or_a_new_one(void **state)
{
    struct fixture *fixture = *state;
    struct counters counters;

    fixture_open(fixture);
    assert_int_equal(counters_add_to(fixture->store, &hit), NVC_OK);
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], 1);
    fs_remove_tree(fixture->cache);
    assert_int_equal(counters_add_to(fixture->store, &hit), NVC_OK);
    store_release(fixture->store);
    assert_int_equal(counters_add_to(fixture->store, &hit), NVC_OK);
    counters = counters_of(fixture);
    assert_int_equal(counters.by_status[NVC_HIT_MANIFEST], 2);
}

static void
folding_changes_nothing_that_can_be_read(void **state)
{
    const struct fixture *const fixture = *state;
    struct counters counters;

    add(fixture, &hit, 1);
    fold(fixture);
    add(fixture, &hit, 1);
    add(fixture, &miss, 1);
    fold(fixture);
    fold(fixture);
    counters = counters_of(fixture);
    assert_two_hits_and_one_miss(&counters);
    assert_int_equal(count_files(fixture, "stats.log"), 0);
}

static void
a_long_log_is_folded_by_whoever_finds_it(void **state)
{
    const struct fixture *const fixture = *state;
    const unsigned n = (unsigned)(COUNTERS_LOG_LIMIT / TALLY_RECORD_SIZE) + 10;

    add(fixture, &hit, n);
    assert_true(bytes_of(fixture, "stats.log") <= 10 * TALLY_RECORD_SIZE);
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], n);
}

static void
zero_begins_anew(void **state)
{
    const struct fixture *const fixture = *state;
    struct counters counters;

    add(fixture, &hit, 5);
    fold(fixture);
    add(fixture, &hit, 5);
    assert_int_equal(counters_zero(fixture->cache, -1), NVC_OK);
    counters = counters_of(fixture);
    assert_int_equal(counters.by_status[NVC_HIT_MANIFEST], 0);
    assert_int_equal(counters.saved_us, 0);
    assert_true(counters.since_s > 1700000000);
    add(fixture, &hit, 2);
    fold(fixture);
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], 2);
}

/* ---- a folder that was killed ---- */

static void
path_of(const struct fixture *fixture, const char *name, char out[256])
{
    snprintf(out, 256, "%s/" DIRECTORY_SUBDIR "/%s", fixture->cache, name);
}

static void
rename_file(const struct fixture *fixture, const char *from, const char *to)
{
    char old[256], new[256];

    path_of(fixture, from, old);
    path_of(fixture, to, new);
    assert_int_equal(rename(old, new), 0);
}

static void
copy_file(const struct fixture *fixture, const char *from, const char *to)
{
    AUTO_BUF data = BUF_INIT;
    char old[256], new[256];
    int fd;

    path_of(fixture, from, old);
    path_of(fixture, to, new);
    assert_int_equal(fs_read(old, MIB, &data), NVC_OK);
    fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fs_write_full(fd, data.data, data.len), NVC_OK);
    close(fd);
}

static void
killed_after_the_log_was_taken(void **state)
{
    const struct fixture *const fixture = *state;

    add(fixture, &hit, 3);
    fold(fixture);
    add(fixture, &hit, 4);
    rename_file(fixture, "stats.log", "stats.log.2");
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], 7);
    add(fixture, &hit, 1);
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], 8);
    fold(fixture);
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], 8);
    assert_int_equal(count_files(fixture, "stats.log"), 0);
}

static void
killed_after_the_sum_was_written(void **state)
{
    const struct fixture *const fixture = *state;

    add(fixture, &hit, 3);
    copy_file(fixture, "stats.log", "kept");
    fold(fixture);
    rename_file(fixture, "kept", "stats.log.1");
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], 3);
    add(fixture, &hit, 1);
    fold(fixture);
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], 4);
    assert_int_equal(count_files(fixture, "stats.log"), 0);
}

static void
killed_while_the_sum_was_written(void **state)
{
    const struct fixture *const fixture = *state;
    char path[256];

    add(fixture, &hit, 3);
    fold(fixture);
    copy_file(fixture, "stats", "stats.new");
    path_of(fixture, "stats.new", path);
    assert_int_equal(truncate(path, 100), 0);
    add(fixture, &hit, 1);
    rename_file(fixture, "stats.log", "stats.log.2");
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], 4);
    fold(fixture);
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], 4);
    assert_int_equal(count_files(fixture, "stats.new"), 0);
}

enum {
    APPENDERS = 3,
    FOLDERS = 2,
    EVENTS = 500
};

static pid_t
start_folder(const struct fixture *fixture)
{
    const pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        for (;;)
            (void)!counters_fold(fixture->cache, -1);
    return pid;
}

static pid_t
start_appender(const struct fixture *fixture, unsigned events)
{
    const pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid != 0)
        return pid;
    for (unsigned i = 0; i < events; i++)
        if (counters_add(fixture->cache, -1, &hit) != NVC_OK)
            _exit(1);
    _exit(0);
}

static void
end(pid_t pid)
{
    int status;

    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void
folders_killed_anywhere_lose_and_double_nothing(void **state)
{
    const struct fixture *const fixture = *state;
    pid_t appenders[APPENDERS], folders[FOLDERS];
    unsigned running = APPENDERS, kills = 0;
    int status;

    for (unsigned i = 0; i < FOLDERS; i++)
        folders[i] = start_folder(fixture);
    for (unsigned i = 0; i < APPENDERS; i++)
        appenders[i] = start_appender(fixture, EVENTS);
    while (running > 0 || kills < 12) {
        end(folders[kills % FOLDERS]);
        folders[kills++ % FOLDERS] = start_folder(fixture);
        for (unsigned i = 0; i < APPENDERS; i++)
            if (appenders[i] != 0 && waitpid(appenders[i], &status, WNOHANG) != 0) {
                assert_int_equal(status, 0);
                appenders[i] = 0;
                running--;
            }
    }
    for (unsigned i = 0; i < FOLDERS; i++)
        end(folders[i]);
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST],
                     APPENDERS * EVENTS);
    fold(fixture);
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST],
                     APPENDERS * EVENTS);
    assert_int_equal(counters_of(fixture).damaged, 0);
}

static void
a_storm_of_processes_is_counted_exactly(void **state)
{
    enum {
        PROCESSES = 16,
        EACH = 200
    };
    const struct fixture *const fixture = *state;
    pid_t pids[PROCESSES];
    int status;

    for (unsigned i = 0; i < PROCESSES; i++)
        pids[i] = start_appender(fixture, EACH);
    for (unsigned i = 0; i < PROCESSES; i++)
        fold(fixture);
    for (unsigned i = 0; i < PROCESSES; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], PROCESSES * EACH);
    fold(fixture);
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], PROCESSES * EACH);
    assert_int_equal(counters_of(fixture).saved_us, 3 * PROCESSES * EACH);
}

/* ---- damage ---- */

static void
a_torn_record_costs_itself_only(void **state)
{
    const struct fixture *const fixture = *state;
    struct counters counters;
    char path[256];
    int fd;

    add(fixture, &hit, 2);
    path_of(fixture, "stats.log", path);
    assert_int_equal(truncate(path, 2 * TALLY_RECORD_SIZE - 5), 0);
    add(fixture, &hit, 3);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "x", 1, 3 * TALLY_RECORD_SIZE + 20), 1);
    close(fd);
    counters = counters_of(fixture);
    assert_int_equal(counters.by_status[NVC_HIT_MANIFEST], 3);
    assert_int_equal(counters.damaged, 2);
    fold(fixture);
    counters = counters_of(fixture);
    assert_int_equal(counters.by_status[NVC_HIT_MANIFEST], 3);
    assert_int_equal(counters.damaged, 2);
}

static void
a_damaged_sum_is_counted_and_replaced(void **state)
{
    const struct fixture *const fixture = *state;
    char path[256];
    int fd;

    add(fixture, &hit, 2);
    fold(fixture);
    path_of(fixture, "stats", path);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "xxx", 3, 50), 3);
    close(fd);
    add(fixture, &hit, 3);
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], 3);
    assert_int_equal(counters_of(fixture).damaged, 1);
    fold(fixture);
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], 3);
    assert_int_equal(counters_of(fixture).damaged, 1);
}

/* The sum cannot be read, so nothing is folded. */
static void
a_log_that_cannot_be_folded_has_an_end(void **state)
{
    const struct fixture *const fixture = *state;
    char log[256], sum[256];

    add(fixture, &hit, 1);
    path_of(fixture, "stats.log", log);
    path_of(fixture, "stats", sum);
    assert_int_equal(mkdir(sum, 0700), 0);
    assert_int_equal(truncate(log, COUNTERS_LOG_FULL), 0);
    assert_int_equal(counters_add(fixture->cache, -1, &hit), NVC_ERR_LIMIT);
    assert_int_equal(bytes_of(fixture, "stats.log"), COUNTERS_LOG_FULL);
    assert_int_equal(rmdir(sum), 0);
    add(fixture, &hit, 1);
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], 2);
    /* What we put behind the first record, and that the log was full. */
    assert_int_equal(counters_of(fixture).damaged, 2);
    assert_true(bytes_of(fixture, "stats.log") <= TALLY_RECORD_SIZE);
}

static void
a_log_larger_than_any_of_ours_is_dropped(void **state)
{
    const struct fixture *const fixture = *state;
    char log[256];

    add(fixture, &hit, 1);
    path_of(fixture, "stats.log", log);
    assert_int_equal(truncate(log, (off_t)65 << 20), 0);
    assert_int_equal(counters_of(fixture).damaged, 1);
    add(fixture, &hit, 1);
    assert_int_equal(counters_of(fixture).by_status[NVC_HIT_MANIFEST], 1);
    assert_int_equal(counters_of(fixture).damaged, 1);
    assert_true(bytes_of(fixture, "stats.log") <= TALLY_RECORD_SIZE);
}

/* ---- bytes ---- */

static void
a_sum_comes_back_as_it_was_encoded(void **state)
{
    struct tally tally, again;
    AUTO_BUF data = BUF_INIT;

    (void)state;
    memset(&tally, 0, sizeof(tally));
    memset(&again, 0, sizeof(again));
    for (unsigned i = 0; i < NVC_STATUS_LIMIT; i++)
        tally.counters.by_status[i] = (uint64_t)i << 33 | 5;
    tally.sequence = 77;
    tally.counters.since_s = -4;
    tally.counters.damaged = 1;
    tally.counters.saved_us = 2;
    tally.counters.compile_us = 3;
    tally.counters.bytes_replayed = 4;
    tally.counters.bytes_recorded = 5;
    tally_encode(&tally, &data);
    assert_int_equal(tally_decode(data.data, data.len, &again), NVC_OK);
    assert_memory_equal(&tally, &again, sizeof(tally));
    for (size_t i = 0; i < data.len; i++) {
        data.data[i] ^= 1;
        assert_int_not_equal(tally_decode(data.data, data.len, &again), NVC_OK);
        data.data[i] ^= 1;
    }
    for (size_t len = 0; len < data.len; len++)
        assert_int_not_equal(tally_decode(data.data, len, &again), NVC_OK);
}

static void
a_log_record_has_its_size_and_its_checksum(void **state)
{
    struct counters counters;
    AUTO_BUF log = BUF_INIT;

    (void)state;
    tally_put_event(&log, &miss, 1234);
    assert_int_equal(log.len, TALLY_RECORD_SIZE);
    for (size_t i = 0; i < TALLY_RECORD_SIZE; i++) {
        memset(&counters, 0, sizeof(counters));
        log.data[i] ^= 4;
        tally_add_log(&counters, log.data, log.len);
        assert_int_equal(counters.damaged, 1);
        assert_int_equal(counters.by_status[NVC_MISS_NEW], 0);
        log.data[i] ^= 4;
    }
    memset(&counters, 0, sizeof(counters));
    tally_add_log(&counters, log.data, log.len);
    assert_int_equal(counters.by_status[NVC_MISS_NEW], 1);
    assert_int_equal(counters.since_s, 1234);
}

int
test_counters(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(nothing_counted_reads_as_zero),
        STORE_TEST(events_are_counted_by_everything_they_say),
        STORE_TEST(an_open_store_counts_into_its_directory_or_a_new_one),
        STORE_TEST(folding_changes_nothing_that_can_be_read),
        STORE_TEST(a_long_log_is_folded_by_whoever_finds_it),
        STORE_TEST(zero_begins_anew),
        STORE_TEST(killed_after_the_log_was_taken),
        STORE_TEST(killed_after_the_sum_was_written),
        STORE_TEST(killed_while_the_sum_was_written),
        STORE_TEST(folders_killed_anywhere_lose_and_double_nothing),
        STORE_TEST(a_storm_of_processes_is_counted_exactly),
        STORE_TEST(a_torn_record_costs_itself_only),
        STORE_TEST(a_log_that_cannot_be_folded_has_an_end),
        STORE_TEST(a_log_larger_than_any_of_ours_is_dropped),
        STORE_TEST(a_damaged_sum_is_counted_and_replaced),
        cmocka_unit_test(a_sum_comes_back_as_it_was_encoded),
        cmocka_unit_test(a_log_record_has_its_size_and_its_checksum),
    };

    return cmocka_run_group_tests_name("counters", tests, NULL, NULL);
}
