/* The table of reservations: a file of fixed-size entries and one lock byte for each.
 *
 *   entries   at i * 256
 *   locks     at LOCKS + i, the gate behind them: no bytes of the file, only numbers
 *
 * The file is written to its full length before it is used, so that a full disk shows
 * here, and it is never mapped.  Must never block for long, and never trust an entry that
 * its owner did not finish writing. */

#include "nvcache/sched/pool.h"

#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"
#include "nvcache/digest/checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0x504f4f4cU

struct slot {
    uint32_t magic;
    uint32_t version;
    struct pool_entry entry;
    uint8_t unused[64];
    uint64_t check;
};

_Static_assert(sizeof(struct slot) == 256, "the format of a table entry");

enum {
    GATE_TRIES = 1000,
    VERSION = 2
};

#define HEAD_START_US UINT64_C(600000000)

#define LOCKS     ((off_t)1 << 20)
#define GATE      (LOCKS + POOL_SLOTS)
#define FILE_SIZE ((off_t)(POOL_SLOTS * sizeof(struct slot)))

struct pool {
    int fd;
    int slot; /* ours; -1: none */
};

/* ---- opening ---- */

/* The file at its full length.  Others may do the same at the same time: entries that are
 * in use are not touched, because only what is missing is written. */
static bool
fill(int fd)
{
    static const char zeros[4096];
    struct stat info;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    for (off_t at = info.st_size; at < FILE_SIZE;) {
        const size_t left = (size_t)(FILE_SIZE - at);
        const ssize_t n =
            pwrite(fd, zeros, left < sizeof(zeros) ? left : sizeof(zeros), at);

        if (n <= 0)
            return false;
        at += n;
    }
    return true;
}

static bool
lock_byte(int fd, off_t at, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static enum nvc_status
adopt(int fd, struct pool **out)
{
    struct pool *pool = fd >= 0 ? calloc(1, sizeof(*pool)) : NULL;

    if (pool == NULL) {
        fs_closep(&fd);
        return NVC_ERR_POOL;
    }
    *pool = (struct pool){.fd = fd, .slot = -1};
    *out = pool;
    return NVC_OK;
}

enum nvc_status
pool_open(const char *dir, uint64_t domain, int umask, struct pool **out)
{
    const mode_t mode = umask < 0 ? 0600 : (mode_t)(0666 & ~(unsigned)umask);
    char path[4096];
    AUTO_FD fd = -1;
    int got;

    if (snprintf(path, sizeof(path), "%s/" POOL_FILE_PREFIX "%016llx", dir,
                 (unsigned long long)domain) >= (int)sizeof(path))
        return NVC_ERR_POOL;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0 || !fill(fd))
        return NVC_ERR_POOL;
    if (umask >= 0 && fchmod(fd, mode) != 0 && errno != EPERM)
        return NVC_ERR_POOL;
    got = fd;
    fd = -1;
    return adopt(got, out);
}

enum nvc_status
pool_open_file(const char *path, struct pool **out)
{
    return adopt(open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), out);
}

void
pool_close(struct pool *pool)
{
    if (pool == NULL)
        return;
    fs_closep(&pool->fd);
    free(pool);
}

/* ---- entries ---- */

static uint64_t
check_of(const struct slot *slot)
{
    return checksum64(slot, offsetof(struct slot, check), 0x6e76636d706f6f6c);
}

enum nvc_status
pool_claim(struct pool *pool)
{
    for (int i = 0; i < POOL_SLOTS; i++) {
        if (lock_byte(pool->fd, LOCKS + i, F_WRLCK)) {
            pool->slot = i;
            return NVC_OK;
        }
        if (errno != EAGAIN && errno != EACCES)
            return NVC_ERR_POOL;
    }
    return NVC_ERR_POOL_FULL;
}

void
pool_say(struct pool *pool, const struct pool_entry *entry)
{
    struct slot slot;
    ssize_t n;

    memset(&slot, 0, sizeof(slot));
    slot.magic = MAGIC;
    slot.version = VERSION;
    slot.entry = *entry;
    slot.entry.beat_ns = clock_mono_ns();
    slot.check = check_of(&slot);
    n = pwrite(pool->fd, &slot, sizeof(slot), (off_t)sizeof(slot) * pool->slot);
    (void)n;
}

/* A reader may catch a writer half way: look again once. */
static bool
read_entry(const struct pool *pool, int i, struct pool_entry *out)
{
    struct slot slot;

    for (int tries = 0; tries < 2; tries++) {
        if (pread(pool->fd, &slot, sizeof(slot), (off_t)sizeof(slot) * i) !=
            (ssize_t)sizeof(slot))
            return false;
        if (slot.magic == MAGIC && slot.version == VERSION &&
            slot.check == check_of(&slot)) {
            *out = slot.entry;
            out->label[POOL_LABEL_MAX - 1] = '\0';
            return true;
        }
    }
    return false;
}

static int64_t
rank_of(const struct pool_entry *entry)
{
    const uint64_t known_us =
        entry->expected_us < HEAD_START_US ? entry->expected_us : HEAD_START_US;

    return entry->arrived_ns - (int64_t)known_us * 1000;
}

bool
pool_is_before(const struct pool_entry *a, const struct pool_entry *b)
{
    const int64_t rank_a = rank_of(a);
    const int64_t rank_b = rank_of(b);

    return rank_a != rank_b ? rank_a < rank_b : a->pid < b->pid;
}

static int
compare_entries(const void *a, const void *b)
{
    return pool_is_before(a, b) ? -1 : pool_is_before(b, a);
}

/* The kernel tells of one lock in a range that would stand in our way, the first one or
 * another: what lies on both sides of it is asked for again. */
static void
look_between(struct pool *pool, off_t from, off_t to, struct pool_entry *out, size_t *n)
{
    while (from < to) {
        struct flock lock = {
            .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = from, .l_len = to - from};
        off_t held;

        if (fcntl(pool->fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
            return;
        held = lock.l_start;
        if (held > from)
            look_between(pool, from, held, out, n);
        if (*n < POOL_SLOTS && read_entry(pool, (int)(held - LOCKS), &out[*n]))
            ++*n;
        from = held + 1;
    }
}

size_t
pool_look(struct pool *pool, struct pool_entry *out)
{
    size_t n = 0;

    look_between(pool, LOCKS, LOCKS + POOL_SLOTS, out, &n);
    qsort(out, n, sizeof(*out), compare_entries);
    return n;
}

bool
pool_is_stale(const struct pool_entry *entry, int64_t now_ns)
{
    return now_ns - entry->beat_ns > POOL_STALE_NS;
}

/* ---- the gate ---- */

bool
pool_enter_gate(struct pool *pool)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    for (int i = 0; i < GATE_TRIES; i++) {
        if (lock_byte(pool->fd, GATE, F_WRLCK))
            return true;
        if (errno != EAGAIN && errno != EACCES)
            return false;
        nanosleep(&pause, NULL);
    }
    return false;
}

void
pool_leave_gate(struct pool *pool)
{
    lock_byte(pool->fd, GATE, F_UNLCK);
}
