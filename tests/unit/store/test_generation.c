/* The life of generations: rotation, eviction, promotion, another boot, a full disk. */

#include "store_fixture.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

int test_generation(void);

static void
the_store_never_outgrows_its_limit_by_more_than_one_generation(void **state)
{
    struct fixture *const fixture = *state;
    const uint64_t max = 4 * MIB;

    fixture->config.max_bytes = max;
    fixture_open(fixture);
    for (unsigned n = 0; n < 300; n++) {
        assert_int_equal(put(fixture->store, n, 0, 20000 + n * 300), NVC_OK);
        assert_true(bytes_of(fixture, "g") <= max + max / 16);
        assert_int_equal(count_files(fixture, "trash-"), 0);
    }
    assert_true(bytes_of(fixture, "g") > max / 2);
    assert_true(count_files(fixture, "g") > 8);
    assert_true(has(fixture->store, 299, 0, 20000 + 299 * 300));
    assert_int_equal(status_of_get(fixture->store, 0), NVC_MISS);
}

static void
generations_are_a_sixteenth_of_the_limit(void **state)
{
    struct fixture *const fixture = *state;
    struct names names;
    struct stat info;

    fixture->config.max_bytes = 16 * MIB;
    fixture_open(fixture);
    fill_generations(fixture, 0, 50000, 3);
    names = files_of(fixture, "g");
    for (size_t i = 0; i + 1 < names.n; i++) {
        const int fd = open_file(fixture, "g", i);

        assert_int_equal(fstat(fd, &info), 0);
        close(fd);
        assert_true(info.st_size <= (off_t)MIB);
        assert_true(info.st_size >= (off_t)(MIB - 80000));
    }
}

/* The look at the pages before each put (treecheck.c) refuses nothing LMDB makes. */
static void
thousands_of_puts_go_into_one_sound_file(void **state)
{
    struct fixture *const fixture = *state;

    fixture->config.max_bytes = 4096 * MIB;
    fixture_open(fixture);
    for (unsigned n = 0; n < 3000; n++)
        assert_int_equal(
            put(fixture->store, n * 7919 % 3001, 0, n % 9 == 0 ? 9000 : n % 1500),
            NVC_OK);
    assert_int_equal(count_files(fixture, "g"), 1);
    assert_int_equal(count_files(fixture, "bad-"), 0);
}

static void
what_is_read_from_the_oldest_files_survives_eviction(void **state)
{
    struct fixture *const fixture = *state;
    unsigned next;

    fixture->config.max_bytes = 4 * MIB;
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 50000), NVC_OK);
    assert_int_equal(put(fixture->store, 2, 0, 50000), NVC_OK);
    next = fill_generations(fixture, 100, 50000, 14);
    fixture_open(fixture);
    assert_true(has(fixture->store, 1, 0, 50000));
    store_promote(fixture->store);
    for (unsigned n = 0; n < 40; n++)
        assert_int_equal(put(fixture->store, next + n, 0, 50000), NVC_OK);
    assert_true(has(fixture->store, 1, 0, 50000));
    assert_int_equal(status_of_get(fixture->store, 2), NVC_MISS);
}

static void
what_is_read_from_newer_files_is_not_written_again(void **state)
{
    struct fixture *const fixture = *state;
    uint64_t before;

    fixture->config.max_bytes = 16 * MIB;
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 50000), NVC_OK);
    fill_generations(fixture, 100, 50000, 6);
    before = bytes_of(fixture, "g");
    assert_true(has(fixture->store, 1, 0, 50000));
    store_promote(fixture->store);
    assert_int_equal(bytes_of(fixture, "g"), before);
}

static void
promotion_after_release_does_nothing(void **state)
{
    struct fixture *const fixture = *state;
    uint64_t before;

    fixture->config.max_bytes = 4 * MIB;
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 50000), NVC_OK);
    fill_generations(fixture, 100, 50000, 14);
    assert_true(has(fixture->store, 1, 0, 50000));
    before = bytes_of(fixture, "g");
    store_release(fixture->store);
    store_promote(fixture->store);
    assert_int_equal(bytes_of(fixture, "g"), before);
}

/* ---- another boot of the machine ---- */

static void
boot(struct fixture *fixture, const char *id)
{
    fixture_open(fixture);
    strcpy(fixture->store->boot_id, id);
}

