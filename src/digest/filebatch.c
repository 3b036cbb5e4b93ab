/* Digests of many files: a build directory whose time stamps are new, a container whose
 * memo is empty.  Half of that time is hashing and the other half the kernel's, so
 * several threads are as many times faster.
 *
 * Threads only read and hash; the memo is asked before and told afterwards by the
 * caller's own thread. */

#include "nvcache/digest/filebatch.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/cpus.h"
#include "nvcache/digest/filedigest.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Starting a thread costs less than half of what reading this much does, where a file
 * costs as much as its bytes and FILE_COST more. */
enum {
    WORK_PER_THREAD = 512 << 10,
    FILE_COST = 16 << 10,
    STACK_SIZE = 256 << 10
};

struct batch {
    struct filebatch_item **unknown;
    size_t n;
    atomic_size_t next;
};

static void *
read_files(void *arg)
{
    struct batch *batch = arg;
    AUTO_BUF buf = BUF_INIT;
    size_t i;

    while ((i = atomic_fetch_add(&batch->next, 1)) < batch->n) {
        struct filebatch_item *item = batch->unknown[i];

        item->status = filedigest_read(item->path, item->stamp, &buf, &item->digest);
    }
    return NULL;
}

/* Besides the caller's. */
static size_t
count_threads(const struct batch *batch)
{
    const size_t most = FILEBATCH_THREADS - 1;
    uint64_t work = 0;
    uint64_t n;

    for (size_t i = 0; i < batch->n; i++)
        work += batch->unknown[i]->stamp->size + FILE_COST;
    n = batch->n > 1 ? work / WORK_PER_THREAD : 0;
    if (n == 0)
        return 0;
    if (n > most)
        n = most;
    return n < cpus_usable() ? (size_t)n : cpus_usable() - 1;
}

/* How many were started; the caller's thread does the rest of the work. */
static size_t
start_threads(struct batch *batch, pthread_t *threads, size_t n)
{
    pthread_attr_t attr;
    sigset_t all;
    sigset_t old;
    size_t started = 0;

    digest_allow_threads();
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (started < n &&
           pthread_create(&threads[started], &attr, read_files, batch) == 0)
        started++;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    return started;
}

static void
read_batch(struct batch *batch)
{
    pthread_t threads[FILEBATCH_THREADS];
    const size_t wanted = count_threads(batch);
    const size_t started = wanted > 0 ? start_threads(batch, threads, wanted) : 0;

    read_files(batch);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

void
filebatch_get(struct memo *memo, struct filebatch_item *items, size_t n, int64_t now_ns)
{
    AUTO_BUF list = BUF_INIT;
    struct batch batch = {.unknown = (void *)buf_reserve(&list, n * sizeof(void *))};

    for (size_t i = 0; i < n; i++) {
        const bool is_known = filedigest_is_known(memo, items[i].stamp, &items[i].digest);

        items[i].status = is_known ? NVC_OK : NVC_MISS;
        if (!is_known)
            batch.unknown[batch.n++] = &items[i];
    }
    read_batch(&batch);
    for (size_t i = 0; i < batch.n; i++)
        if (batch.unknown[i]->status == NVC_OK)
            filedigest_learn(memo, batch.unknown[i]->stamp, now_ns,
                             &batch.unknown[i]->digest);
}
