/* Speed of the store against one file for each entry, which is what most compiler caches
 * do, as ratios from one run: get and put, 5 KB to 50 MB, alone and 8 processes at once.
 *
 *   speed MILLISECONDS
 *
 * Both sides open what they need anew for every operation, as a process for each compile
 * does, and both check the checksum of what they read. */

#include "nvcache/base/fs.h"
#include "nvcache/digest/checksum.h"
#include "nvcache/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LARGEST ((size_t)50 << 20)

struct bench {
    char top[64];
    char files[96];
    char store[96];
    uint8_t *payload;
    size_t size;
    unsigned budget_ms;
    unsigned first; /* number of the first entry, so that processes do not meet */
};

static double
now_us(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static _Noreturn void
die(const char *what)
{
    perror(what);
    _exit(2);
}

/* ---- the four operations ---- */

static struct record_key
key_of(const struct bench *bench, unsigned n)
{
    struct record_key key = {.len = 33};

    memset(key.bytes, 's', key.len);
    memcpy(key.bytes + 1, &n, sizeof(n));
    memcpy(key.bytes + 9, &bench->size, sizeof(bench->size));
    return key;
}

static struct store *
open_store(const struct bench *bench)
{
    const struct store_config config = {.dir = bench->store,
                                        .max_bytes = (uint64_t)16 << 30,
                                        .umask = -1,
                                        .read_wait_ms = 60000,
                                        .write_wait_ms = 60000};
    struct store *store;

    if (store_open(&config, &store) != NVC_OK)
        die("store_open");
    return store;
}

static void
store_put_one(const struct bench *bench, unsigned n)
{
    struct store *const store = open_store(bench);
    const struct record_key key = key_of(bench, n);

    if (store_put(store, &key, bench->payload, bench->size) != NVC_OK)
        die("store_put");
    store_close(store);
}

static void
store_get_one(const struct bench *bench, unsigned n)
{
    struct store *const store = open_store(bench);
    const struct record_key key = key_of(bench, n);
    struct store_value value;

    if (store_get(store, &key, &value) != NVC_OK || value.len != bench->size)
        die("store_get");
    store_close(store);
}

static void
file_name(const struct bench *bench, unsigned n, char out[160])
{
    snprintf(out, 160, "%s/%x/%zu-%08x", bench->files, n % 16, bench->size, n);
}

static void
file_put_one(const struct bench *bench, unsigned n)
{
    const uint64_t check = checksum64(bench->payload, bench->size, 1);
    char name[160], tmp[170];
    int fd;

    file_name(bench, n, name);
    snprintf(tmp, sizeof(tmp), "%s.tmp", name);
    fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 || fs_write_full(fd, &check, sizeof(check)) != NVC_OK ||
        fs_write_full(fd, bench->payload, bench->size) != NVC_OK || close(fd) != 0 ||
        rename(tmp, name) != 0)
        die(name);
}

static void
file_get_one(const struct bench *bench, unsigned n)
{
    uint8_t *const data = malloc(bench->size + 8);
    uint64_t check;
    char name[160];
    size_t at = 0;
    int fd;

    file_name(bench, n, name);
    fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || data == NULL)
        die(name);
    while (at < bench->size + 8) {
        const ssize_t got = read(fd, data + at, bench->size + 8 - at);

        if (got <= 0)
            die(name);
        at += (size_t)got;
    }
    memcpy(&check, data, sizeof(check));
    if (check != checksum64(data + 8, bench->size, 1))
        die("checksum");
    close(fd);
    free(data);
}

/* ---- measuring ---- */

typedef void operation(const struct bench *bench, unsigned n);

