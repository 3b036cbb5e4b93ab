/* Digests of many files: a build directory whose time stamps are new, a container whose
 * memo is empty.  Half of that time is hashing and the other half the kernel's, so
 * several threads are as many times faster.
 *
 * A build starts many compilers at once, which all see the same new headers.  So each
 * begins at another file, tells the memo of a file as soon as it is hashed, and asks it
 * once more before it reads one: together they read each file about once. */

#include "nvcache/digest/filebatch.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/threads.h"
#include "nvcache/digest/filedigest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

/* Starting a thread costs less than half of what reading this much does, where a file
 * costs as much as its bytes and FILE_COST more. */
enum {
    WORK_PER_HELPER = 512 << 10,
    FILE_COST = 16 << 10
};

struct batch {
    struct memo *memo;
    pthread_mutex_t telling; /* one thread at a time writes into the memo */
    int64_t now_ns;
    struct filebatch_item **unknown;
    size_t n;
    size_t first; /* where this process begins */
    atomic_size_t next;
};

/* Processes of one build have numbers that follow each other: these are far apart. */
static size_t
own_place(size_t n)
{
    return n == 0 ? 0 : (uint32_t)getpid() * UINT32_C(2654435769) % n;
}

static void
read_file(struct batch *batch, struct filebatch_item *item, struct buf *buf)
{
    item->status = NVC_OK;
    if (filedigest_is_known(batch->memo, item->stamp, &item->digest))
        return;
    item->status = filedigest_read(item->path, item->stamp, buf, &item->digest);
    if (item->status != NVC_OK)
        return;
    pthread_mutex_lock(&batch->telling);
    filedigest_learn(batch->memo, item->stamp, batch->now_ns, &item->digest);
    pthread_mutex_unlock(&batch->telling);
}

static void
read_files(void *arg)
{
    struct batch *batch = arg;
    AUTO_BUF buf = BUF_INIT;
    size_t i;

    while ((i = atomic_fetch_add(&batch->next, 1)) < batch->n)
        read_file(batch, batch->unknown[(batch->first + i) % batch->n], &buf);
}

static uint64_t
work_of(const struct batch *batch)
{
    uint64_t work = 0;

    for (size_t i = 0; i < batch->n; i++)
        work += batch->unknown[i]->stamp->size + FILE_COST;
    return batch->n > 1 ? work : 0;
}

void
filebatch_get(struct memo *memo, struct filebatch_item *items, size_t n, int64_t now_ns)
{
    AUTO_BUF list = BUF_INIT;
    struct batch batch = {.memo = memo,
                          .telling = PTHREAD_MUTEX_INITIALIZER,
                          .now_ns = now_ns,
                          .unknown = (void *)buf_reserve(&list, n * sizeof(void *))};
    uint64_t work;

    for (size_t i = 0; i < n; i++) {
        const bool is_known = filedigest_is_known(memo, items[i].stamp, &items[i].digest);

        items[i].status = is_known ? NVC_OK : NVC_MISS;
        if (!is_known)
            batch.unknown[batch.n++] = &items[i];
    }
    batch.first = own_place(batch.n);
    work = work_of(&batch);
    if (work >= WORK_PER_HELPER)
        digest_allow_threads();
    threads_share(read_files, &batch, threads_worth(work, WORK_PER_HELPER));
}
