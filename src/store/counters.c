/* Statistics on disk, exact although anybody may be killed at any time.
 *
 *   stats.log      records, appended under a shared lock of the log itself
 *   stats.log.N    a log that was taken away to be folded, N = sum's sequence + 1
 *   stats          the sum; knows the sequence of the last log in it
 *   stats.lock     held while folding, reading and zeroing
 *
 * A log is taken away by renaming it under its exclusive lock, so that nobody is between
 * opening it and writing to it; whoever had it open finds another file under the name and
 * opens that one.  The sum and the sequence change in one rename: a log that is still
 * there although its number is in the sum was folded and is only unlinked.
 *
 * A log that cannot be folded (the sum is a newer version's, say) takes events until it
 * is full; then they are lost, and whoever reads the log counts it as damaged.
 *
 * A log is an accident away from disk like everything here (no fsync): a crash of the
 * machine may lose events, never double them. */

#include "counters_priv.h"

#include "directory_priv.h"
#include "lock_priv.h"
#include "store_priv.h"
#include "tally_priv.h"

#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG       "stats.log"
#define SUM       "stats"
#define SUM_NEW   "stats.new"
#define FOLD_LOCK "stats.lock"

/* Nothing that grows beyond this was written by us. */
#define MAX_LOG ((size_t)64 << 20)
#define MAX_SUM ((size_t)64 << 10)

enum {
    FILE_MODE = 0664,
    NAME_SIZE = 40,
    WAIT_ADD_MS = 200,
    WAIT_FOLD_MS = 200,
    WAIT_READ_MS = 2000,
    TRIES = 8
};

static int64_t
deadline_in(unsigned wait_ms)
{
    return clock_mono_ns() + (int64_t)wait_ms * 1000000;
}

static void
close_directory(struct directory *directory)
{
    directory_close(directory);
}

#define AUTO_DIRECTORY __attribute__((cleanup(close_directory))) struct directory

/* ---- files ---- */

static enum nvc_status
read_file(int dir, const char *name, size_t limit, struct buf *out)
{
    AUTO_FD fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return errno == ENOENT ? NVC_MISS : status_from_errno(errno);
    return fs_read_fd(fd, limit, out);
}

/* A sum that is missing or damaged is an empty one. */
static enum nvc_status
read_sum(int dir, struct tally *out)
{
    AUTO_BUF data = BUF_INIT;
    enum nvc_status st;

    memset(out, 0, sizeof(*out));
    st = read_file(dir, SUM, MAX_SUM, &data);
    if (st == NVC_MISS)
        return NVC_OK;
    if (st == NVC_OK)
        st = tally_decode(data.data, data.len, out);
    if (st == NVC_ERR_CORRUPT) {
        log_event("counters.sum", "result=%s", status_word(st));
        out->counters.damaged = 1;
        return NVC_OK;
    }
    return st;
}

static enum nvc_status
write_sum(int dir, int umask, const struct tally *tally)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    AUTO_BUF data = BUF_INIT;
    AUTO_FD fd = -1;
    enum nvc_status st;

    /* A leftover of a process that died here: we hold its lock. */
    unlinkat(dir, SUM_NEW, 0);
    fd = openat(dir, SUM_NEW, flags, FILE_MODE);
    if (fd < 0)
        return status_from_errno(errno);
    directory_adopt(dir, fd, umask);
    tally_encode(tally, &data);
    st = fs_write_full(fd, data.data, data.len);
    if (st == NVC_OK && renameat(dir, SUM_NEW, dir, SUM) != 0)
        st = status_from_errno(errno);
    if (st != NVC_OK)
        unlinkat(dir, SUM_NEW, 0);
    return st;
}

static void
name_of_taken(uint64_t sequence, char out[NAME_SIZE])
{
    snprintf(out, NAME_SIZE, LOG ".%" PRIu64, sequence);
}

static enum nvc_status
add_log_file(int dir, const char *name, struct counters *counters)
{
    AUTO_BUF data = BUF_INIT;
    const enum nvc_status st = read_file(dir, name, MAX_LOG, &data);

    if (st == NVC_OK)
        tally_add_log(counters, data.data, data.len);
    /* A log that was full did not take all events; a larger one is not ours. */
    if (st == NVC_ERR_LIMIT || (st == NVC_OK && data.len >= (size_t)COUNTERS_LOG_FULL))
        counters->damaged++;
    return st == NVC_ERR_LIMIT ? NVC_OK : st;
}

