/* Helpers for work that is large.  Must never leave one of these behind. */

#include "nvcache/base/threads.h"

#include "nvcache/base/cpus.h"
#include "nvcache/base/guard.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

enum {
    STACK_SIZE = 256 << 10
};

struct shared_work {
    void (*work)(void *arg);
    void *arg;
};

static void *
help(void *arg)
{
    const struct shared_work *shared = arg;

    shared->work(shared->arg);
    return NULL;
}

static size_t
lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t
threads_worth(uint64_t amount, uint64_t per_helper)
{
    const uint64_t worth = amount / per_helper;
    const size_t most = worth < THREADS_HELPERS_MAX ? (size_t)worth : THREADS_HELPERS_MAX;

    return most > 0 ? lesser(lesser(most, cpus_usable() - 1), cpus_idle(true)) : 0;
}

/* How many were started. */
static size_t
start(void *(*main)(void *arg), void *arg, pthread_t *helpers, size_t n)
{
    pthread_attr_t attr;
    sigset_t mask;
    sigset_t old;
    size_t started = 0;

    guard_block_others(&mask);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &mask, &old);
    while (started < n && pthread_create(&helpers[started], &attr, main, arg) == 0)
        started++;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    return started;
}

void
threads_share(void (*work)(void *arg), void *arg, size_t n)
{
    struct shared_work shared = {work, arg};
    pthread_t helpers[THREADS_HELPERS_MAX];
    const size_t started =
        n > 0 ? start(help, &shared, helpers, lesser(n, THREADS_HELPERS_MAX)) : 0;

    work(arg);
    for (size_t i = 0; i < started; i++)
        pthread_join(helpers[i], NULL);
}

static void *
close_descriptor(void *arg)
{
    (void)close((int)(intptr_t)arg);
    return NULL;
}

void
threads_close(int fd)
{
    pthread_t closer;

    if (start(close_descriptor, (void *)(intptr_t)fd, &closer, 1) == 1)
        pthread_detach(closer);
    else
        (void)close(fd);
}
