/* Which generations there are.  The directory is the only list: a name that matches is a
 * generation, the highest number is the active one.  Numbers only grow, and a number is
 * never given to a second file while anything newer or older is left, so that an
 * environment that is open for number N belongs to the N in the list.
 *
 * Must never unlink a generation that could be renamed: renaming is instant, unlinking
 * gigabytes is not, and the lock is held here. */

#include "catalog_priv.h"

#include "nvcache/base/fs.h"
#include "nvcache/base/strlist.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRASH  "trash-"
#define DIGITS 10

void
catalog_name(uint64_t number, char out[GENERATION_NAME])
{
    snprintf(out, GENERATION_NAME, "g%010" PRIu64 ".mdb", number % 10000000000U);
}

static bool
parse_name(const char *name, uint64_t *out)
{
    char again[GENERATION_NAME];
    uint64_t number = 0;

    if (strlen(name) != 1 + DIGITS + 4 || name[0] != 'g')
        return false;
    for (size_t i = 1; i <= DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(name[i] - '0');
    }
    catalog_name(number, again);
    *out = number;
    return str_equal(name, again);
}

struct numbers {
    uint64_t *v;
    size_t n, cap;
};

static void
add_number(struct store *store, struct numbers *numbers, uint64_t number)
{
    if (numbers->n == numbers->cap) {
        const size_t cap = numbers->cap == 0 ? 32 : numbers->cap * 2;
        uint64_t *const v = arena_array(&store->session, cap, sizeof(*v));

        if (numbers->n > 0)
            memcpy(v, numbers->v, numbers->n * sizeof(*v));
        numbers->v = v;
        numbers->cap = cap;
    }
    numbers->v[numbers->n++] = number;
}

static int
newest_first(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;

    return (x < y) - (x > y);
}

static DIR *
open_listing(const struct store *store)
{
    const int fd = openat(store->directory.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

    if (dir == NULL && fd >= 0)
        close(fd);
    return dir;
}

static enum nvc_status
read_numbers(struct store *store, struct numbers *numbers)
{
    DIR *dir = open_listing(store);
    uint64_t number;

    if (dir == NULL)
        return status_from_errno(errno);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (parse_name(entry->d_name, &number))
            add_number(store, numbers, number);
        else if (str_starts(entry->d_name, TRASH))
            store->has_trash = true;
    }
    closedir(dir);
    if (numbers->n > 1)
        qsort(numbers->v, numbers->n, sizeof(*numbers->v), newest_first);
    return NVC_OK;
}

/* Take the known generation of this number out of the old list, or make one. */
static struct generation *
take(struct store *store, uint64_t number)
{
    struct generation *found;

    for (size_t i = 0; i < store->n_generations; i++) {
        found = store->generations[i];
        if (found != NULL && found->number == number) {
            store->generations[i] = NULL;
            return found;
        }
    }
    found = arena_alloc(&store->session, sizeof(*found));
    found->number = number;
    return found;
}

static void
retire(struct store *store, struct generation *generation)
{
    if (generation == NULL || generation->env == NULL)
        return;
    generation->next = store->retired;
    store->retired = generation;
}

enum nvc_status
catalog_load(struct store *store)
{
    struct numbers numbers = {NULL, 0, 0};
    struct generation **list;
    enum nvc_status st = NVC_OK;

    if (store->directory.fd >= 0)
        st = read_numbers(store, &numbers);
    if (st != NVC_OK)
        return st;
    list = arena_array(&store->session, numbers.n, sizeof(struct generation *));
    for (size_t i = 0; i < numbers.n; i++) {
        list[i] = take(store, numbers.v[i]);
        list[i]->sealed = i > 0;
    }
    for (size_t i = 0; i < store->n_generations; i++)
        retire(store, store->generations[i]);
    store->generations = list;
    store->n_generations = numbers.n;
    store->listed = true;
    return NVC_OK;
}

enum nvc_status
catalog_ensure(struct store *store)
{
    return store->listed ? NVC_OK : catalog_load(store);
}

/* 0: it is gone. */
static uint64_t
measure(const struct store *store, struct generation *generation)
{
    char name[GENERATION_NAME];
    struct stat info;

    catalog_name(generation->number, name);
    if (fstatat(store->directory.fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return 0;
    generation->size = (uint64_t)info.st_size;
    return generation->size;
}

uint64_t
catalog_size(const struct store *store, struct generation *generation)
{
    return generation->size > 0 ? generation->size : measure(store, generation);
}

uint64_t
catalog_measure(struct store *store)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < store->n_generations; i++)
        sum += measure(store, store->generations[i]);
    return sum;
}

/* Where even a name takes room (btrfs, quota used up) the file goes at once. */
static enum nvc_status
rename_or_unlink(int dir, const char *name, const char *new_name)
{
    if (renameat(dir, name, dir, new_name) == 0 || errno == ENOENT)
        return NVC_OK;
    if (status_from_errno(errno) != NVC_ERR_NOSPACE)
        return status_from_errno(errno);
    return unlinkat(dir, name, 0) == 0 ? NVC_OK : status_from_errno(errno);
}

static enum nvc_status
rename_away(struct store *store, size_t index, const char *new_name)
{
    struct generation *const generation = store->generations[index];
    char name[GENERATION_NAME];
    enum nvc_status st;

    catalog_name(generation->number, name);
    st = rename_or_unlink(store->directory.fd, name, new_name);
    if (st != NVC_OK)
        return st;
    retire(store, generation);
    store->n_generations--;
    for (size_t i = index; i < store->n_generations; i++)
        store->generations[i] = store->generations[i + 1];
    return NVC_OK;
}

enum nvc_status
catalog_discard(struct store *store, size_t index)
{
    char name[GENERATION_NAME];

    catalog_name(store->generations[index]->number, name);
    store->has_trash = true;
    return rename_away(store, index, arena_printf(&store->session, TRASH "%s", name));
}

enum nvc_status
catalog_set_aside(struct store *store, size_t index)
{
    return rename_away(store, index, CATALOG_BAD);
}

void
catalog_sweep(struct store *store)
{
    DIR *dir;

    if (!store->has_trash || store->read_only || store->directory.fd < 0)
        return;
    dir = open_listing(store);
    if (dir == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (str_starts(entry->d_name, TRASH))
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    store->has_trash = false;
}