static void
another_boot_never_writes_to_the_old_file(void **state)
{
    struct fixture *const fixture = *state;
    struct names before, after;

    boot(fixture, "monday");
    /* Too large to be copied: more than half a generation. */
    for (unsigned n = 0; n < 30; n++)
        assert_int_equal(put(fixture->store, n, 0, 100000), NVC_OK);
    before = files_of(fixture, "g");
    assert_int_equal(before.n, 1);
    boot(fixture, "tuesday");
    assert_int_equal(put(fixture->store, 100, 0, 100000), NVC_OK);
    after = files_of(fixture, "g");
    assert_int_equal(after.n, 2);
    assert_string_equal(after.v[0], before.v[0]);
    assert_true(has(fixture->store, 0, 0, 100000));
    assert_true(has(fixture->store, 100, 0, 100000));
    boot(fixture, "tuesday");
    assert_int_equal(put(fixture->store, 101, 0, 100000), NVC_OK);
    assert_int_equal(count_files(fixture, "g"), 2);
}

static void
a_small_file_of_another_boot_is_carried_over(void **state)
{
    struct fixture *const fixture = *state;

    for (unsigned n = 0; n < 20; n++) {
        char id[16];

        snprintf(id, sizeof(id), "boot %u", n);
        boot(fixture, id);
        assert_int_equal(put(fixture->store, n, 0, 1000 + n * 5000), NVC_OK);
        assert_int_equal(count_files(fixture, "g"), 1);
    }
    for (unsigned n = 0; n < 20; n++)
        assert_true(has(fixture->store, n, 0, 1000 + n * 5000));
    assert_int_equal(count_files(fixture, "trash-"), 0);
}

static void
a_damaged_record_is_not_carried_over(void **state)
{
    struct fixture *const fixture = *state;
    uint8_t *payload;
    uint8_t page[4096];
    int fd;

    boot(fixture, "monday");
    assert_int_equal(put(fixture->store, 1, 0, 4000), NVC_OK);
    assert_int_equal(put(fixture->store, 2, 0, 4000), NVC_OK);
    fd = open_file(fixture, "g", 0);
    payload = payload_of(1, 0, 4000);
    for (off_t at = 0; pread(fd, page, sizeof(page), at) == (ssize_t)sizeof(page);
         at += (off_t)sizeof(page))
        if (memmem(page, sizeof(page), payload, 1000) != NULL)
            assert_int_equal(pwrite(fd, "!", 1, at + 2000), 1);
    free(payload);
    close(fd);
    boot(fixture, "tuesday");
    assert_int_equal(put(fixture->store, 3, 0, 4000), NVC_OK);
    assert_int_equal(count_files(fixture, "g"), 1);
    assert_int_equal(status_of_get(fixture->store, 1), NVC_MISS);
    assert_true(has(fixture->store, 2, 0, 4000));
    assert_true(has(fixture->store, 3, 0, 4000));
}

static void
the_boot_id_is_the_machines(void **state)
{
    struct fixture *const fixture = *state;
    AUTO_BUF text = BUF_INIT;

    if (fs_read("/proc/sys/kernel/random/boot_id", 100, &text) != NVC_OK)
        skip();
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 100), NVC_OK);
    assert_int_equal(strncmp(buf_str(&text), fixture->store->boot_id, 36), 0);
    assert_int_equal(strlen(fixture->store->boot_id), 36);
}

/* ---- a full disk ---- */

/* In a mount namespace of its own, so that nothing stays mounted. */
static bool
mount_small_disk(const char *dir)
{
    return mkdir(dir, 0700) == 0 && unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", dir, "tmpfs", 0, "size=6m,mode=0700") == 0;
}

enum {
    CANNOT_MOUNT = 77
};

static int
store_on_full_disk(struct fixture *fixture)
{
    if (!mount_small_disk(fixture->cache))
        return CANNOT_MOUNT;
    if (store_open(&fixture->config, &fixture->store) != NVC_OK)
        return 1;
    for (unsigned n = 0; n < 400; n++) {
        if (put(fixture->store, n, 0, 60000) != NVC_OK)
            return 2;
        if (!has(fixture->store, n, 0, 60000))
            return 3;
        store_release(fixture->store); /* what is mapped keeps its room on the disk */
    }
    return fixture->store->damage.crashes == 0 ? 0 : 4;
}

