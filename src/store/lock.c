/* Timed flock.  The kernel gives it back when its holder dies, whatever container the
 * holder was in; LMDB's own lock does neither (process ids and futex owners of two PID
 * namespaces collide, and then two writers are inside at once).
 *
 * Rules: nobody waits longer than the deadline (a stopped holder costs that much and no
 * more); signals that end or stop a process from the keyboard are held back while a lock
 * is held; the file that was locked is still the one the name leads to.
 * Must never run on a network file system: flock can hang there for ever. */

#include "lock_priv.h"

#include "directory_priv.h"

#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    FIRST_PAUSE_NS = 100 * 1000,
    LONGEST_PAUSE_NS = 4 * 1000 * 1000,
    FILE_MODE = 0664,
    TRIES = 8
};

struct lock
lock_init(void)
{
    struct lock lock = {.fd = -1, .held = false};

    sigemptyset(&lock.saved);
    return lock;
}

static void
hold_signals(struct lock *lock)
{
    sigset_t held;

    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    sigaddset(&held, SIGTSTP);
    pthread_sigmask(SIG_BLOCK, &held, &lock->saved);
}

static void
let_signals(const struct lock *lock)
{
    pthread_sigmask(SIG_SETMASK, &lock->saved, NULL);
}

static void
pause_for(int64_t ns)
{
    const struct timespec time = {.tv_sec = 0, .tv_nsec = (long)ns};

    nanosleep(&time, NULL);
}

enum nvc_status
lock_wait(struct lock *lock, enum lock_kind kind, int64_t deadline_ns)
{
    const int operation = (kind == LOCK_SHARED ? LOCK_SH : LOCK_EX) | LOCK_NB;
    int64_t pause = FIRST_PAUSE_NS;

    for (;;) {
        hold_signals(lock);
        if (flock(lock->fd, operation) == 0) {
            lock->held = true;
            return NVC_OK;
        }
        const int error = errno;

        let_signals(lock);
        if (error != EWOULDBLOCK && error != EINTR)
            return NVC_ERR_IO;
        if (clock_mono_ns() + pause > deadline_ns)
            return NVC_ERR_LOCK;
        pause_for(pause);
        pause = pause * 2 > LONGEST_PAUSE_NS ? LONGEST_PAUSE_NS : pause * 2;
    }
}

bool
lock_is_current(const struct lock *lock, int dir_fd, const char *name)
{
    struct stat ours, named;

    return fstat(lock->fd, &ours) == 0 &&
           fstatat(dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

int
lock_open_file(int dir_fd, const char *name, int umask)
{
    const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(dir_fd, name, flags);

    if (fd >= 0 || errno != ENOENT)
        return fd;
    fd = openat(dir_fd, name, flags | O_CREAT, FILE_MODE);
    if (fd < 0)
        return fd;
    directory_adopt(dir_fd, fd, umask);
    /* Some virtual file systems lock the creating descriptor apart from all others. */
    close(fd);
    return openat(dir_fd, name, flags);
}

enum nvc_status
lock_take(struct lock *lock, int dir_fd, const char *name, int umask, enum lock_kind kind,
          unsigned wait_ms)
{
    const int64_t deadline = clock_mono_ns() + (int64_t)wait_ms * 1000000;
    enum nvc_status st;

    for (int i = 0; i < TRIES; i++) {
        if (lock->fd < 0)
            lock->fd = lock_open_file(dir_fd, name, umask);
        if (lock->fd < 0)
            return status_from_errno(errno);
        st = lock_wait(lock, kind, deadline);
        if (st != NVC_OK)
            return st;
        if (lock_is_current(lock, dir_fd, name))
            return NVC_OK;
        lock_close(lock);
    }
    return NVC_ERR_LOCK;
}

void
lock_drop(struct lock *lock)
{
    if (!lock->held)
        return;
    flock(lock->fd, LOCK_UN);
    lock->held = false;
    let_signals(lock);
}

void
lock_close(struct lock *lock)
{
    lock_drop(lock);
    fs_closep(&lock->fd);
}
