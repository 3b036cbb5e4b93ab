/* Files of generations that are not what they were: linked, moved, replaced, written by
 * somebody with another lock, under the last name there is. */

#include "store_fixture.h"

#include "catalog_priv.h"
#include "reader_priv.h"

#include <errno.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>

int test_genfile(void);

static void
path_in(const struct fixture *fixture, const char *name, char out[256])
{
    snprintf(out, 256, "%s/" DIRECTORY_SUBDIR "/%s", fixture->cache, name);
}

static struct buf
contents_of(const char *path)
{
    struct buf data = BUF_INIT;

    assert_int_equal(fs_read(path, (size_t)1 << 30, &data), NVC_OK);
    return data;
}

static void
the_active_file(const struct fixture *fixture, char out[256])
{
    const struct names names = files_of(fixture, "g");

    assert_true(names.n > 0);
    path_in(fixture, names.v[names.n - 1], out);
}

static void
assert_unchanged(const char *path, struct buf *before)
{
    struct buf after = contents_of(path);

    assert_int_equal(after.len, before->len);
    assert_memory_equal(after.data, before->data, after.len);
    buf_fini(&after);
    buf_fini(before);
}

/* A copy of the cache made of hard links has a lock of its own. */
static void
a_file_with_another_name_is_not_written(void **state)
{
    struct fixture *const fixture = *state;
    char active[256], elsewhere[256];
    struct buf before;

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 5000), NVC_OK);
    the_active_file(fixture, active);
    snprintf(elsewhere, sizeof(elsewhere), "%s/copy", fixture->dir);
    assert_int_equal(link(active, elsewhere), 0);
    before = contents_of(elsewhere);
    assert_int_equal(put(fixture->store, 2, 0, 5000), NVC_OK);
    assert_unchanged(elsewhere, &before);
    assert_int_equal(count_files(fixture, "g"), 2);
    assert_true(has(fixture->store, 1, 0, 5000));
    assert_true(has(fixture->store, 2, 0, 5000));
}

/* By another lock file: the first one was removed while it was held. */
static void
a_file_that_somebody_writes_is_left_alone(void **state)
{
    struct fixture *const fixture = *state;
    char active[256];
    struct buf before;
    int fd;

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 5000), NVC_OK);
    the_active_file(fixture, active);
    fd = open(active, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    before = contents_of(active);
    assert_int_equal(put(fixture->store, 2, 0, 5000), NVC_ERR_LOCK);
    assert_unchanged(active, &before);
    assert_int_equal(count_files(fixture, "g"), 1);
    close(fd);
    assert_int_equal(put(fixture->store, 2, 0, 5000), NVC_OK);
}

/* While a store is in use its directory is moved away and another takes its place: what
 * was locked is what is written. */
static void
a_directory_put_in_its_place_is_not_written_without_its_lock(void **state)
{
    struct fixture *const fixture = *state;
    char active[256], moved[1024];
    struct buf before;

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 5000), NVC_OK);
    the_active_file(fixture, active);
    snprintf(moved, sizeof(moved),
             "cp -a '%s' '%s.new' && mv '%s' '%s.old' && mv '%s.new' '%s'",
             fixture->cache, fixture->dir, fixture->cache, fixture->dir, fixture->dir,
             fixture->cache);
    assert_int_equal(system(moved), 0);
    before = contents_of(active);
    assert_int_equal(put(fixture->store, 2, 0, 5000), NVC_OK);
    assert_unchanged(active, &before);
    assert_true(has(fixture->store, 2, 0, 5000));
    store_release(fixture->store);
    assert_int_equal(status_of_get(fixture->store, 2), NVC_MISS);
    assert_true(has(fixture->store, 1, 0, 5000));
    snprintf(moved, sizeof(moved), "%s.old", fixture->dir);
    fs_remove_tree(moved);
}

static void
a_link_as_generation_is_set_aside(void **state)
{
    struct fixture *const fixture = *state;
    char active[256], target[256];
    struct buf before;

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 5000), NVC_OK);
    the_active_file(fixture, active);
    snprintf(target, sizeof(target), "%s/target", fixture->dir);
    assert_int_equal(rename(active, target), 0);
    assert_int_equal(symlink(target, active), 0);
    before = contents_of(target);
    fixture_open(fixture);
    assert_int_equal(status_of_get(fixture->store, 1), NVC_MISS);
    assert_int_equal(fixture->store->damage.generations, 1);
    assert_int_equal(put(fixture->store, 1, 0, 5000), NVC_OK);
    assert_true(has(fixture->store, 1, 0, 5000));
    assert_unchanged(target, &before);
    assert_int_not_equal(access(active, F_OK), 0);
}