/* ---- adding ---- */

/* Open the log and lock it, so that the file we hold is the one of that name. */
static enum nvc_status
hold_log(int dir, int flags, enum lock_kind kind, struct lock *lock)
{
    const int64_t deadline = deadline_in(WAIT_ADD_MS);
    enum nvc_status st;

    for (int i = 0; i < TRIES; i++) {
        lock->fd = openat(dir, LOG, flags | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
        if (lock->fd < 0)
            return errno == ENOENT ? NVC_MISS : status_from_errno(errno);
        st = lock_wait(lock, kind, deadline);
        if (st != NVC_OK)
            return st;
        if (lock_is_current(lock, dir, LOG))
            return NVC_OK;
        lock_close(lock);
    }
    return NVC_ERR_LOCK;
}

static enum nvc_status
append(int dir, int umask, const struct counters_event *event, int64_t *out_size)
{
    const int flags = O_WRONLY | O_APPEND | O_CREAT;
    AUTO_LOCK lock = lock_init();
    AUTO_BUF record = BUF_INIT;
    struct stat info;
    enum nvc_status st;
    ssize_t n;

    tally_put_event(&record, event, clock_wall_ns() / 1000000000);
    st = hold_log(dir, flags, LOCK_SHARED, &lock);
    if (st != NVC_OK)
        return st == NVC_MISS ? NVC_ERR_IO : st;
    if (fstat(lock.fd, &info) != 0)
        return status_from_errno(errno);
    if (info.st_size >= COUNTERS_LOG_FULL)
        return NVC_ERR_LIMIT;
    /* One write: what a full disk cuts short is skipped by the reader. */
    n = write(lock.fd, record.data, record.len);
    if (n < 0)
        return status_from_errno(errno);
    if ((size_t)n < record.len)
        return NVC_ERR_NOSPACE;
    if (info.st_size == 0)
        directory_adopt(dir, lock.fd, umask); /* we began this log */
    *out_size = (int64_t)info.st_size + n;
    return NVC_OK;
}

/* ---- folding ---- */

/* A log that somebody took away and did not finish: in the sum already, or not. */
static enum nvc_status
finish_taken(int dir, int umask, struct tally *tally)
{
    struct tally next = *tally;
    char name[NAME_SIZE];
    enum nvc_status st;

    name_of_taken(tally->sequence, name);
    unlinkat(dir, name, 0);
    next.sequence++;
    name_of_taken(next.sequence, name);
    st = add_log_file(dir, name, &next.counters);
    if (st != NVC_OK)
        return st == NVC_MISS ? NVC_OK : st;
    st = write_sum(dir, umask, &next);
    if (st != NVC_OK)
        return st;
    unlinkat(dir, name, 0);
    *tally = next;
    return NVC_OK;
}

/* NVC_MISS: there is no log. */
static enum nvc_status
take_log(int dir, const struct tally *tally)
{
    AUTO_LOCK lock = lock_init();
    char name[NAME_SIZE];
    enum nvc_status st;

    st = hold_log(dir, O_RDONLY, LOCK_EXCLUSIVE, &lock);
    if (st != NVC_OK)
        return st;
    name_of_taken(tally->sequence + 1, name);
    return renameat(dir, LOG, dir, name) == 0 ? NVC_OK : status_from_errno(errno);
}

static enum nvc_status
fold_locked(int dir, int umask, struct tally *out)
{
    enum nvc_status st;

    st = read_sum(dir, out);
    if (st == NVC_OK)
        st = finish_taken(dir, umask, out);
    if (st == NVC_OK)
        st = take_log(dir, out);
    if (st == NVC_OK)
        st = finish_taken(dir, umask, out);
    return st == NVC_MISS ? NVC_OK : st;
}

enum nvc_status
counters_fold(const char *dir, int umask)
{
    AUTO_DIRECTORY directory = DIRECTORY_INIT;
    AUTO_LOCK lock = lock_init();
    struct tally tally;
    enum nvc_status st;

    st = directory_open(dir, umask, false, &directory);
    if (st != NVC_OK)
        return st;
    if (directory.fd < 0)
        return NVC_OK;
    st = lock_take(&lock, directory.fd, FOLD_LOCK, umask, LOCK_EXCLUSIVE, WAIT_FOLD_MS);
    return st == NVC_OK ? fold_locked(directory.fd, umask, &tally) : st;
}

/* ---- public ---- */

enum nvc_status
counters_add(const char *dir, int umask, const struct counters_event *event)
{
    AUTO_DIRECTORY directory = DIRECTORY_INIT;
    int64_t size = 0;
    enum nvc_status st;

    st = directory_open(dir, umask, true, &directory);
    if (st != NVC_OK)
        return st;
    if (directory.fd < 0)
        return NVC_ERR_PERMISSION;
    st = append(directory.fd, umask, event, &size);
    if (st == NVC_ERR_LIMIT && counters_fold(dir, umask) == NVC_OK)
        st = append(directory.fd, umask, event, &size);
    if (st != NVC_OK || size < COUNTERS_LOG_LIMIT)
        return st;
    if (counters_fold(dir, umask) != NVC_OK)
        log_event("counters.fold", "result=failed");
    return NVC_OK;
}

enum nvc_status
counters_add_to(const struct store *store, const struct counters_event *event)
{
    const int dir = store->directory.fd;
    int64_t size = 0;

    /* Whatever is not as usual (the directory was removed, the log is full) is left to
     * the whole procedure. */
    if (dir >= 0 && append(dir, store->umask, event, &size) == NVC_OK)
        return size < COUNTERS_LOG_LIMIT ? NVC_OK
                                         : counters_fold(store->dir, store->umask);
    return counters_add(store->dir, store->umask, event);
}

/* What is in the log, with nobody half way through a record if that can be had. */
static enum nvc_status
add_live_log(int dir, struct counters *counters)
{
    AUTO_LOCK lock = lock_init();
    const enum nvc_status st = hold_log(dir, O_RDONLY, LOCK_EXCLUSIVE, &lock);

    if (st == NVC_MISS)
        return st;
    return add_log_file(dir, LOG, counters);
}

static enum nvc_status
read_all(int dir, struct counters *out)
{
    struct tally tally;
    char name[NAME_SIZE];
    enum nvc_status st;

    st = read_sum(dir, &tally);
    if (st != NVC_OK)
        return st;
    name_of_taken(tally.sequence + 1, name);
    st = add_log_file(dir, name, &tally.counters);
    if (st == NVC_OK || st == NVC_MISS)
        st = add_live_log(dir, &tally.counters);
    if (st != NVC_OK && st != NVC_MISS)
        return st;
    *out = tally.counters;
    return NVC_OK;
}

enum nvc_status
counters_read(const char *dir, struct counters *out)
{
    AUTO_DIRECTORY directory = DIRECTORY_INIT;
    AUTO_LOCK lock = lock_init();
    enum nvc_status st;

    st = directory_open(dir, -1, false, &directory);
    if (st != NVC_OK)
        return st;
    if (directory.fd < 0) {
        memset(out, 0, sizeof(*out));
        return NVC_OK;
    }
    /* Where no lock file can be made nobody folds. */
    st = lock_take(&lock, directory.fd, FOLD_LOCK, -1, LOCK_EXCLUSIVE, WAIT_READ_MS);
    if (st != NVC_OK && st != NVC_ERR_PERMISSION && st != NVC_ERR_NOSPACE)
        return st;
    return read_all(directory.fd, out);
}

enum nvc_status
counters_zero(const char *dir, int umask)
{
    AUTO_DIRECTORY directory = DIRECTORY_INIT;
    AUTO_LOCK lock = lock_init();
    struct tally tally;
    enum nvc_status st;

    st = directory_open(dir, umask, true, &directory);
    if (st == NVC_OK && directory.fd < 0)
        st = NVC_ERR_PERMISSION;
    if (st == NVC_OK)
        st = lock_take(&lock, directory.fd, FOLD_LOCK, umask, LOCK_EXCLUSIVE,
                       WAIT_READ_MS);
    if (st == NVC_OK)
        st = fold_locked(directory.fd, umask, &tally);
    if (st != NVC_OK)
        return st;
    memset(&tally.counters, 0, sizeof(tally.counters));
    tally.counters.since_s = clock_wall_ns() / 1000000000;
    return write_sum(directory.fd, umask, &tally);
}
