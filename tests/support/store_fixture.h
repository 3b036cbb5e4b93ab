#ifndef NVCACHE_TESTS_STORE_FIXTURE_H
#define NVCACHE_TESTS_STORE_FIXTURE_H

/* What the tests of the store share: a directory of their own, keys and payloads that can
 * be told apart, and a look at the files behind the store's back. */

#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/guard.h"
#include "nvcache/store/store.h"

#include "store_priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB ((uint64_t)1 << 20)

struct fixture {
    char dir[64];
    char cache[96];
    struct store_config config;
    struct store *store;
};

static inline int
fixture_make(void **state)
{
    struct fixture *const fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    strcpy(fixture->dir, "/tmp/nvcache-store-XXXXXX");
    if (mkdtemp(fixture->dir) == NULL)
        return -1;
    snprintf(fixture->cache, sizeof(fixture->cache), "%s/cache", fixture->dir);
    fixture->config = (struct store_config){.dir = fixture->cache,
                                            .max_bytes = 64 * MIB,
                                            .umask = -1,
                                            .read_wait_ms = 2000,
                                            .write_wait_ms = 10000,
                                            .read_only = false};
    *state = fixture;
    return 0;
}

static inline int
fixture_remove(void **state)
{
    struct fixture *const fixture = *state;

    store_close(fixture->store);
    fs_remove_tree(fixture->dir);
    free(fixture);
    return 0;
}

static inline void
fixture_open(struct fixture *fixture)
{
    /* cmocka has put its own signal handlers over the guard's. */
    guard_disarm();
    store_close(fixture->store);
    fixture->store = NULL;
    assert_int_equal(store_open(&fixture->config, &fixture->store), NVC_OK);
}

static inline struct record_key
key_of(unsigned n)
{
    struct record_key key = {.len = 33};

    memset(key.bytes, 'k', key.len);
    key.bytes[0] = 'R';
    for (unsigned i = 0; i < 4; i++)
        key.bytes[1 + i] = (uint8_t)(n >> 8 * (3 - i));
    return key;
}

/* Bytes that tell which key and which version they belong to. */
static inline uint8_t *
payload_of(unsigned n, unsigned version, size_t len)
{
    uint8_t *const payload = malloc(len + 1);
    uint32_t x = n * 2654435761U + version * 40503U + 1;

    assert_non_null(payload);
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525U + 1013904223U;
        payload[i] = (uint8_t)(x >> 24);
    }
    return payload;
}

static inline enum nvc_status
put(struct store *store, unsigned n, unsigned version, size_t len)
{
    const struct record_key key = key_of(n);
    uint8_t *const payload = payload_of(n, version, len);
    const enum nvc_status st = store_put(store, &key, payload, len);

    free(payload);
    return st;
}

static inline enum nvc_status
status_of_get(struct store *store, unsigned n)
{
    const struct record_key key = key_of(n);
    struct store_value value;

    return store_get(store, &key, &value);
}

static inline bool
is_payload(struct store_value value, unsigned n, unsigned version, size_t len)
{
    uint8_t *const payload = payload_of(n, version, len);
    const bool same = value.len == len && memcmp(value.data, payload, len) == 0;

    free(payload);
    return same;
}

static inline bool
has(struct store *store, unsigned n, unsigned version, size_t len)
{
    const struct record_key key = key_of(n);
    struct store_value value;

    return store_get(store, &key, &value) == NVC_OK && is_payload(value, n, version, len);
}

/* The names in DIR/v1-lmdb09 that begin with a prefix, in order. */
struct names {
    char v[80][40];
    size_t n;
};

static inline int
compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static inline struct names
files_of(const struct fixture *fixture, const char *prefix)
{
    struct names names = {.n = 0};
    char path[128];
    DIR *dir;

    snprintf(path, sizeof(path), "%s/" DIRECTORY_SUBDIR, fixture->cache);
    dir = opendir(path);
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 && names.n < 80)
            snprintf(names.v[names.n++], 40, "%.39s", entry->d_name);
    closedir(dir);
    qsort(names.v, names.n, sizeof(names.v[0]), compare_names);
    return names;
}

static inline size_t
count_files(const struct fixture *fixture, const char *prefix)
{
    return files_of(fixture, prefix).n;
}

static inline uint64_t
bytes_of(const struct fixture *fixture, const char *prefix)
{
    const struct names names = files_of(fixture, prefix);
    uint64_t sum = 0;
    struct stat info;
    char path[256];

    for (size_t i = 0; i < names.n; i++) {
        snprintf(path, sizeof(path), "%s/" DIRECTORY_SUBDIR "/%s", fixture->cache,
                 names.v[i]);
        if (stat(path, &info) == 0)
            sum += (uint64_t)info.st_size;
    }
    return sum;
}

/* Open one of them, by its place in the order, to damage it. */
static inline int
open_file(const struct fixture *fixture, const char *prefix, size_t index)
{
    const struct names names = files_of(fixture, prefix);
    char path[256];
    int fd;

    assert_true(index < names.n);
    snprintf(path, sizeof(path), "%s/" DIRECTORY_SUBDIR "/%s", fixture->cache,
             names.v[index]);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

/* Put records until there are this many generations; returns the next free number. */
static inline unsigned
fill_generations(struct fixture *fixture, unsigned from, size_t len, size_t generations)
{
    while (count_files(fixture, "g") < generations)
        assert_int_equal(put(fixture->store, from++, 0, len), NVC_OK);
    return from;
}

/* Run in a child of its own; true when it returned 0. */
static inline bool
child_succeeds(int (*fn)(struct fixture *fixture), struct fixture *fixture)
{
    const pid_t pid = fork();
    int status = -1;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(fn(fixture));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#define STORE_TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_make, fixture_remove)

#endif
