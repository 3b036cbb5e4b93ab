/* Digests of many files: a build directory whose time stamps are new, a container whose
 * memo is empty.  Half of that time is hashing and the other half the kernel's, so
 * several threads are as many times faster.
 *
 * Threads only read and hash; the memo is asked before and told afterwards by the
 * caller's own thread. */

#include "nvcache/digest/filebatch.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/threads.h"
#include "nvcache/digest/filedigest.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Starting a thread costs less than half of what reading this much does, where a file
 * costs as much as its bytes and FILE_COST more. */
enum {
    WORK_PER_HELPER = 512 << 10,
    FILE_COST = 16 << 10
};

struct batch {
    struct filebatch_item **unknown;
    size_t n;
    atomic_size_t next;
};

static void
read_files(void *arg)
{
    struct batch *batch = arg;
    AUTO_BUF buf = BUF_INIT;
    size_t i;

    while ((i = atomic_fetch_add(&batch->next, 1)) < batch->n) {
        struct filebatch_item *item = batch->unknown[i];

        item->status = filedigest_read(item->path, item->stamp, &buf, &item->digest);
    }
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
    struct batch batch = {.unknown = (void *)buf_reserve(&list, n * sizeof(void *))};
    uint64_t work;

    for (size_t i = 0; i < n; i++) {
        const bool is_known = filedigest_is_known(memo, items[i].stamp, &items[i].digest);

        items[i].status = is_known ? NVC_OK : NVC_MISS;
        if (!is_known)
            batch.unknown[batch.n++] = &items[i];
    }
    work = work_of(&batch);
    if (work >= WORK_PER_HELPER)
        digest_allow_threads();
    threads_share(read_files, &batch, work, WORK_PER_HELPER);
    for (size_t i = 0; i < batch.n; i++)
        if (batch.unknown[i]->status == NVC_OK)
            filedigest_learn(memo, batch.unknown[i]->stamp, now_ns,
                             &batch.unknown[i]->digest);
}
