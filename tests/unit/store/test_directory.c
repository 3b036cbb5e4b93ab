/* Whose directory it is, what is created in it and with which mode, and reading where
 * nothing may be written. */

#include "store_fixture.h"

#include "remotefs_priv.h"

#include "nvcache/store/counters.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>

int test_directory(void);

enum {
    NOBODY = 65534,
    OTHER = 12345,
    GROUP = 54321,
    SKIPPED = 77
};

static enum nvc_status
status_of_open(struct fixture *fixture)
{
    struct store *store = NULL;
    const enum nvc_status st = store_open(&fixture->config, &store);

    if (st == NVC_OK)
        store_close(store);
    else
        assert_null(store);
    return st;
}

static mode_t
mode_of(const struct fixture *fixture, const char *name)
{
    char path[256];
    struct stat info;

    snprintf(path, sizeof(path), "%s%s", fixture->cache, name);
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

static void
a_missing_directory_is_made_with_its_parents_and_tagged(void **state)
{
    struct fixture *const fixture = *state;
    AUTO_BUF tag = BUF_INIT;
    char path[256];

    snprintf(fixture->cache, sizeof(fixture->cache), "%s/a/b/c", fixture->dir);
    assert_int_equal(status_of_open(fixture), NVC_OK);
    snprintf(path, sizeof(path), "%s/CACHEDIR.TAG", fixture->cache);
    assert_int_equal(fs_read(path, 1000, &tag), NVC_OK);
    assert_memory_equal(tag.data, "Signature: 8a477f597d28d172789f06886806bc55", 43);
}

static void
a_directory_that_cannot_be_made_is_an_error(void **state)
{
    struct fixture *const fixture = *state;

    fixture->config.dir = "/proc/nvcache-test";
    assert_int_not_equal(status_of_open(fixture), NVC_OK);
    fixture->config.dir = "/dev/null/cache";
    assert_int_not_equal(status_of_open(fixture), NVC_OK);
}

static void
a_world_writable_directory_is_refused(void **state)
{
    struct fixture *const fixture = *state;
    const struct counters_event event = {.outcome = NVC_MISS_NEW};

    assert_int_equal(mkdir(fixture->cache, 0700), 0);
    assert_int_equal(chmod(fixture->cache, 01777), 0);
    assert_int_equal(status_of_open(fixture), NVC_ERR_OWNER);
    assert_int_equal(counters_add(fixture->cache, -1, &event), NVC_ERR_OWNER);
    assert_int_equal(chmod(fixture->cache, 0775), 0);
    assert_int_equal(status_of_open(fixture), NVC_OK);
    assert_int_equal(counters_add(fixture->cache, -1, &event), NVC_OK);
}

static void
a_symbolic_link_to_a_directory_of_ours_is_fine(void **state)
{
    struct fixture *const fixture = *state;
    char target[128];

    snprintf(target, sizeof(target), "%s/target", fixture->dir);
    assert_int_equal(mkdir(target, 0700), 0);
    assert_int_equal(symlink(target, fixture->cache), 0);
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    assert_true(has(fixture->store, 1, 0, 1000));
}

static void
modes_follow_the_umask_setting_and_the_processs_stays(void **state)
{
    struct fixture *const fixture = *state;
    const struct counters_event event = {.outcome = NVC_MISS_NEW};
    const mode_t before = umask(077);
    struct names names;
    char path[128];

    fixture->config.umask = 002;
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    assert_int_equal(counters_add(fixture->cache, 002, &event), NVC_OK);
    names = files_of(fixture, "g");
    snprintf(path, sizeof(path), "/" DIRECTORY_SUBDIR "/%s", names.v[0]);
    assert_int_equal(mode_of(fixture, ""), 0775);
    assert_int_equal(mode_of(fixture, "/" DIRECTORY_SUBDIR), 0775);
    assert_int_equal(mode_of(fixture, path), 0664);
    assert_int_equal(mode_of(fixture, "/" DIRECTORY_SUBDIR "/lock"), 0664);
    assert_int_equal(mode_of(fixture, "/" DIRECTORY_SUBDIR "/stats.log"), 0664);
    assert_int_equal(mode_of(fixture, "/CACHEDIR.TAG"), 0664);
    assert_int_equal(umask(before), 077);
}

static void
without_the_setting_the_processs_umask_counts(void **state)
{
    struct fixture *const fixture = *state;
    const mode_t before = umask(077);
    struct names names;
    char path[128];

    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    umask(before);
    names = files_of(fixture, "g");
    snprintf(path, sizeof(path), "/" DIRECTORY_SUBDIR "/%s", names.v[0]);
    assert_int_equal(mode_of(fixture, ""), 0700);
    assert_int_equal(mode_of(fixture, path), 0600);
}

/* A umask of 0 must not make what the owner check then refuses. */
static void
nothing_is_ever_made_world_writable(void **state)
{
    struct fixture *const fixture = *state;
    const mode_t before = umask(0);

    fixture->config.umask = 0;
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    umask(before);
    assert_int_equal(mode_of(fixture, "") & 2, 0);
    assert_int_equal(mode_of(fixture, "/" DIRECTORY_SUBDIR) & 2, 0);
    assert_int_equal(status_of_open(fixture), NVC_OK);
}

/* ---- other users (needs root)
 * ---- */

static bool
become(uid_t uid, gid_t gid)
{
    return setgroups(1, &gid) == 0 && setgid(gid) == 0 && setuid(uid) == 0;
}

static void
require_root(void)
{
    if (geteuid() == 0)
        return;
    print_message("skipped: needs root to become another user\n");
    skip();
}

static int
use_as_member(struct fixture *fixture)
{
    if (!become(NOBODY, GROUP))
        return 1;
    if (store_open(&fixture->config, &fixture->store) != NVC_OK)
        return 2;
    if (!has(fixture->store, 1, 0, 1000))
        return 3;
    return put(fixture->store, 2, 0, 1000) == NVC_OK ? 0 : 4;
}

static int
use_as_stranger(struct fixture *fixture)
{
    if (!become(NOBODY, NOBODY))
        return 1;
    return store_open(&fixture->config, &fixture->store) == NVC_ERR_OWNER ? 0 : 2;
}

static void
a_foreign_directory_is_refused(void **state)
{
    struct fixture *const fixture = *state;

    require_root();
    assert_int_equal(chmod(fixture->dir, 0755), 0);
    assert_int_equal(mkdir(fixture->cache, 0755), 0);
    assert_int_equal(chown(fixture->cache, OTHER, GROUP), 0);
    assert_true(child_succeeds(use_as_stranger, fixture));
    /* Writable by a group, but not meant to be shared. */
    assert_int_equal(chmod(fixture->cache, 0775), 0);
    assert_true(child_succeeds(use_as_stranger, fixture));
}

static int
create_as_owner(struct fixture *fixture)
{
    if (!become(OTHER, GROUP))
        return 1;
    if (store_open(&fixture->config, &fixture->store) != NVC_OK)
        return 2;
    return put(fixture->store, 1, 0, 1000) == NVC_OK ? 0 : 3;
}

static void
a_directory_shared_by_a_group_serves_its_members_only(void **state)
{
    struct fixture *const fixture = *state;

    require_root();
    fixture->config.umask = 002;
    assert_int_equal(chmod(fixture->dir, 0755), 0);
    assert_int_equal(mkdir(fixture->cache, 0700), 0);
    assert_int_equal(chown(fixture->cache, OTHER, GROUP), 0);
    assert_int_equal(chmod(fixture->cache, 02775), 0);
    assert_true(child_succeeds(create_as_owner, fixture));
    assert_true(child_succeeds(use_as_member, fixture));
    assert_true(child_succeeds(create_as_owner, fixture));
    assert_true(child_succeeds(use_as_stranger, fixture));
}

static int
continue_as_owner(struct fixture *fixture)
{
    const struct counters_event event = {.outcome = NVC_MISS_NEW};

    if (!become(OTHER, OTHER))
        return 1;
    if (store_open(&fixture->config, &fixture->store) != NVC_OK)
        return 2;
    if (!has(fixture->store, 1, 0, 1000))
        return 3;
    if (put(fixture->store, 2, 0, 1000) != NVC_OK)
        return 4;
    return counters_add(fixture->cache, -1, &event) == NVC_OK ? 0 : 5;
}

static void
assert_owned(const struct fixture *fixture, const char *name)
{
    char path[256];
    struct stat info;

    snprintf(path, sizeof(path), "%s%s", fixture->cache, name);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_uid, OTHER);
    assert_int_equal(info.st_gid, GROUP);
}