/* Nothing can follow it, so all begins anew. */
static void
a_file_under_the_last_name_does_not_grow_for_ever(void **state)
{
    struct fixture *const fixture = *state;
    char active[256], last[256];

    fixture->config.max_bytes = 4 * MIB;
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1000, 0, 5000), NVC_OK);
    the_active_file(fixture, active);
    path_in(fixture, "g9999999999.mdb", last);
    assert_int_equal(rename(active, last), 0);
    for (unsigned n = 0; n < 100; n++) {
        fixture_open(fixture);
        assert_int_equal(put(fixture->store, n, 1, 100000), NVC_OK);
        assert_true(has(fixture->store, n, 1, 100000));
        assert_true(bytes_of(fixture, "g") <= 4 * MIB + 4 * MIB / 16);
    }
    assert_int_not_equal(access(last, F_OK), 0);
    assert_true(count_files(fixture, "g") > 8);
}

/* What a write that was cut short leaves in the older of the two meta pages is not used.
 */
static void
damage_of_the_older_meta_page_is_no_damage(void **state)
{
    const off_t at_last_page = 136, at_transaction = 144;
    struct fixture *const fixture = *state;
    const uint64_t nonsense = UINT64_MAX / 2;
    uint64_t transactions[2];
    off_t older;
    int fd;

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 5000), NVC_OK);
    fd = open_file(fixture, "g", 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pread(fd, &transactions[i], 8, (off_t)i * 4096 + at_transaction),
                         8);
    older = transactions[0] < transactions[1] ? 0 : 4096;
    assert_int_equal(pwrite(fd, &nonsense, 8, older + at_last_page), 8);
    close(fd);
    fixture_open(fixture);
    assert_true(has(fixture->store, 1, 0, 5000));
    assert_int_equal(put(fixture->store, 2, 0, 5000), NVC_OK);
    assert_true(has(fixture->store, 2, 0, 5000));
    assert_int_equal(count_files(fixture, "g"), 1);
    assert_int_equal(count_files(fixture, "bad-"), 0);
}

enum {
    CANNOT_MOUNT = 77
};

static int
store_without_proc(struct fixture *fixture)
{
    if (unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", "/proc", "tmpfs", 0, NULL) != 0)
        return CANNOT_MOUNT;
    if (store_open(&fixture->config, &fixture->store) != NVC_OK)
        return 1;
    for (unsigned n = 0; n < 40; n++)
        if (put(fixture->store, n, 0, 60000) != NVC_OK ||
            !has(fixture->store, n, 0, 60000))
            return 2;
    return fixture->store->damage.crashes == 0 ? 0 : 3;
}

static void
there_need_be_no_proc(void **state)
{
    struct fixture *const fixture = *state;
    const pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        guard_disarm();
        fixture->config.max_bytes = 4 * MIB;
        _exit(store_without_proc(fixture));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CANNOT_MOUNT)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Carrying over and looking again read sealed files in the middle of a write. */
static void
reading_a_sealed_file_keeps_the_writers_lock(void **state)
{
    struct fixture *const fixture = *state;
    const struct record_key key = key_of(0);
    struct store *store;
    struct store_value value;
    int fd;

    fixture->config.max_bytes = 4 * MIB;
    fixture_open(fixture);
    fill_generations(fixture, 0, 50000, 3);
    store = fixture->store;
    assert_int_equal(store_lock(store, LOCK_EXCLUSIVE), NVC_OK);
    assert_int_equal(catalog_load(store), NVC_OK);
    for (size_t i = 0; i < 3; i++) {
        const enum nvc_status st =
            reader_find(store, store->generations[i], &key, &value);

        assert_int_equal(st, i == 2 ? NVC_OK : NVC_MISS);
        assert_true(store->lock.held);
    }
    assert_false(reader_confirm_damage(store, store->generations[1]));
    assert_true(store->lock.held);
    fd = openat(store->directory.fd, STORE_LOCK_NAME, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), -1);
    assert_int_equal(errno, EWOULDBLOCK);
    store_unlock(store);
    close(fd);
}

int
test_genfile(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_file_with_another_name_is_not_written),
        STORE_TEST(a_file_that_somebody_writes_is_left_alone),
        STORE_TEST(a_directory_put_in_its_place_is_not_written_without_its_lock),
        STORE_TEST(a_link_as_generation_is_set_aside),
        STORE_TEST(a_file_under_the_last_name_does_not_grow_for_ever),
        STORE_TEST(damage_of_the_older_meta_page_is_no_damage),
        STORE_TEST(there_need_be_no_proc),
        STORE_TEST(reading_a_sealed_file_keeps_the_writers_lock),
    };

    return cmocka_run_group_tests_name("genfile", tests, NULL, NULL);
}
