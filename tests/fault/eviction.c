/* How good is dropping whole files, with promotion, against exact LRU?  A simulated month
 * of builds of a project with branches, of which some change headers that many units
 * read, runs through the real store and, beside it, through an exact LRU list.
 *
 *   eviction UNITS BUILDS
 *
 * Prints the hit rates of both and the bytes written for each byte that had to be, for
 * caches of 1.2, 1.5 and 3 times what one whole build takes.  The store must not be far
 * behind: fails below 0.8 of LRU's rate. */

#include "nvcache/base/fs.h"
#include "nvcache/store/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BRANCHES = 3,
    HEADERS = 60,
    HEADERS_EACH = 4,
    SMALLEST = 2000,
    DOUBLINGS = 6, /* sizes from 2 KB to 128 KB, all doublings equally often */
    TABLE = 1 << 21
};

/* ---- random numbers ---- */

static uint64_t random_state;

static uint64_t
draw(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % limit;
}

static bool
chance(unsigned percent)
{
    return draw(100) < percent;
}

/* ---- the project ---- */

struct project {
    unsigned n;
    size_t *sizes;
    unsigned (*headers)[HEADERS_EACH];
    uint64_t *sources[BRANCHES]; /* versions */
    uint64_t header_versions[BRANCHES][HEADERS];
    uint64_t *last_built[BRANCHES]; /* keys of the last build */
    uint64_t next_version;
    uint64_t whole; /* bytes of one build */
};

static void
project_make(struct project *project, unsigned n)
{
    *project = (struct project){.n = n, .next_version = 1};
    project->sizes = calloc(n, sizeof(*project->sizes));
    project->headers = calloc(n, sizeof(*project->headers));
    for (int b = 0; b < BRANCHES; b++) {
        project->sources[b] = calloc(n, sizeof(uint64_t));
        project->last_built[b] = calloc(n, sizeof(uint64_t));
    }
    for (unsigned u = 0; u < n; u++) {
        project->sizes[u] = (size_t)SMALLEST << draw(DOUBLINGS);
        project->sizes[u] += draw(project->sizes[u]);
        project->whole += project->sizes[u];
        /* Low numbers are read by many units. */
        for (int h = 0; h < HEADERS_EACH; h++)
            project->headers[u][h] = (unsigned)(draw(HEADERS) * draw(HEADERS) / HEADERS);
    }
}

static void
project_free(struct project *project)
{
    for (int b = 0; b < BRANCHES; b++) {
        free(project->sources[b]);
        free(project->last_built[b]);
    }
    free(project->sizes);
    free(project->headers);
}

/* What a unit's inputs are in a branch, as one number. */
static uint64_t
key_of(const struct project *project, unsigned branch, unsigned unit)
{
    uint64_t key = unit * 0x9e3779b97f4a7c15U + project->sources[branch][unit];

    for (int h = 0; h < HEADERS_EACH; h++) {
        const unsigned header = project->headers[unit][h];

        key = (key ^ (project->header_versions[branch][header] + header)) *
              0xff51afd7ed558ccdU;
        key ^= key >> 32;
    }
    return key | 1;
}

/* A day's work: sources, now and then a header, taken back at times; merges. */
static void
change(struct project *project, unsigned branch)
{
    const unsigned header = (unsigned)draw(HEADERS);

    for (uint64_t i = draw(12); i > 0; i--)
        project->sources[branch][draw(project->n)] = project->next_version++;
    if (chance(25))
        project->header_versions[branch][header] = project->next_version++;
    if (chance(10))
        project->header_versions[branch][header] = project->header_versions[0][header];
    if (chance(8)) {
        const unsigned from = (unsigned)draw(BRANCHES);

        memcpy(project->header_versions[branch], project->header_versions[from],
               sizeof(project->header_versions[from]));
        memcpy(project->sources[branch], project->sources[from],
               project->n * sizeof(uint64_t));
    }
}

/* ---- exact LRU ---- */

struct node {
    uint64_t key;
    size_t size;
    uint32_t older, newer; /* 0: none */
};

struct lru {
    struct node *nodes; /* a hash table; a key stays where it is, size 0: not cached */
    uint32_t oldest, newest;
    uint64_t bytes, limit, hits, written;
};

static uint32_t
lru_place(struct lru *lru, uint64_t key)
{
    uint32_t at = (uint32_t)(key >> 20) % (TABLE - 1) + 1;

    while (lru->nodes[at].key != 0 && lru->nodes[at].key != key)
        at = at % (TABLE - 1) + 1;
    lru->nodes[at].key = key;
    return at;
}

static void
lru_unlink(struct lru *lru, uint32_t at)
{
    const struct node *const node = &lru->nodes[at];

    if (node->older != 0)
        lru->nodes[node->older].newer = node->newer;
    else
        lru->oldest = node->newer;
    if (node->newer != 0)
        lru->nodes[node->newer].older = node->older;
    else
        lru->newest = node->older;
}