static void
what_root_makes_in_a_users_directory_is_the_users(void **state)
{
    const struct counters_event event = {.outcome = NVC_MISS_NEW};
    struct fixture *const fixture = *state;
    char path[128];

    require_root();
    assert_int_equal(chmod(fixture->dir, 0755), 0);
    assert_int_equal(mkdir(fixture->cache, 0700), 0);
    assert_int_equal(chown(fixture->cache, OTHER, GROUP), 0);
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    assert_int_equal(counters_add(fixture->cache, -1, &event), NVC_OK);
    assert_int_equal(counters_zero(fixture->cache, -1), NVC_OK);
    assert_int_equal(counters_add(fixture->cache, -1, &event), NVC_OK);
    snprintf(path, sizeof(path), "/" DIRECTORY_SUBDIR "/%s", files_of(fixture, "g").v[0]);
    assert_owned(fixture, path);
    assert_owned(fixture, "/CACHEDIR.TAG");
    assert_owned(fixture, "/" DIRECTORY_SUBDIR);
    assert_owned(fixture, "/" DIRECTORY_SUBDIR "/lock");
    assert_owned(fixture, "/" DIRECTORY_SUBDIR "/stats");
    assert_owned(fixture, "/" DIRECTORY_SUBDIR "/stats.lock");
    assert_owned(fixture, "/" DIRECTORY_SUBDIR "/stats.log");
    assert_true(child_succeeds(continue_as_owner, fixture));
    assert_true(has(fixture->store, 2, 0, 1000));
}

