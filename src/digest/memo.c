/* The memo table: buckets of four 64-byte slots.
 *
 *   slot = key 16 | digest 32 | sequence u64 | check u64
 *
 * `check` covers the rest, so a torn or damaged slot does not answer.  Must never make a
 * wrong answer possible, and never write through the mapping (a full disk would be
 * SIGBUS). */

#include "nvcache/digest/memo.h"

#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/tmpfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
    WAYS = 4,
    BUCKETS = 32768
};

struct slot {
    struct checksum key;
    struct digest digest;
    uint64_t sequence; /* when it was written: the oldest makes way */
    uint64_t check;
};

_Static_assert(sizeof(struct slot) == 64, "slots are written with one aligned pwrite");

#define TABLE_SIZE (sizeof(struct slot) * WAYS * BUCKETS)

struct memo {
    const struct slot *slots; /* NULL: not mapped */
    int fd;                   /* -1: no table, or mapped and not writable */
    bool writable;
};

/* Created by root in a user's cache, it is the user's. */
static void
inherit_owner(const char *path, int fd)
{
    char *const copy = strdup(path);
    AUTO_FD dir = copy != NULL ? open(dirname(copy), O_PATH | O_CLOEXEC) : -1;

    if (dir >= 0)
        fs_inherit_owner(fd, dir);
    free(copy);
}

static enum nvc_status
create(const char *path, mode_t mode)
{
    AUTO_TMP tmp = TMPFILE_INIT;
    enum nvc_status st = tmpfile_open(&tmp, path);

    if (st == NVC_OK && ftruncate(tmp.fd, (off_t)TABLE_SIZE) != 0)
        st = status_from_errno(errno);
    if (st == NVC_OK) {
        inherit_owner(path, tmp.fd);
        st = tmpfile_publish(&tmp, mode);
    }
    return st;
}

static int
open_table(const char *path, int umask_setting, bool read_only, bool *out_writable)
{
    const mode_t mode =
        umask_setting < 0 ? 0600 : (mode_t)(0666 & ~(unsigned)umask_setting);
    int fd = read_only ? -1 : open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 && !read_only && errno == ENOENT && create(path, mode) == NVC_OK)
        fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    *out_writable = fd >= 0;
    if (fd < 0)
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd;
}

/* On tmpfs, looking at a page that was never written takes room, and when there is none,
 * it is SIGBUS.  There the table is read with pread. */
static bool
holes_need_memory(int fd)
{
    struct statfs info;

    return fstatfs(fd, &info) != 0 || info.f_type == TMPFS_MAGIC;
}

void
memo_open(const char *path, int umask_setting, bool read_only, struct memo **out)
{
    struct memo *memo = calloc(1, sizeof(*memo));
    struct stat info;
    void *map = MAP_FAILED;
    bool writable;
    int fd;

    *out = memo;
    if (memo == NULL)
        return;
    memo->fd = -1;
    fd = open_table(path, umask_setting, read_only, &writable);
    if (fd < 0 || fstat(fd, &info) != 0 || info.st_size != (off_t)TABLE_SIZE) {
        fs_closep(&fd);
        return;
    }
    memo->fd = fd;
    memo->writable = writable;
    if (holes_need_memory(fd))
        return;
    map = mmap(NULL, TABLE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED)
        memo->slots = map;
    if (map == MAP_FAILED || !writable)
        fs_closep(&memo->fd);
}

void
memo_close(struct memo *memo)
{
    if (memo == NULL)
        return;
    if (memo->slots != NULL)
        munmap((void *)(uintptr_t)memo->slots, TABLE_SIZE);
    fs_closep(&memo->fd);
    free(memo);
}

static size_t
bucket_of(struct checksum key)
{
    return (size_t)(key.lo % BUCKETS) * WAYS;
}

static uint64_t
check_of(const struct slot *slot)
{
    return checksum64(slot, offsetof(struct slot, check), 0x6e76636d656d6f31);
}

static bool
same_key(const struct slot *slot, struct checksum key)
{
    return slot->key.lo == key.lo && slot->key.hi == key.hi;
}

static bool
read_bucket(const struct memo *memo, struct checksum key, struct slot out[WAYS])
{
    const size_t size = WAYS * sizeof(struct slot);

    if (memo == NULL)
        return false;
    if (memo->slots != NULL) {
        memcpy(out, &memo->slots[bucket_of(key)], size);
        return true;
    }
    return memo->fd >= 0 &&
           pread(memo->fd, out, size, (off_t)(bucket_of(key) * sizeof(struct slot))) ==
               (ssize_t)size;
}

bool
memo_get(const struct memo *memo, struct checksum key, struct digest *out)
{
    struct slot bucket[WAYS];

    if (!read_bucket(memo, key, bucket))
        return false;
    for (size_t i = 0; i < WAYS; i++) {
        if (same_key(&bucket[i], key) && bucket[i].check == check_of(&bucket[i])) {
            *out = bucket[i].digest;
            return true;
        }
    }
    return false;
}

/* The slot with that key, or else the oldest of the bucket. */
static size_t
place_for(const struct slot bucket[WAYS], struct checksum key)
{
    size_t place = 0;

    for (size_t i = 0; i < WAYS; i++) {
        if (same_key(&bucket[i], key))
            return bucket_of(key) + i;
        if (bucket[i].sequence < bucket[place].sequence)
            place = i;
    }
    return bucket_of(key) + place;
}

void
memo_put(struct memo *memo, struct checksum key, const struct digest *digest)
{
    struct slot slot = {.key = key, .digest = *digest};
    struct slot bucket[WAYS];
    ssize_t written;

    if (memo == NULL || !memo->writable || memo->fd < 0 ||
        !read_bucket(memo, key, bucket))
        return;
    slot.sequence = (uint64_t)clock_wall_ns();
    slot.check = check_of(&slot);
    written = pwrite(memo->fd, &slot, sizeof(slot),
                     (off_t)(place_for(bucket, key) * sizeof(slot)));
    memo->writable = written == (ssize_t)sizeof(slot);
}