static void
lru_append(struct lru *lru, uint32_t at)
{
    lru->nodes[at].older = lru->newest;
    lru->nodes[at].newer = 0;
    if (lru->newest != 0)
        lru->nodes[lru->newest].newer = at;
    else
        lru->oldest = at;
    lru->newest = at;
}

static void
lru_request(struct lru *lru, uint64_t key, size_t size)
{
    const uint32_t at = lru_place(lru, key);

    if (lru->nodes[at].size != 0) {
        lru->hits++;
        lru_unlink(lru, at);
        lru_append(lru, at);
        return;
    }
    lru->nodes[at].size = size;
    lru->bytes += size;
    lru->written += size;
    lru_append(lru, at);
    while (lru->bytes > lru->limit) {
        const uint32_t oldest = lru->oldest;

        lru->bytes -= lru->nodes[oldest].size;
        lru->nodes[oldest].size = 0;
        lru_unlink(lru, oldest);
    }
}

/* ---- the store ---- */

struct subject {
    struct store *store;
    uint8_t *payload;
    uint64_t requests, hits, missed;
};

static void
store_request(struct subject *subject, uint64_t key, size_t size)
{
    struct record_key name = {.len = 33};
    struct store_value value;

    subject->requests++;
    memset(name.bytes, 'e', name.len);
    name.bytes[0] = 'R';
    memcpy(name.bytes + 1, &key, sizeof(key));
    if (store_get(subject->store, &name, &value) == NVC_OK) {
        subject->hits++;
        store_promote(subject->store);
    } else {
        subject->missed += size;
        if (store_put(subject->store, &name, subject->payload, size) != NVC_OK)
            fprintf(stderr, "eviction: store_put failed\n");
    }
    store_release(subject->store); /* every request is a process of its own */
}

/* Bytes that this process has handed to write calls. */
static uint64_t
bytes_written(void)
{
    unsigned long long written = 0;
    char line[100];
    FILE *const io = fopen("/proc/self/io", "r");

    while (io != NULL && fgets(line, sizeof(line), io) != NULL)
        if (strncmp(line, "wchar: ", 7) == 0)
            written = strtoull(line + 7, NULL, 10);
    if (io != NULL)
        fclose(io);
    return written;
}

/* ---- a month ---- */

static void
build(struct project *project, unsigned branch, bool is_whole, struct lru *lru,
      struct subject *subject)
{
    for (unsigned u = 0; u < project->n; u++) {
        const uint64_t key = key_of(project, branch, u);

        if (!is_whole && project->last_built[branch][u] == key)
            continue;
        project->last_built[branch][u] = key;
        lru_request(lru, key, project->sizes[u]);
        store_request(subject, key, project->sizes[u]);
    }
}

static double
simulate(unsigned n, unsigned builds, double factor, const char *dir)
{
    struct lru lru = {.nodes = calloc(TABLE, sizeof(struct node))};
    struct subject subject = {.payload = malloc((size_t)SMALLEST << (DOUBLINGS + 1))};
    struct store_config config = {
        .dir = dir, .umask = -1, .read_wait_ms = 1000, .write_wait_ms = 1000};
    struct project project;
    uint64_t written;
    double lru_rate, rate;

    random_state = 88172645463325252U;
    project_make(&project, n);
    memset(subject.payload, 'x', (size_t)SMALLEST << (DOUBLINGS + 1));
    lru.limit = config.max_bytes = (uint64_t)((double)project.whole * factor);
    if (store_open(&config, &subject.store) != NVC_OK)
        exit(2);
    written = bytes_written();
    for (unsigned i = 0; i < builds; i++) {
        const unsigned branch = chance(50) ? 0 : (unsigned)draw(BRANCHES);

        change(&project, branch);
        build(&project, branch, chance(40), &lru, &subject);
    }
    written = bytes_written() - written;
    lru_rate = (double)lru.hits / (double)subject.requests;
    rate = (double)subject.hits / (double)subject.requests;
    printf(
        "  %.1fx of %llu MB: %llu requests, hit rate %.3f, exact LRU %.3f; written for "
        "each byte missed: %.2f (LRU 1.00)\n",
        factor, (unsigned long long)(project.whole >> 20),
        (unsigned long long)subject.requests, rate, lru_rate,
        (double)written / (double)subject.missed);
    fflush(stdout);
    store_close(subject.store);
    project_free(&project);
    free(subject.payload);
    free(lru.nodes);
    return rate / lru_rate;
}

int
main(int argc, char **argv)
{
    static const double factors[] = {1.2, 1.5, 3};
    char dir[64];
    int failed = 0;

    if (argc != 3)
        return 2;
    for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
        snprintf(dir, sizeof(dir), "%s/nvcache-eviction-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        if (mkdtemp(dir) == NULL)
            return 2;
        failed += simulate((unsigned)strtoul(argv[1], NULL, 10),
                           (unsigned)strtoul(argv[2], NULL, 10), factors[i], dir) < 0.8;
        fs_remove_tree(dir);
    }
    printf("t080_eviction: %d passed, %d failed, 0 skipped\n", 3 - failed, failed);
    return failed != 0;
}
