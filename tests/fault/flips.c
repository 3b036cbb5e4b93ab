/* Damage: flips bits, cuts, zeroes and swaps pages of a store's files and reads all of
 * it.
 *
 *   flips FLIPS TRUNCATIONS OTHERS
 *   flips KIND SEED                   one run again, as a failed one tells
 *
 * A record is given back right or not at all, and what was lost can be stored and read
 * again at once.  Each batch runs in a child of its own, because a crash inside LMDB that
 * the guard caught leaves things behind.  Prints the figures; fails if one byte was
 * wrong, a child died, or something could not be stored again. */

#include "nvcache/base/fs.h"
#include "nvcache/base/guard.h"
#include "nvcache/store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    RECORDS = 120,
    MOST_FILES = 8,
    BATCH = 250,
    PAGE = 4096,
    LARGEST = 30000
};

enum kind {
    ONE_BIT,
    SOME_BITS,
    META_BITS,
    TREE_BITS,
    TRUNCATED,
    ZEROED,
    SWAPPED,
    GARBAGE,
    FOREIGN_FILE,
    KINDS
};

static const char *const kind_names[KINDS] = {
    "one bit",      "2 to 16 bits", "bits of meta pages", "bits of tree pages",
    "truncated",    "zeroed page",  "swapped pages",      "page of garbage",
    "another file",
};

struct file {
    char name[32];
    uint8_t *data;
    size_t len;
};

struct figures {
    uint64_t runs, right, wrong, missed, crashes, set_aside, bad_records, not_healed;
};

struct bench {
    char top[64];
    char dir[96];
    char sub[128];
    struct store_config config;
    struct file files[MOST_FILES];
    size_t n_files;
    uint8_t *payloads[RECORDS];
    size_t lengths[RECORDS];
    struct figures *figures; /* shared with the children, one for each kind */
    uint64_t random;
};

static uint64_t
draw(struct bench *bench, uint64_t limit)
{
    bench->random ^= bench->random << 13;
    bench->random ^= bench->random >> 7;
    bench->random ^= bench->random << 17;
    return bench->random % limit;
}

static _Noreturn void
die(const char *what)
{
    perror(what);
    exit(2);
}

/* ---- the store as it should be ---- */

static struct record_key
key_of(unsigned n)
{
    struct record_key key = {.len = 33};

    memset(key.bytes, 'k', key.len);
    key.bytes[0] = 'R';
    key.bytes[1] = (uint8_t)(n * 37);
    key.bytes[2] = (uint8_t)n;
    return key;
}

static void
make_payloads(struct bench *bench)
{
    for (unsigned n = 0; n < RECORDS; n++) {
        const size_t len = n % 3 != 0 ? 20 + n : (size_t)n * LARGEST / RECORDS + 100;

        bench->lengths[n] = len;
        bench->payloads[n] = malloc(len);
        for (size_t i = 0; i < len; i++)
            bench->payloads[n][i] = (uint8_t)draw(bench, 256);
    }
}

static void
read_files(struct bench *bench)
{
    DIR *const dir = opendir(bench->sub);
    const struct dirent *entry;

    if (dir == NULL)
        die(bench->sub);
    while ((entry = readdir(dir)) != NULL && bench->n_files < MOST_FILES) {
        struct file *const file = &bench->files[bench->n_files];
        const int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
        struct stat info;

        if (fd >= 0 && entry->d_name[0] == 'g' && fstat(fd, &info) == 0) {
            file->len = (size_t)info.st_size;
            file->data = malloc(file->len);
            snprintf(file->name, sizeof(file->name), "%.31s", entry->d_name);
            if (read(fd, file->data, file->len) != (ssize_t)file->len)
                die(entry->d_name);
            bench->n_files++;
        }
        close(fd);
    }
    closedir(dir);
}

static void
make_store(struct bench *bench)
{
    struct store *store;

    if (store_open(&bench->config, &store) != NVC_OK)
        die("store_open");
    for (unsigned n = 0; n < RECORDS; n++) {
        const struct record_key key = key_of(n);

        if (store_put(store, &key, bench->payloads[n], bench->lengths[n]) != NVC_OK)
            die("store_put");
    }
    store_close(store);
    read_files(bench);
}

static void
write_file(const char *dir, const struct file *file, const uint8_t *data, size_t len)
{
    char path[192];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, file->name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, data, len) != (ssize_t)len)
        die(path);
    close(fd);
}

