/* The life of a generation, and why the store is built of them.
 *
 * - Nothing is deleted or overwritten inside a file.  So there is no free list to walk,
 * no fragmentation, a value stays where it is after the lock was dropped, and the disk
 * space comes back when the oldest file is unlinked.
 * - MDB_NOLOCK and our own flock (lock.c): LMDB's lock is keyed by process ids and futex
 *   owners, which collide between containers; two of them on one directory destroy it.
 * - The highest number takes writes, all others are sealed and read without a lock.  A
 * file is never written again once a higher number existed, so the highest is set aside
 * only after its successor was made, and clear() renames it last.
 * - A new file is begun when the active one is missing, full, damaged, holds a damaged
 * copy of the record to be written, or was begun under another boot of the machine
 * (birth.c).
 * - A file appears under its name complete with its birth record.
 * - Room is made before writing: by renaming, and unlinking after the lock was dropped.
 */

#include "generation_priv.h"

#include "birth_priv.h"
#include "carryover_priv.h"
#include "catalog_priv.h"
#include "reader_priv.h"
#include "writer_priv.h"

#include "nvcache/base/clock.h"
#include "nvcache/base/log.h"
#include "nvcache/base/strlist.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define NEW_NAME "new.mdb"
#define BOOT     "boot"
/* A part of a disk that is nearly full is not less. */
#define SMALLEST_PART ((uint64_t)1 << 20)
/* Meta pages, birth record and a first leaf. */
#define EMPTY_SIZE ((uint64_t)16 << 10)

enum {
    /* Restarts and damage begin generations too; more than this many are not kept. */
    MOST_GENERATIONS = 64,
    TRIES_NOSPACE = 3
};

/* What the cache can ever have on this disk: what it takes now and what is free. */
static uint64_t
room_on_disk(const struct store *store)
{
    struct statvfs disk;
    uint64_t sum = 0;

    if (fstatvfs(store->directory.fd, &disk) != 0)
        return UINT64_MAX;
    for (size_t i = 0; i < store->n_generations; i++)
        sum += store->generations[i]->size;
    return sum + (uint64_t)disk.f_bavail * disk.f_frsize;
}

/* A file is a small part of the disk too: a full disk takes the oldest one away, and if
 * that were the only one, nothing could be stored any more. */
static uint64_t
part_size(const struct store *store)
{
    const uint64_t part = store->max_bytes / STORE_PARTS;
    const uint64_t room = room_on_disk(store) / STORE_PARTS;
    const uint64_t least = part < SMALLEST_PART ? part : SMALLEST_PART;

    if (room >= part)
        return part;
    return room > least ? room : least;
}

/* What a record takes in a file: whole pages and the leaf that names it. */
static uint64_t
footprint(const struct record_key *key, size_t len)
{
    return ((record_size(key, len) + 4095) & ~(uint64_t)4095) + 4096;
}

/* ---- making room ---- */

enum nvc_status
generation_evict(struct store *store, uint64_t max_bytes, size_t keep)
{
    uint64_t sum = catalog_measure(store);
    enum nvc_status st;

    while (store->n_generations > keep &&
           (sum > max_bytes || store->n_generations > MOST_GENERATIONS)) {
        const struct generation *const oldest =
            store->generations[store->n_generations - 1];

        log_event("store.evict", "generation=%" PRIu64 " bytes=%" PRIu64, oldest->number,
                  oldest->size);
        sum -= oldest->size;
        st = catalog_discard(store, store->n_generations - 1);
        if (st != NVC_OK)
            return st;
    }
    return NVC_OK;
}

/* A quota is not to be seen beforehand: a single file can fill all there is, and nothing
 * could ever be stored again.  But it is not given up for a record that counts as much as
 * all that it holds. */
static bool
may_sacrifice(const struct store *store, uint64_t need)
{
    return store->n_generations > 1 ||
           (store->n_generations == 1 &&
            store->generations[0]->size / STORE_PARTS >= need);
}

/* The disk is full: give back a whole file at once, now. */
static bool
sacrifice_oldest(struct store *store, uint64_t need)
{
    const struct generation *oldest;

    if (!may_sacrifice(store, need))
        return false;
    oldest = store->generations[store->n_generations - 1];
    log_event("store.evict", "generation=%" PRIu64 " bytes=%" PRIu64 " why=full",
              oldest->number, oldest->size);
    if (catalog_discard(store, store->n_generations - 1) != NVC_OK)
        return false;
    catalog_sweep(store);
    return true;
}

/* ---- a new one ---- */

static enum nvc_status
write_new_file(struct store *store)
{
    AUTO_WRITER writer = WRITER_INIT;
    const enum nvc_status st = writer_create(store, NEW_NAME, &writer);

    return st == NVC_OK ? writer_give_birth(&writer) : st;
}

/* The highest plus one; the clock only makes it unlikely that a cleared store gives a
 * number again. */
static uint64_t
next_number(const struct store *store)
{
    const int64_t now_s = clock_wall_ns() / 1000000000;

    if (store->n_generations > 0)
        return store->generations[0]->number + 1;
    return now_s > 0 && now_s < CATALOG_LAST ? (uint64_t)now_s : 1;
}

