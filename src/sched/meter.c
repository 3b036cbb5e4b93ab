/* Measuring while somebody else waits for the compiler.  The thread takes no signal, owns
 * nothing but the entry, and calls nothing that could be in use elsewhere. */

#include "meter_priv.h"

#include "nvcache/sched/tree.h"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#define MS 1000000L

/* Short compiles are measured too; long ones cost nothing that could be noticed. */
#define PERIOD_FIRST (20 * MS)
#define PERIOD_LAST  (250 * MS)

static void
sample(struct meter *meter)
{
    struct pool_entry *const entry = meter->entry;

    entry->now_bytes = tree_bytes();
    if (entry->now_bytes > entry->peak_bytes)
        entry->peak_bytes = entry->now_bytes;
    pool_say(meter->pool, entry);
}

static struct timespec
after(long period)
{
    struct timespec moment;

    clock_gettime(CLOCK_MONOTONIC, &moment);
    moment.tv_nsec += period;
    if (moment.tv_nsec >= 1000 * MS) {
        moment.tv_sec++;
        moment.tv_nsec -= 1000 * MS;
    }
    return moment;
}

static void *
run(void *arg)
{
    struct meter *const meter = arg;
    long period = PERIOD_FIRST;

    pthread_mutex_lock(&meter->mutex);
    while (!meter->is_stopping) {
        const struct timespec until = after(period);

        pthread_cond_timedwait(&meter->wake, &meter->mutex, &until);
        if (!meter->is_stopping)
            sample(meter);
        period = period * 3 / 2 < PERIOD_LAST ? period * 3 / 2 : PERIOD_LAST;
    }
    pthread_mutex_unlock(&meter->mutex);
    return NULL;
}

static bool
start_thread(struct meter *meter)
{
    pthread_attr_t attr;
    sigset_t all;
    sigset_t old;
    int error;

    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, (size_t)256 << 10);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&meter->thread, &attr, run, meter);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    return error == 0;
}

void
meter_start(struct meter *meter, struct pool *pool, struct pool_entry *entry)
{
    pthread_condattr_t attr;

    *meter = (struct meter){.pool = pool, .entry = entry};
    pthread_mutex_init(&meter->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&meter->wake, &attr);
    pthread_condattr_destroy(&attr);
    meter->is_running = start_thread(meter);
}

uint64_t
meter_largest(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_CHILDREN, &usage) == 0 && usage.ru_maxrss > 0
               ? (uint64_t)usage.ru_maxrss * 1024
               : 0;
}

void
meter_stop(struct meter *meter)
{
    const uint64_t largest = meter_largest();

    if (meter->is_running) {
        pthread_mutex_lock(&meter->mutex);
        meter->is_stopping = true;
        pthread_cond_signal(&meter->wake);
        pthread_mutex_unlock(&meter->mutex);
        pthread_join(meter->thread, NULL);
        pthread_cond_destroy(&meter->wake);
        pthread_mutex_destroy(&meter->mutex);
        meter->is_running = false;
    }
    if (meter->entry->peak_bytes < largest)
        meter->entry->peak_bytes = largest;
}