static void
remove_generations(const struct bench *bench)
{
    DIR *const dir = opendir(bench->sub);
    const struct dirent *entry;

    if (dir == NULL)
        die(bench->sub);
    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "lock") != 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
}

/* ---- damage ---- */

static void
flip(struct bench *bench, uint8_t *data, size_t len, unsigned bits)
{
    while (bits-- > 0)
        data[draw(bench, len)] ^= (uint8_t)(1U << draw(bench, 8));
}

/* A page of the tree, from a random one on: the flags in its header say branch or leaf.
 */
static uint8_t *
tree_page(struct bench *bench, uint8_t *data, size_t pages)
{
    const size_t first = draw(bench, pages);

    for (size_t i = 0; i < pages; i++) {
        uint8_t *const page = data + (first + i) % pages * PAGE;

        if (page[10] == 1 || page[10] == 2)
            return page;
    }
    return data;
}

/* Change a copy of a file; returns its new length. */
static size_t
damage(struct bench *bench, enum kind kind, uint8_t *data, size_t len)
{
    const size_t pages = len / PAGE;
    uint8_t *const page = data + draw(bench, pages) * PAGE;
    uint8_t *const other = data + draw(bench, pages) * PAGE;
    const struct file *foreign = &bench->files[draw(bench, bench->n_files)];
    uint8_t kept[PAGE];

    switch (kind) {
    case ONE_BIT:
        flip(bench, data, len, 1);
        return len;
    case SOME_BITS:
        flip(bench, data, len, 2 + (unsigned)draw(bench, 15));
        return len;
    case META_BITS:
        flip(bench, data, 2 * PAGE < len ? 256 : len, 1 + (unsigned)draw(bench, 3));
        flip(bench, data + PAGE, 256, (unsigned)draw(bench, 3));
        return len;
    case TREE_BITS:
        flip(bench, tree_page(bench, data, pages), PAGE, 1 + (unsigned)draw(bench, 3));
        return len;
    case TRUNCATED:
        return draw(bench, len);
    case ZEROED:
        memset(page, 0, PAGE);
        return len;
    case SWAPPED:
        memcpy(kept, page, PAGE);
        memcpy(page, other, PAGE);
        memcpy(other, kept, PAGE);
        return len;
    case GARBAGE:
        for (size_t i = 0; i < PAGE; i++)
            page[i] = (uint8_t)draw(bench, 256);
        return len;
    case FOREIGN_FILE:
    case KINDS:
        /* An old or another file's copy under this name. */
        memcpy(data, foreign->data, foreign->len < len ? foreign->len : len);
        return foreign->len < len ? foreign->len : len;
    }
    return len;
}

static void
lay_out(struct bench *bench, enum kind kind)
{
    const size_t chosen = draw(bench, bench->n_files);

    remove_generations(bench);
    for (size_t i = 0; i < bench->n_files; i++) {
        const struct file *const file = &bench->files[i];
        uint8_t *const copy = malloc(file->len);
        size_t len = file->len;

        memcpy(copy, file->data, file->len);
        if (i == chosen)
            len = damage(bench, kind, copy, file->len);
        write_file(bench->sub, file, copy, len);
        free(copy);
    }
}

/* ---- what comes out ---- */

static bool
is_right(const struct bench *bench, unsigned n, struct store_value value)
{
    return value.len == bench->lengths[n] &&
           memcmp(value.data, bench->payloads[n], value.len) == 0;
}

/* As one process; returns how many records were not given back. */
static unsigned
read_all(const struct bench *bench, struct figures *figures, bool *lost)
{
    struct store_damage found;
    struct store *store;
    unsigned missed = 0;

    if (store_open(&bench->config, &store) != NVC_OK)
        die("store_open");
    for (unsigned n = 0; n < RECORDS; n++) {
        const struct record_key key = key_of(n);
        struct store_value value = {NULL, 0};

        lost[n] = store_get(store, &key, &value) != NVC_OK;
        missed += lost[n];
        if (!lost[n] && is_right(bench, n, value))
            figures->right++;
        else if (!lost[n])
            figures->wrong++;
    }
    store_get_damage(store, &found);
    figures->crashes += found.crashes;
    figures->set_aside += found.generations;
    figures->bad_records += found.records;
    store_close(store);
    return missed;
}

/* Store again what was lost, as the next processes would. */
static void
store_again(const struct bench *bench, const bool *lost)
{
    struct store *store;

    if (store_open(&bench->config, &store) != NVC_OK)
        die("store_open");
    for (unsigned n = 0; n < RECORDS; n++) {
        const struct record_key key = key_of(n);

        if (lost[n] &&
            store_put(store, &key, bench->payloads[n], bench->lengths[n]) != NVC_OK)
            break;
    }
    store_close(store);
}

