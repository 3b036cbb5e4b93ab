/* The history of needs.  Must never make a build wait for a lock or fail: it is a hint.
 */

#include "nvcache/sched/history.h"

#include "nvcache/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WAYS = 4,
    BUCKETS = 4096
};

struct cell {
    struct checksum key;
    struct history_row row;
    uint64_t unused;
    uint64_t check;
};

_Static_assert(sizeof(struct cell) == 64, "the format of a row");

/* No compile needs more; such a number is damage that a checksum let through. */
#define BYTES_MAX ((uint64_t)1 << 46)

struct history {
    int fd;
    bool is_writable;
};

/* Created by root in a user's cache, it is the user's. */
static int
create(const char *path, int umask)
{
    const mode_t mode = umask < 0 ? 0600 : (mode_t)(0666 & ~(unsigned)umask);
    const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    char *copy = fd >= 0 ? strdup(path) : NULL;
    AUTO_FD dir = copy != NULL ? open(dirname(copy), O_PATH | O_CLOEXEC) : -1;

    free(copy);
    if (dir >= 0)
        fs_inherit_owner(fd, dir);
    if (fd >= 0 && umask >= 0)
        (void)!fchmod(fd, mode);
    return fd;
}

static int
open_table(const char *path, int umask, bool *is_writable)
{
    const int flags = O_CLOEXEC | O_NOFOLLOW;
    int fd = -1;

    if (*is_writable)
        fd = open(path, O_RDWR | flags);
    if (fd < 0 && *is_writable && errno == ENOENT)
        fd = create(path, umask);
    if (fd >= 0)
        return fd;
    *is_writable = false;
    return open(path, O_RDONLY | flags);
}

void
history_open(const char *path, int umask, bool read_only, struct history **out)
{
    struct history *history = calloc(1, sizeof(*history));

    *out = NULL;
    if (history == NULL)
        return;
    history->is_writable = !read_only;
    history->fd = open_table(path, umask, &history->is_writable);
    if (history->fd < 0) {
        free(history);
        return;
    }
    *out = history;
}

void
history_close(struct history *history)
{
    if (history == NULL)
        return;
    fs_closep(&history->fd);
    free(history);
}

static uint64_t
check_of(const struct cell *cell)
{
    return checksum64(cell, offsetof(struct cell, check), 0x6e76636d656d6f72);
}

static bool
is_good(const struct cell *cell)
{
    return cell->check == check_of(cell) && cell->row.lanes > 0 &&
           cell->row.peak_bytes < BYTES_MAX && cell->row.largest_bytes < BYTES_MAX;
}

static off_t
place_of(struct checksum key)
{
    return (off_t)(key.lo % BUCKETS * WAYS * sizeof(struct cell));
}

/* What the file does not have reads as empty. */
static void
read_bucket(const struct history *history, off_t at, struct cell out[WAYS])
{
    ssize_t n;

    memset(out, 0, WAYS * sizeof(*out));
    n = pread(history->fd, out, WAYS * sizeof(*out), at);
    (void)n;
}

static bool
is_of(const struct cell *cell, struct checksum key)
{
    return cell->key.lo == key.lo && cell->key.hi == key.hi && is_good(cell);
}

bool
history_get(struct history *history, struct checksum key, struct history_row *out)
{
    struct cell bucket[WAYS];

    if (history == NULL)
        return false;
    read_bucket(history, place_of(key), bucket);
    for (size_t i = 0; i < WAYS; i++) {
        if (is_of(&bucket[i], key)) {
            *out = bucket[i].row;
            return true;
        }
    }
    return false;
}

/* The key's own row, else a damaged or empty one, else the oldest. */
static size_t
way_for(const struct cell bucket[WAYS], struct checksum key)
{
    size_t way = 0;

    for (size_t i = 0; i < WAYS; i++)
        if (is_of(&bucket[i], key))
            return i;
    for (size_t i = 0; i < WAYS; i++) {
        if (!is_good(&bucket[i]))
            return i;
        if (bucket[i].row.when_s < bucket[way].row.when_s)
            way = i;
    }
    return way;
}

void
history_put(struct history *history, struct checksum key, const struct history_row *row)
{
    const off_t at = place_of(key);
    struct cell bucket[WAYS];
    struct cell cell;
    ssize_t n;

    if (history == NULL || !history->is_writable)
        return;
    memset(&cell, 0, sizeof(cell));
    cell.key = key;
    cell.row = *row;
    cell.check = check_of(&cell);
    read_bucket(history, at, bucket);
    n = pwrite(history->fd, &cell, sizeof(cell),
               at + (off_t)(way_for(bucket, key) * sizeof(cell)));
    (void)n;
}

void
history_each(struct history *history, history_visitor *visit, void *arg)
{
    if (history == NULL)
        return;
    for (off_t at = 0; at < (off_t)(BUCKETS * WAYS * sizeof(struct cell));) {
        struct cell bucket[WAYS];

        read_bucket(history, at, bucket);
        for (size_t i = 0; i < WAYS; i++)
            if (is_good(&bucket[i]))
                visit(&bucket[i].row, arg);
        at += (off_t)sizeof(bucket);
    }
}