/* The median time of one operation; as many as the time allows, at most `limit`. */
static int
compare_times(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double
time_of(const struct bench *bench, operation *run, unsigned limit, unsigned *done)
{
    double *const times = calloc(limit, sizeof(*times));
    const double begin = now_us();
    double median;
    unsigned n = 0;

    while (n < limit && (n < 3 || now_us() - begin < bench->budget_ms * 1e3)) {
        const double start = now_us();

        run(bench, bench->first + n);
        times[n++] = now_us() - start;
    }
    qsort(times, n, sizeof(*times), compare_times);
    median = times[n / 2];
    free(times);
    *done = n;
    return median;
}

struct times {
    double put, get;
};

static struct times
measure(const struct bench *bench, operation *put, operation *get)
{
    const unsigned most = (unsigned)(((size_t)400 << 20) / bench->size) + 3;
    struct times times;
    unsigned n, m;

    times.put = time_of(bench, put, most > 2000 ? 2000 : most, &n);
    times.get = time_of(bench, get, n, &m);
    return times;
}

/* The same in several processes at once: the mean of their medians. */
static struct times
measure_many(const struct bench *bench, unsigned processes, operation *put,
             operation *get)
{
    struct times *const all =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct times mean = {0, 0};
    int status, bad = 0;

    for (unsigned i = 0; i < processes; i++) {
        if (fork() == 0) {
            struct bench own = *bench;

            own.first = (i + 1) * 100000;
            all[i] = measure(&own, put, get);
            _exit(0);
        }
    }
    while (wait(&status) > 0 || errno == EINTR)
        bad += status != 0;
    if (bad != 0)
        die("a process");
    for (unsigned i = 0; i < processes; i++) {
        mean.put += all[i].put / processes;
        mean.get += all[i].get / processes;
    }
    munmap(all, 4096);
    return mean;
}

static void
make_places(struct bench *bench)
{
    char dir[160];

    if (mkdir(bench->files, 0755) != 0)
        die(bench->files);
    for (unsigned i = 0; i < 16; i++) {
        snprintf(dir, sizeof(dir), "%s/%x", bench->files, i);
        if (mkdir(dir, 0755) != 0)
            die(dir);
    }
}

static void
row(struct bench *bench, unsigned processes)
{
    struct times store, files;

    make_places(bench);
    files = measure_many(bench, processes, file_put_one, file_get_one);
    store = measure_many(bench, processes, store_put_one, store_get_one);
    printf("  %8zu KB, %u process%s: get %8.0f us, %5.2f of files'; put %8.0f us, %5.2f "
           "of files'\n",
           bench->size >> 10, processes, processes == 1 ? "  " : "es", store.get,
           store.get / files.get, store.put, store.put / files.put);
    fflush(stdout);
    fs_remove_tree(bench->files);
    fs_remove_tree(bench->store);
}

int
main(int argc, char **argv)
{
    static const size_t kilobytes[] = {5, 50, 200, 1000, 5000, 50000};
    const char *const parent = getenv("FAULT_TMP");
    struct bench bench = {.payload = malloc(LARGEST)};

    if (argc != 2 || bench.payload == NULL)
        return 2;
    bench.budget_ms = (unsigned)strtoul(argv[1], NULL, 10);
    for (size_t i = 0; i < LARGEST; i++)
        bench.payload[i] = (uint8_t)(i * 2654435761U >> 13);
    snprintf(bench.top, sizeof(bench.top), "%s/nvcache-speed-XXXXXX",
             parent != NULL ? parent : "/tmp");
    if (mkdtemp(bench.top) == NULL)
        return 2;
    snprintf(bench.files, sizeof(bench.files), "%s/files", bench.top);
    snprintf(bench.store, sizeof(bench.store), "%s/store", bench.top);
    for (unsigned processes = 1; processes <= 8; processes += 7) {
        for (size_t i = 0; i < sizeof(kilobytes) / sizeof(kilobytes[0]); i++) {
            bench.size = kilobytes[i] << 10;
            row(&bench, processes);
        }
    }
    fs_remove_tree(bench.top);
    printf("t090_speed: 1 passed, 0 failed, 0 skipped\n");
    return 0;
}