static void
run_one(struct bench *bench, enum kind kind)
{
    struct figures *const figures = &bench->figures[kind];
    const uint64_t seed = bench->random;
    const uint64_t wrong = figures->wrong;
    bool lost[RECORDS];
    unsigned missed;

    figures->runs++;
    lay_out(bench, kind);
    missed = read_all(bench, figures, lost);
    figures->missed += missed;
    for (int i = 0; i < 4 && missed > 0; i++) {
        store_again(bench, lost);
        missed = read_all(bench, figures, lost);
    }
    figures->not_healed += missed;
    if (missed > 0 || figures->wrong > wrong)
        printf("  again with: flips %u %llu\n", (unsigned)kind, (unsigned long long)seed);
}

/* ---- batches ---- */

static bool
run_batch(struct bench *bench, enum kind kind, unsigned count)
{
    int status = -1;
    pid_t pid;

    bench->random = bench->random * 6364136223846793005U + 1442695040888963407U;
    pid = fork();
    if (pid == 0) {
        for (unsigned i = 0; i < count; i++)
            run_one(bench, kind);
        fflush(stdout);
        _exit(0);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static unsigned
run_kind(struct bench *bench, enum kind kind, unsigned count)
{
    const struct figures *const f = &bench->figures[kind];
    unsigned died = 0;

    for (unsigned done = 0; done < count; done += BATCH)
        died += !run_batch(bench, kind, count - done < BATCH ? count - done : BATCH);
    printf("  %-19s %6llu runs, %8llu right, %llu wrong, %7llu missed, %5llu guard "
           "firings, %5llu files set aside, %llu not healed, %u died\n",
           kind_names[kind], (unsigned long long)f->runs, (unsigned long long)f->right,
           (unsigned long long)f->wrong, (unsigned long long)f->missed,
           (unsigned long long)f->crashes, (unsigned long long)f->set_aside,
           (unsigned long long)f->not_healed, died);
    fflush(stdout);
    return died + (unsigned)f->wrong + (unsigned)f->not_healed + (f->runs != count);
}

/* One run, by the state of the random numbers; leaves the files. */
static int
run_again(struct bench *bench, unsigned kind, uint64_t seed)
{
    bench->random = seed;
    run_one(bench, (enum kind)(kind < KINDS ? kind : 0));
    printf("  files: %s\n", bench->dir);
    return bench->figures[kind < KINDS ? kind : 0].not_healed != 0;
}

int
main(int argc, char **argv)
{
    struct bench bench = {.random = 88172645463325252U};
    const char *const parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    unsigned counts[3] = {0, 0, 0}, failed = 0;

    if (argc != 3 && argc != 4)
        return 2;
    for (int i = 0; i < argc - 1 && i < 3; i++)
        counts[i] = (unsigned)strtoul(argv[1 + i], NULL, 10);
    snprintf(bench.top, sizeof(bench.top), "%s/nvcache-flips-XXXXXX", parent);
    if (mkdtemp(bench.top) == NULL)
        die(bench.top);
    snprintf(bench.dir, sizeof(bench.dir), "%s/cache", bench.top);
    snprintf(bench.sub, sizeof(bench.sub), "%s/v1-lmdb09", bench.dir);
    bench.config = (struct store_config){.dir = bench.dir,
                                         .max_bytes = (uint64_t)6 << 20,
                                         .umask = -1,
                                         .read_wait_ms = 1000,
                                         .write_wait_ms = 2000};
    bench.figures = mmap(NULL, KINDS * sizeof(struct figures), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    make_payloads(&bench);
    make_store(&bench);
    if (argc == 3)
        return run_again(&bench, counts[0], strtoull(argv[2], NULL, 10));
    for (enum kind kind = ONE_BIT; kind <= TREE_BITS; kind++)
        failed += run_kind(&bench, kind, counts[0] / 4);
    failed += run_kind(&bench, TRUNCATED, counts[1]);
    for (enum kind kind = ZEROED; kind < KINDS; kind++)
        failed += run_kind(&bench, kind, counts[2] / 4);
    fs_remove_tree(bench.top);
    printf("t060_flips: %u passed, %u failed, 0 skipped\n",
           counts[0] / 4 * 4 + counts[1] + counts[2] / 4 * 4, failed);
    return failed != 0;
}