static int
run_child(int (*fn)(struct fixture *fixture), struct fixture *fixture)
{
    const pid_t pid = fork();
    int status = -1;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(fn(fixture));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
a_full_disk_drops_the_oldest_and_goes_on(void **state)
{
    struct fixture *const fixture = *state;
    int code;

    fixture->config.max_bytes = 32 * MIB;
    code = run_child(store_on_full_disk, fixture);

    if (code == CANNOT_MOUNT) {
        print_message("skipped: may not mount a tmpfs here\n");
        skip();
    }
    assert_int_equal(code, 0);
}

/* Also with a limit that the disk could never hold. */
static int
store_beyond_the_disk(struct fixture *fixture)
{
    fixture->config.max_bytes = 1024 * MIB;
    return store_on_full_disk(fixture);
}

static void
a_disk_smaller_than_the_limit_holds_many_files(void **state)
{
    const int code = run_child(store_beyond_the_disk, *state);

    if (code == CANNOT_MOUNT) {
        print_message("skipped: may not mount a tmpfs here\n");
        skip();
    }
    assert_int_equal(code, 0);
}

static bool
fill_disk(const struct fixture *fixture)
{
    static const char block[4096];
    char path[128];
    int fd;

    snprintf(path, sizeof(path), "%s/ballast", fixture->cache);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while (write(fd, block, sizeof(block)) == (ssize_t)sizeof(block))
        continue;
    close(fd);
    return errno == ENOSPC;
}

static int
store_where_nothing_can_be_dropped(struct fixture *fixture)
{
    if (!mount_small_disk(fixture->cache))
        return CANNOT_MOUNT;
    if (store_open(&fixture->config, &fixture->store) != NVC_OK)
        return 1;
    if (put(fixture->store, 1, 0, 100000) != NVC_OK || !fill_disk(fixture))
        return 2;
    if (put(fixture->store, 2, 0, 100000) != NVC_ERR_NOSPACE)
        return 3;
    return has(fixture->store, 1, 0, 100000) ? 0 : 4;
}

static void
a_full_disk_with_one_file_keeps_what_there_is(void **state)
{
    const int code = run_child(store_where_nothing_can_be_dropped, *state);

    if (code == CANNOT_MOUNT) {
        print_message("skipped: may not mount a tmpfs here\n");
        skip();
    }
    assert_int_equal(code, 0);
}

/* As under a quota, which statvfs does not tell. */
static int
store_when_one_file_has_all(struct fixture *fixture)
{
    if (!mount_small_disk(fixture->cache))
        return CANNOT_MOUNT;
    if (store_open(&fixture->config, &fixture->store) != NVC_OK)
        return 1;
    for (unsigned i = 0; i < 8; i++)
        if (put(fixture->store, i, 0, 100000) != NVC_OK)
            return 2;
    if (!fill_disk(fixture))
        return 3;
    if (put(fixture->store, 8, 0, 20000) != NVC_OK)
        return 4;
    return has(fixture->store, 8, 0, 20000) ? 0 : 5;
}

static void
a_full_disk_gives_up_the_only_file_for_a_small_record(void **state)
{
    const int code = run_child(store_when_one_file_has_all, *state);

    if (code == CANNOT_MOUNT) {
        print_message("skipped: may not mount a tmpfs here\n");
        skip();
    }
    assert_int_equal(code, 0);
}

int
test_generation(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(the_store_never_outgrows_its_limit_by_more_than_one_generation),
        STORE_TEST(generations_are_a_sixteenth_of_the_limit),
        STORE_TEST(thousands_of_puts_go_into_one_sound_file),
        STORE_TEST(what_is_read_from_the_oldest_files_survives_eviction),
        STORE_TEST(what_is_read_from_newer_files_is_not_written_again),
        STORE_TEST(promotion_after_release_does_nothing),
        STORE_TEST(another_boot_never_writes_to_the_old_file),
        STORE_TEST(a_small_file_of_another_boot_is_carried_over),
        STORE_TEST(a_damaged_record_is_not_carried_over),
        STORE_TEST(the_boot_id_is_the_machines),
        STORE_TEST(a_full_disk_drops_the_oldest_and_goes_on),
        STORE_TEST(a_disk_smaller_than_the_limit_holds_many_files),
        STORE_TEST(a_full_disk_with_one_file_keeps_what_there_is),
        STORE_TEST(a_full_disk_gives_up_the_only_file_for_a_small_record),
    };

    return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}
