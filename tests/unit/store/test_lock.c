/* Several processes at once, and processes that stop or die at the wrong moment. */

#include "store_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>

int test_lock(void);

/* Others may have the processors for long; deadlines have tests of their own. */
static void
be_patient(struct fixture *fixture)
{
    fixture->config.read_wait_ms = 60000;
    fixture->config.write_wait_ms = 60000;
}

static struct store_damage
damage_of(const struct fixture *fixture)
{
    struct store_damage damage;

    store_get_damage(fixture->store, &damage);
    return damage;
}

/* A child that holds the lock of the store and then stops itself. */
static pid_t
start_stopped_holder(const struct fixture *fixture)
{
    const pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        struct lock lock = lock_init();
        char path[128];
        int dir;

        snprintf(path, sizeof(path), "%s/" DIRECTORY_SUBDIR, fixture->cache);
        dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (lock_take(&lock, dir, STORE_LOCK_NAME, -1, LOCK_EXCLUSIVE, 1000) != NVC_OK)
            _exit(1);
        raise(SIGSTOP);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    return pid;
}

static void
end_holder(pid_t pid)
{
    int status;

    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void
a_stopped_lock_holder_costs_the_deadline_and_no_more(void **state)
{
    struct fixture *const fixture = *state;
    pid_t holder;

    fixture->config.max_bytes = 16 * MIB;
    fixture->config.read_wait_ms = 20;
    fixture->config.write_wait_ms = 40;
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 50000), NVC_OK);
    fill_generations(fixture, 100, 100000, 2);
    assert_int_equal(put(fixture->store, 2, 0, 50000), NVC_OK);
    fixture_open(fixture);
    holder = start_stopped_holder(fixture);
    /* Sealed files need no lock. */
    assert_true(has(fixture->store, 1, 0, 50000));
    assert_int_equal(status_of_get(fixture->store, 2), NVC_ERR_LOCK);
    assert_int_equal(status_of_get(fixture->store, 3), NVC_ERR_LOCK);
    /* Three lookups waited once. */
    assert_int_equal(damage_of(fixture).lock_waits, 1);
    assert_int_equal(put(fixture->store, 3, 0, 50000), NVC_ERR_LOCK);
    assert_int_equal(put(fixture->store, 4, 0, 50000), NVC_ERR_LOCK);
    assert_int_equal(damage_of(fixture).lock_waits, 2);
    end_holder(holder);
    store_release(fixture->store);
    assert_true(has(fixture->store, 2, 0, 50000));
    assert_int_equal(put(fixture->store, 3, 0, 50000), NVC_OK);
}

static void
a_waiting_process_can_be_interrupted(void **state)
{
    struct fixture *const fixture = *state;
    pid_t holder, waiter;
    int status;

    fixture_open(fixture);
    holder = start_stopped_holder(fixture);
    waiter = fork();
    assert_true(waiter >= 0);
    if (waiter == 0) {
        fixture->store->write_wait_ms = 600000;
        (void)!put(fixture->store, 1, 0, 1000);
        _exit(0);
    }
    kill(waiter, SIGINT);
    assert_int_equal(waitpid(waiter, &status, 0), waiter);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    end_holder(holder);
}

static void
signals_wait_while_the_lock_is_held(void **state)
{
    const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP};
    struct fixture *const fixture = *state;
    struct lock lock = lock_init();
    sigset_t pending;

    fixture_open(fixture);
    assert_int_equal(lock_take(&lock, fixture->store->directory.fd, STORE_LOCK_NAME, -1,
                               LOCK_EXCLUSIVE, 100),
                     NVC_OK);
    for (size_t i = 0; i < 4; i++) {
        raise(signals[i]);
        sigpending(&pending);
        assert_int_equal(sigismember(&pending, signals[i]), 1);
        signal(signals[i], SIG_IGN); /* drops the pending one */
        signal(signals[i], SIG_DFL);
    }
    lock_close(&lock);
}

static void
a_replaced_lock_file_is_noticed(void **state)
{
    struct fixture *const fixture = *state;
    struct lock lock = lock_init();
    int dir;

    fixture_open(fixture);
    dir = fixture->store->directory.fd;
    assert_int_equal(lock_take(&lock, dir, "lock", -1, LOCK_EXCLUSIVE, 100), NVC_OK);
    lock_drop(&lock);
    assert_int_equal(unlinkat(dir, "lock", 0), 0);
    assert_false(lock_is_current(&lock, dir, "lock"));
    assert_int_equal(lock_take(&lock, dir, "lock", -1, LOCK_EXCLUSIVE, 100), NVC_OK);
    assert_true(lock_is_current(&lock, dir, "lock"));
    lock_close(&lock);
}

/* ---- several writers ---- */

enum {
    WRITERS = 4,
    PER_WRITER = 60
};

static size_t
size_of(unsigned n)
{
    return n % 5 == 0 ? 60000 : 200 + n * 7 % 3000;
}

