/* Measuring while somebody else waits for the compiler.  The thread takes no signal, owns
 * nothing but the entry, and calls nothing that could be in use elsewhere.
 *
 * Must never leave a process stopped: they go on when measuring ends, and when we are
 * asked to end, so that they notice the signal that was passed on to them. */

#include "meter_priv.h"

#include "nvcache/base/clock.h"
#include "nvcache/base/guard.h"
#include "nvcache/base/log.h"
#include "nvcache/base/process.h"
#include "nvcache/sched/tree.h"
#include "pause_priv.h"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#define MS 1000000L

/* Short compiles are measured too; long ones cost nothing that could be noticed. */
#define PERIOD_FIRST (20 * MS)
#define PERIOD_LAST  (250 * MS)
#define HEARTBEAT_NS (60000 * (int64_t)MS)
/* When it matters what happens next. */
#define PERIOD_TIGHT (50 * MS)

static void
log_memory(const char *event, const struct meter *meter)
{
    log_event(event, "now_mib=%llu need_mib=%llu unit=%s",
              (unsigned long long)(meter->entry->now_bytes >> 20),
              (unsigned long long)(meter->entry->need_bytes >> 20), meter->entry->label);
}

static void
go_on(struct meter *meter)
{
    if (!meter->entry->is_paused)
        return;
    meter->entry->is_paused = 0;
    meter->paused_ns += clock_mono_ns() - meter->paused_since_ns;
    tree_signal(SIGCONT);
    log_memory("memory.go_on", meter);
}

/* Is it for us to tell the user?  Who waits tells that already, and one is enough. */
static bool
is_spokesman(const struct meter *meter, const struct pool_entry *others, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (others[i].state == POOL_WAITING ||
            (others[i].is_paused && pool_is_before(&others[i], meter->entry)))
            return false;
    return true;
}

/* Each minute, so that nobody takes the build for dead. */
static void
tell(struct meter *meter, const struct budget *budget, const struct pool_entry *others,
     size_t n)
{
    const struct lease_spec *const spec = meter->spec;
    const int64_t now_ns = clock_mono_ns();
    const int64_t since_ns =
        meter->told_ns > meter->paused_since_ns ? meter->told_ns : meter->paused_since_ns;
    const struct lease_news news = {
        .label = meter->entry->label,
        .need_bytes = meter->entry->need_bytes,
        .free_bytes = budget->available_bytes > budget->headroom_bytes
                          ? budget->available_bytes - budget->headroom_bytes
                          : 0,
        .total_bytes = budget->total_bytes,
        .running = n + 1,
        .waited_ns = now_ns - meter->paused_since_ns,
        .is_paused = true,
    };

    if (!meter->entry->is_paused || now_ns - since_ns < HEARTBEAT_NS ||
        spec->tell == NULL || !is_spokesman(meter, others, n))
        return;
    meter->told_ns = now_ns;
    spec->tell(spec->arg, &news);
}

/* Each time anew: who was just being started when the others were stopped still runs. */
static void
stop(struct meter *meter)
{
    if (!meter->entry->is_paused) {
        meter->paused_since_ns = clock_mono_ns();
        meter->pauses++;
        log_memory("memory.pause", meter);
    }
    meter->entry->is_paused = 1;
    tree_signal(SIGSTOP);
}

static void
set_back(struct meter *meter)
{
    if (!meter->was_set_back)
        log_memory("memory.set_back", meter);
    meter->was_set_back = true;
    tree_signal(SIGKILL);
}

static enum pause_verdict
judge(struct meter *meter)
{
    static struct pool_entry others[POOL_SLOTS];
    struct budget budget;
    size_t n;

    if (process_signal() != 0 ||
        budget_read(meter->source, meter->spec->setting, &budget) != NVC_OK)
        return PAUSE_GO;
    meter->is_tight = budget.available_bytes < 2 * budget.headroom_bytes;
    n = pool_look(meter->pool, others);
    tell(meter, &budget, others, n);
    return pause_judge(&budget, meter->entry, others, n, clock_mono_ns());
}

/* Where there is plenty of memory, what there is of it need not be read as often as a
 * short compile is measured. */
static bool
is_to_be_judged(struct meter *meter)
{
    const int64_t now_ns = clock_mono_ns();

    if (!meter->is_tight && !meter->entry->is_paused && meter->judged_ns != 0 &&
        now_ns - meter->judged_ns < PERIOD_LAST)
        return false;
    meter->judged_ns = now_ns;
    return true;
}

static void
sample(struct meter *meter)
{
    struct pool_entry *const entry = meter->entry;
    enum pause_verdict verdict = PAUSE_GO;

    entry->now_bytes = tree_bytes();
    if (entry->now_bytes > entry->peak_bytes)
        entry->peak_bytes = entry->now_bytes;
    if (meter->was_set_back)
        verdict = PAUSE_SET_BACK;
    else if (is_to_be_judged(meter))
        verdict = judge(meter);
    if (verdict == PAUSE_SET_BACK)
        set_back(meter);
    else if (verdict == PAUSE_STOP)
        stop(meter);
    else
        go_on(meter);
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
        if (meter->is_tight && period > PERIOD_TIGHT)
            period = PERIOD_TIGHT;
    }
    pthread_mutex_unlock(&meter->mutex);
    return NULL;
}

static bool
start_thread(struct meter *meter)
{
    pthread_attr_t attr;
    sigset_t mask;
    sigset_t old;
    int error;

    guard_block_others(&mask);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, (size_t)256 << 10);
    pthread_sigmask(SIG_SETMASK, &mask, &old);
    error = pthread_create(&meter->thread, &attr, run, meter);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    return error == 0;
}

void
meter_start(struct meter *meter, struct pool *pool, struct pool_entry *entry)
{
    pthread_condattr_t attr;

    meter->pool = pool;
    meter->entry = entry;
    meter->is_stopping = false;
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

static void
lock(struct meter *meter)
{
    if (meter->is_running)
        pthread_mutex_lock(&meter->mutex);
}

static void
unlock(struct meter *meter)
{
    if (meter->is_running)
        pthread_mutex_unlock(&meter->mutex);
}

bool
meter_was_set_back(struct meter *meter)
{
    bool was_set_back;

    lock(meter);
    was_set_back = meter->was_set_back;
    unlock(meter);
    return was_set_back;
}

int64_t
meter_paused_ns(struct meter *meter)
{
    int64_t paused_ns;

    lock(meter);
    paused_ns = meter->paused_ns;
    unlock(meter);
    return paused_ns;
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
    go_on(meter);
    if (meter->entry->peak_bytes < largest)
        meter->entry->peak_bytes = largest;
}