static int
read_as_stranger(struct fixture *fixture)
{
    struct counters counters;
    struct store_damage damage;
    struct store_usage usage;

    if (!become(NOBODY, NOBODY))
        return 1;
    if (store_open(&fixture->config, &fixture->store) != NVC_OK)
        return 2;
    if (!store_is_read_only(fixture->store))
        return 3;
    if (!has(fixture->store, 1, 0, 1000))
        return 4;
    if (put(fixture->store, 2, 0, 1000) != NVC_ERR_PERMISSION)
        return 5;
    if (store_clear(fixture->store) != NVC_ERR_PERMISSION)
        return 6;
    if (counters_read(fixture->cache, &counters) != NVC_OK ||
        counters.by_status[NVC_MISS_NEW] != 1)
        return 7;
    store_get_damage(fixture->store, &damage);
    if (damage.crashes + damage.records + damage.generations + damage.lock_waits != 0)
        return 8;
    return store_get_usage(fixture->store, &usage) == NVC_OK && usage.entries == 1 ? 0
                                                                                   : 9;
}

static void
fill_for_reading(struct fixture *fixture)
{
    const struct counters_event event = {.outcome = NVC_MISS_NEW};

    assert_int_equal(chmod(fixture->dir, 0755), 0);
    fixture_open(fixture);
    assert_int_equal(put(fixture->store, 1, 0, 1000), NVC_OK);
    assert_int_equal(counters_add(fixture->cache, -1, &event), NVC_OK);
    store_close(fixture->store);
    fixture->store = NULL;
}

static void
roots_directory_can_be_read_by_others(void **state)
{
    struct fixture *const fixture = *state;

    require_root();
    fill_for_reading(fixture);
    assert_true(child_succeeds(read_as_stranger, fixture));
}

/* Copied to a medium without its lock file. */
static void
without_a_lock_file_a_read_only_place_is_read_unlocked(void **state)
{
    struct fixture *const fixture = *state;
    char path[256];

    require_root();
    fill_for_reading(fixture);
    snprintf(path, sizeof(path), "%s/" DIRECTORY_SUBDIR "/lock", fixture->cache);
    assert_int_equal(unlink(path), 0);
    assert_true(child_succeeds(read_as_stranger, fixture));
}

static int
read_on_read_only_mount(struct fixture *fixture)
{
    if (unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(fixture->cache, fixture->cache, NULL, MS_BIND, NULL) != 0 ||
        mount(NULL, fixture->cache, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) != 0)
        return SKIPPED;
    if (store_open(&fixture->config, &fixture->store) != NVC_OK)
        return 2;
    if (!store_is_read_only(fixture->store) || !has(fixture->store, 1, 0, 1000))
        return 3;
    return put(fixture->store, 2, 0, 1000) == NVC_ERR_PERMISSION ? 0 : 4;
}

static void
a_read_only_mount_is_read(void **state)
{
    struct fixture *const fixture = *state;
    const pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        fill_for_reading(fixture);
        _exit(read_on_read_only_mount(fixture));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
        print_message("skipped: may not mount here\n");
        skip();
    }
    assert_int_equal(status, 0);
}

