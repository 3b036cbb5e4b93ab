/* Many processes that compile at once, as quickly as they can: spawning and comparing
 * take less time here than the compiles themselves.
 *
 *   storm NVCACHE PROCESSES COMMANDS UNITS SMALL_LIMIT
 *
 * Each worker has a directory of its own below the current one.  In the current one are
 * unit0.cu ... and what they must compile to, unit0.right ...
 * Half of a worker's commands have the same keys as those of all other workers (the place
 * does not count below a base directory); the other half are a few units of its own (the
 * place counts).  Every third worker has a smaller size limit than the others.
 * Prints one line of JSON; exits with 0 whatever it found. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct plan {
    char *nvcache;
    unsigned processes;
    unsigned commands;
    unsigned units;
    char *small_limit;
};

struct outcome {
    uint64_t builds;
    uint64_t wrong;
    uint64_t broken;
    uint64_t slowest_us;
};

static uint64_t
now_us(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static char *
read_all(const char *path, size_t *len)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    char *data = NULL;

    *len = 0;
    if (fd < 0)
        return NULL;
    if (fstat(fd, &info) == 0 && (data = malloc((size_t)info.st_size + 1)) != NULL &&
        read(fd, data, (size_t)info.st_size) == info.st_size)
        *len = (size_t)info.st_size;
    close(fd);
    return data;
}

static bool
same_files(const char *a, const char *b)
{
    size_t len_a, len_b;
    char *const data_a = read_all(a, &len_a);
    char *const data_b = read_all(b, &len_b);
    const bool same = data_a != NULL && data_b != NULL && len_a == len_b && len_a > 0 &&
                      memcmp(data_a, data_b, len_a) == 0;

    free(data_a);
    free(data_b);
    return same;
}

static int
run(char *const *argv)
{
    pid_t pid;
    int status = -1;

    if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) != 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static void
build(const struct plan *plan, unsigned unit, struct outcome *outcome)
{
    char source[40], right[40], output[40];
    char nvcc[] = "nvcc", compile[] = "-c", out[] = "-o";
    char *const argv[] = {plan->nvcache, nvcc, compile, source, out, output, NULL};
    uint64_t took;

    snprintf(source, sizeof(source), "../unit%u.cu", unit);
    snprintf(right, sizeof(right), "../unit%u.right", unit);
    snprintf(output, sizeof(output), "unit%u.o", unit);
    unlink(output);
    took = now_us();
    outcome->broken += run(argv) != 0;
    took = now_us() - took;
    outcome->wrong += !same_files(output, right);
    outcome->builds++;
    if (took > outcome->slowest_us)
        outcome->slowest_us = took;
}

enum {
    OWN_UNITS = 8
};

static void
set_base_directory(const char *directory)
{
    const int failed = directory != NULL ? setenv("NVCACHE_BASE_DIR", directory, 1)
                                         : unsetenv("NVCACHE_BASE_DIR");

    if (failed)
        _exit(1);
}

static void
work(const struct plan *plan, unsigned worker, struct outcome *outcome)
{
    uint32_t x = worker * 2654435761U + 12345;
    char directory[40], here[PATH_MAX];

    snprintf(directory, sizeof(directory), "worker%u", worker);
    if ((mkdir(directory, 0700) != 0 && errno != EEXIST) || chdir(directory) != 0 ||
        getcwd(here, sizeof(here)) == NULL ||
        (worker % 3 == 2 && setenv("NVCACHE_MAX_SIZE", plan->small_limit, 1) != 0))
        return;
    for (unsigned i = 0; i < plan->commands; i++) {
        bool is_shared;

        x = x * 1664525U + 1013904223U;
        is_shared = x >> 31 != 0;
        set_base_directory(is_shared ? here : NULL);
        build(plan, (x >> 16) % (is_shared ? plan->units : OWN_UNITS), outcome);
    }
}

int
main(int argc, char **argv)
{
    struct plan plan;
    struct outcome *outcomes, sum = {0, 0, 0, 0};
    int status;

    if (argc != 6)
        return 2;
    plan = (struct plan){argv[1], (unsigned)strtoul(argv[2], NULL, 10),
                         (unsigned)strtoul(argv[3], NULL, 10),
                         (unsigned)strtoul(argv[4], NULL, 10), argv[5]};
    outcomes = mmap(NULL, plan.processes * sizeof(*outcomes), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (outcomes == MAP_FAILED)
        return 2;
    for (unsigned i = 0; i < plan.processes; i++) {
        if (fork() == 0) {
            work(&plan, i, &outcomes[i]);
            _exit(0);
        }
    }
    while (wait(&status) > 0)
        continue;
    for (unsigned i = 0; i < plan.processes; i++) {
        sum.builds += outcomes[i].builds;
        sum.wrong += outcomes[i].wrong;
        sum.broken += outcomes[i].broken;
        if (outcomes[i].slowest_us > sum.slowest_us)
            sum.slowest_us = outcomes[i].slowest_us;
    }
    printf(
        "{\"builds\": %llu, \"wrong\": %llu, \"broken\": %llu, \"slowest_ms\": %llu}\n",
        (unsigned long long)sum.builds, (unsigned long long)sum.wrong,
        (unsigned long long)sum.broken, (unsigned long long)sum.slowest_us / 1000);
    return 0;
}