static int
write_and_read(struct fixture *fixture, unsigned writer)
{
    struct store *store;

    for (unsigned i = 0; i < PER_WRITER; i++) {
        const unsigned own = 1000 * (writer + 1) + i;

        if (store_open(&fixture->config, &store) != NVC_OK)
            return 1;
        if (put(store, own, 0, size_of(own)) != NVC_OK)
            return 2;
        /* The same key from all of them. */
        if (put(store, i, 0, size_of(i)) != NVC_OK)
            return 3;
        if (!has(store, own, 0, size_of(own)) || !has(store, i, 0, size_of(i)))
            return 4;
        store_close(store);
    }
    return 0;
}

static void
processes_that_write_at_once_lose_nothing(void **state)
{
    struct fixture *const fixture = *state;
    pid_t pids[WRITERS];
    int status;

    be_patient(fixture);
    fixture_open(fixture);
    store_release(fixture->store);
    for (unsigned w = 0; w < WRITERS; w++) {
        pids[w] = fork();
        if (pids[w] == 0)
            _exit(write_and_read(fixture, w));
    }
    for (unsigned w = 0; w < WRITERS; w++) {
        assert_int_equal(waitpid(pids[w], &status, 0), pids[w]);
        assert_int_equal(status, 0);
    }
    for (unsigned w = 0; w < WRITERS; w++)
        for (unsigned i = 0; i < PER_WRITER; i++) {
            const unsigned n = 1000 * (w + 1) + i;

            assert_true(has(fixture->store, n, 0, size_of(n)));
        }
}

/* ---- killed ---- */

static uint32_t
next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* Has the file `number` been evicted?  Others may have written all that the limit holds
 * while this process was not running. */
static bool
is_evicted(struct store *store, uint64_t number)
{
    struct store_usage usage;

    store_release(store);
    return store_get_usage(store, &usage) == NVC_OK && store->n_generations > 0 &&
           store->generations[store->n_generations - 1]->number > number;
}

static void
put_for_ever(struct fixture *fixture, uint32_t seed)
{
    struct store *store;

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when the test fails */
    for (;;) {
        const unsigned n = next_random(&seed) % 500;

        if (store_open(&fixture->config, &store) != NVC_OK)
            _exit(1);
        if (put(store, n, 0, size_of(n)) != NVC_OK)
            _exit(2);
        const uint64_t number = store->generations[0]->number;

        if (!has(store, n, 0, size_of(n)) && !is_evicted(store, number))
            _exit(3);
        store_promote(store);
        store_close(store);
    }
}

enum {
    KILLS = 60,
    ALIVE = 3
};

static void
kill_and_replace(struct fixture *fixture, pid_t *pid, uint32_t seed)
{
    int status;

    if (*pid > 0) {
        kill(*pid, SIGKILL);
        assert_int_equal(waitpid(*pid, &status, 0), *pid);
        assert_int_equal(status,
                         SIGKILL); /* not how it ends itself: 1, 2, 3 in the high byte */
    }
    *pid = fork();
    assert_true(*pid >= 0);
    if (*pid == 0)
        put_for_ever(fixture, seed);
}

static void
killed_writers_leave_no_lock_and_no_damage(void **state)
{
    struct fixture *const fixture = *state;
    struct store_verify_report report;
    pid_t pids[ALIVE] = {0};
    uint32_t seed = 1;

    fixture->config.max_bytes = 4 * MIB;
    be_patient(fixture);
    fixture_open(fixture);
    store_release(fixture->store);
    for (unsigned i = 0; i < KILLS; i++) {
        /* Something to do between two kills: a round of our own. */
        for (unsigned n = 0; n < next_random(&seed) % 8; n++)
            assert_int_equal(put(fixture->store, 2000 + n, 0, 3000), NVC_OK);
        store_release(fixture->store);
        kill_and_replace(fixture, &pids[i % ALIVE], i);
    }
    for (unsigned i = 0; i < ALIVE; i++)
        end_holder(pids[i]);
    assert_int_equal(put(fixture->store, 9999, 0, 1000), NVC_OK);
    assert_int_equal(store_verify(fixture->store, true, NULL, NULL, &report), NVC_OK);
    assert_int_equal(report.bad_records, 0);
    assert_int_equal(report.bad_generations, 0);
    assert_true(report.records > 0);
    assert_true(bytes_of(fixture, "g") <= 4 * MIB + 4 * MIB / 16);
}

int
test_lock(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_stopped_lock_holder_costs_the_deadline_and_no_more),
        STORE_TEST(a_waiting_process_can_be_interrupted),
        STORE_TEST(signals_wait_while_the_lock_is_held),
        STORE_TEST(a_replaced_lock_file_is_noticed),
        STORE_TEST(processes_that_write_at_once_lose_nothing),
        STORE_TEST(killed_writers_leave_no_lock_and_no_damage),
    };

    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