static void
an_empty_read_only_directory_is_an_empty_cache(void **state)
{
    struct fixture *const fixture = *state;
    struct store_usage usage;
    struct counters counters;

    fixture->config.read_only = true;
    assert_int_equal(mkdir(fixture->cache, 0700), 0);
    fixture_open(fixture);
    assert_true(store_is_read_only(fixture->store));
    assert_int_equal(status_of_get(fixture->store, 1), NVC_MISS);
    assert_int_equal(put(fixture->store, 1, 0, 10), NVC_ERR_PERMISSION);
    assert_int_equal(store_get_usage(fixture->store, &usage), NVC_OK);
    assert_int_equal(usage.generations, 0);
    assert_int_equal(counters_read(fixture->cache, &counters), NVC_OK);
    assert_int_equal(counters.damaged, 0);
}

static void
the_setting_read_only_writes_nothing(void **state)
{
    struct fixture *const fixture = *state;

    fill_for_reading(fixture);
    fixture->config.read_only = true;
    fixture_open(fixture);
    assert_true(has(fixture->store, 1, 0, 1000));
    assert_int_equal(put(fixture->store, 2, 0, 1000), NVC_ERR_PERMISSION);
    assert_int_equal(status_of_get(fixture->store, 2), NVC_MISS);
}

/* ---- file systems ---- */

static void
network_file_systems_are_known_by_their_type(void **state)
{
    (void)state;
    assert_string_equal(remotefs_of_type(0x6969), "nfs");
    assert_string_equal(remotefs_of_type(0xFF534D42), "cifs");
    assert_string_equal(remotefs_of_type(0xFFFFFFFFFF534D42U),
                        "cifs"); /* sign-extended */
    assert_string_equal(remotefs_of_type(0x65735546), "fuse");
    assert_string_equal(remotefs_of_type(0x01021997), "9p");
    assert_string_equal(remotefs_of_type(0xBACBACBC), "vmhgfs");
    assert_string_equal(remotefs_of_type(0x53464846), "wslfs");
    assert_null(remotefs_of_type(0xEF53));
    assert_null(remotefs_of_type(0x01021994));
    assert_null(remotefs_of_type(0x9123683E));
    assert_null(remotefs_of_type(0x58465342));
}

static void
a_local_directory_is_not_remote_even_before_it_exists(void **state)
{
    const struct fixture *const fixture = *state;
    char path[256];

    assert_null(store_remote_fs(fixture->dir));
    snprintf(path, sizeof(path), "%s/a/b//c/", fixture->dir);
    assert_null(store_remote_fs(path));
    assert_null(store_remote_fs("no/such/directory"));
    assert_null(store_remote_fs("."));
    assert_null(store_remote_fs("/"));
    assert_null(store_remote_fs(""));
}

static void
a_strangers_file_is_accepted_only_where_a_group_shares(void **state)
{
    struct directory directory = {.fd = -1, .owner = OTHER};

    (void)state;
    assert_true(directory_accepts(&directory, directory.owner));
    assert_true(directory_accepts(&directory, 0));
    assert_false(directory_accepts(&directory, NOBODY));
    directory.shared = true;
    assert_true(directory_accepts(&directory, NOBODY));
}

int
test_directory(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_missing_directory_is_made_with_its_parents_and_tagged),
        STORE_TEST(a_directory_that_cannot_be_made_is_an_error),
        STORE_TEST(a_world_writable_directory_is_refused),
        STORE_TEST(a_symbolic_link_to_a_directory_of_ours_is_fine),
        STORE_TEST(modes_follow_the_umask_setting_and_the_processs_stays),
        STORE_TEST(without_the_setting_the_processs_umask_counts),
        STORE_TEST(nothing_is_ever_made_world_writable),
        STORE_TEST(a_foreign_directory_is_refused),
        STORE_TEST(what_root_makes_in_a_users_directory_is_the_users),
        STORE_TEST(a_directory_shared_by_a_group_serves_its_members_only),
        STORE_TEST(roots_directory_can_be_read_by_others),
        STORE_TEST(without_a_lock_file_a_read_only_place_is_read_unlocked),
        STORE_TEST(a_read_only_mount_is_read),
        STORE_TEST(an_empty_read_only_directory_is_an_empty_cache),
        STORE_TEST(the_setting_read_only_writes_nothing),
        STORE_TEST(network_file_systems_are_known_by_their_type),
        STORE_TEST(a_local_directory_is_not_remote_even_before_it_exists),
        STORE_TEST(a_strangers_file_is_accepted_only_where_a_group_shares),
    };

    return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
