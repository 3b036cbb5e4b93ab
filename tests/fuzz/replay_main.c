/* Runs a fuzz target without libFuzzer, so that the targets are built and exercised by
 * every test run: each file of a corpus directory (if there is one), then random inputs
 * and mutations of the corpus.  The sequence is the same each time; NVC_FUZZ_RUNS sets
 * its length (default 20,000). */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    LONGEST_INPUT = 4096,
    MAX_SEEDS = 256,
    DEFAULT_RUNS = 20000
};

struct seed {
    uint8_t *data;
    size_t size;
};

static struct seed seeds[MAX_SEEDS];
static size_t n_seeds;

static uint64_t random_state = 0x9E3779B97F4A7C15U;

static uint32_t
next_random(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return below == 0 ? 0 : (uint32_t)(random_state >> 33) % below;
}

static void
add_seed(const char *path)
{
    FILE *const file = fopen(path, "rb");
    struct stat info;
    struct seed *seed;

    if (file == NULL)
        return;
    if (n_seeds < MAX_SEEDS && fstat(fileno(file), &info) == 0 && S_ISREG(info.st_mode)) {
        seed = &seeds[n_seeds];
        seed->data = malloc((size_t)info.st_size + 1);
        if (seed->data != NULL) {
            seed->size = fread(seed->data, 1, (size_t)info.st_size, file);
            n_seeds++;
        }
    }
    fclose(file);
}

static void
load_corpus(const char *directory)
{
    DIR *const dir = opendir(directory);
    char path[4096];

    if (dir == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if ((size_t)snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) <
            sizeof(path))
            add_seed(path);
    closedir(dir);
}

static size_t
random_input(uint8_t *out)
{
    const size_t size = next_random(next_random(8) == 0 ? LONGEST_INPUT : 200);

    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)next_random(256);
    return size;
}

static size_t
copy_of_seed(uint8_t *out)
{
    const struct seed *const seed = &seeds[next_random((uint32_t)n_seeds)];
    const size_t size = seed->size < LONGEST_INPUT ? seed->size : LONGEST_INPUT;

    memcpy(out, seed->data, size);
    return size;
}

/* One change of the kinds that break decoders. */
static size_t
mutate(uint8_t *data, size_t size)
{
    static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    const size_t at = next_random((uint32_t)size);

    if (size == 0)
        return 0;
    switch (next_random(5)) {
    case 0:
        data[at] ^= (uint8_t)(1U << next_random(8));
        break;
    case 1:
        data[at] = edges[next_random(sizeof(edges))];
        break;
    case 2:
        data[at] = (uint8_t)next_random(256);
        break;
    case 3:
        size = at;
        break;
    default:
        memmove(data + at, data + size / 2, size - (at > size / 2 ? at : size / 2));
        break;
    }
    return size;
}

/* The targets get exactly their bytes, so that a sanitizer sees a read behind them. */
static void
run(const uint8_t *data, size_t size)
{
    uint8_t *const exact = malloc(size > 0 ? size : 1);

    if (exact == NULL)
        return;
    if (size > 0)
        memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static void
run_mutation(void)
{
    static uint8_t input[LONGEST_INPUT];
    size_t size;

    if (n_seeds == 0 || next_random(10) == 0) {
        size = random_input(input);
    } else {
        size = copy_of_seed(input);
        for (uint32_t changes = 1 + next_random(6); changes > 0; changes--)
            size = mutate(input, size);
    }
    run(input, size);
}

int
main(int argc, char **argv)
{
    const char *const setting = getenv("NVC_FUZZ_RUNS");
    const long runs = setting != NULL ? strtol(setting, NULL, 10) : DEFAULT_RUNS;

    for (int i = 1; i < argc; i++)
        load_corpus(argv[i]);
    for (size_t i = 0; i < n_seeds; i++)
        run(seeds[i].data, seeds[i].size);
    for (long i = 0; i < runs; i++)
        run_mutation();
    printf("%zu inputs and %ld mutations\n", n_seeds, runs);
    for (size_t i = 0; i < n_seeds; i++)
        free(seeds[i].data);
    return 0;
}