static enum nvc_status
begin_generation(struct store *store, const char *why)
{
    const int dir = store->directory.fd;
    char name[GENERATION_NAME];
    uint64_t number;
    enum nvc_status st;

    /* Nobody gets there by counting: such a name was put there.  Nothing can follow it.
     */
    if (store->n_generations > 0 && store->generations[0]->number >= CATALOG_LAST) {
        st = generation_evict(store, 0, 0);
        if (st != NVC_OK)
            return st;
    }
    number = next_number(store);
    catalog_name(number, name);
    log_event("store.begin", "generation=%" PRIu64 " why=%s", number, why);
    st = write_new_file(store);
    if (st == NVC_OK && renameat(dir, NEW_NAME, dir, name) != 0)
        st = status_from_errno(errno);
    if (st != NVC_OK) {
        unlinkat(dir, NEW_NAME, 0);
        return st;
    }
    return catalog_load(store);
}

/* ---- writing ---- */

static void
mark_damaged(struct store *store, struct generation *generation)
{
    generation->damaged = true;
    store->has_damage = true;
}

/* Why a new generation must be begun before writing; NULL if the active one will do. */
static const char *
active_is_unfit(const struct store *store, uint64_t need)
{
    const struct generation *const active =
        store->n_generations > 0 ? store->generations[0] : NULL;

    if (active == NULL)
        return "first";
    if (active->damaged)
        return "damaged";
    if (active->size + need > part_size(store) && active->size > EMPTY_SIZE)
        return "full";
    return NULL;
}

/* Failures to write that call for a new generation, and the word for it. */
static const struct {
    enum nvc_status st;
    const char *why;
} reasons[] = {
    {NVC_ERR_CORRUPT, "record"},
    {NVC_ERR_LIMIT, "full"},
    {NVC_ERR_GENERATION, "damaged"},
    {NVC_ERR_CRASH, "damaged"},
    {NVC_MISS, "gone"},
    {NVC_ERR_OWNER, "foreign"},
    {NVC_ERR_FORMAT, "foreign"},
    {NVC_ERR_PERMISSION, "foreign"},
    {NVC_ERR_IO, "unreadable"},
};

static const char *
reason_for_another(enum nvc_status st)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].st == st)
            return reasons[i].why;
    return NULL;
}

/* One attempt.  *why is set when a new generation should be tried. */
static enum nvc_status
write_active(struct store *store, const struct record_key *key, const void *payload,
             size_t len, const char **why)
{
    struct generation *const active = store->generations[0];
    AUTO_WRITER writer = WRITER_INIT;
    enum nvc_status st;

    st = writer_open(store, active, key, footprint(key, len), &writer);
    if (st == NVC_OK && !writer_is_ours(&writer)) {
        *why = BOOT;
        return NVC_ERR_GENERATION;
    }
    if (st == NVC_OK)
        st = writer_add(&writer, key, payload, len);
    *why = reason_for_another(st);
    if (st == NVC_ERR_GENERATION || st == NVC_ERR_CRASH)
        mark_damaged(store, active);
    return st;
}

static enum nvc_status
write_once(struct store *store, const struct record_key *key, const void *payload,
           size_t len)
{
    const uint64_t need = footprint(key, len);
    const uint64_t max = store->max_bytes;
    const char *why;
    enum nvc_status st;

    st = generation_evict(store, max > need ? max - need : 0, 1);
    if (st != NVC_OK)
        return st;
    why = active_is_unfit(store, need);
    if (why == NULL) {
        st = write_active(store, key, payload, len, &why);
        if (why == NULL)
            return st;
    }
    if (store->crashed)
        return NVC_ERR_CRASH;
    st = begin_generation(store, why);
    if (st != NVC_OK)
        return st;
    if (str_equal(why, BOOT))
        carryover_run(store);
    return write_active(store, key, payload, len, &why);
}

enum nvc_status
generation_write(struct store *store, const struct record_key *key, const void *payload,
                 size_t len)
{
    enum nvc_status st;

    birth_read_boot_id(store);
    st = write_once(store, key, payload, len);
    for (int i = 0; i < TRIES_NOSPACE && st == NVC_ERR_NOSPACE; i++) {
        if (!sacrifice_oldest(store, footprint(key, len)))
            return st;
        st = write_once(store, key, payload, len);
    }
    return st;
}

/* ---- damage ---- */

static size_t
first_damaged(const struct store *store)
{
    size_t i = 0;

    while (i < store->n_generations && !store->generations[i]->damaged)
        i++;
    return i;
}

static enum nvc_status
set_aside(struct store *store, size_t index)
{
    struct generation *const generation = store->generations[index];
    enum nvc_status st = NVC_OK;

    generation->damaged = false;
    if (!reader_confirm_damage(store, generation))
        return NVC_OK;
    store->damage.generations++;
    if (index == 0)
        st = begin_generation(store, "damaged");
    if (st != NVC_OK)
        return st;
    log_event("store.set_aside", "generation=%" PRIu64, generation->number);
    for (size_t i = 0; i < store->n_generations; i++)
        if (store->generations[i] == generation)
            return catalog_set_aside(store, i);
    return NVC_OK;
}

void
generation_mend(struct store *store)
{
    const bool had_lock = store->lock.held;
    enum nvc_status st = NVC_OK;

    if (!store->has_damage)
        return;
    store->has_damage = false;
    if (store->read_only) {
        store->damage.generations++;
        return;
    }
    birth_read_boot_id(store);
    if (!had_lock)
        st = store_lock(store, LOCK_EXCLUSIVE);
    if (st == NVC_OK)
        st = catalog_load(store);
    while (st == NVC_OK && first_damaged(store) < store->n_generations)
        st = set_aside(store, first_damaged(store));
    if (!had_lock)
        store_unlock(store);
}
