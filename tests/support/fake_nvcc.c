/* A compiler that takes a millisecond, so that tests can run it a hundred thousand times.
 * Its "object" is a digest of what it was given: the source, every header that was read
 * (in the order of reading) and the flags, spun out to the size that the source asks for.
 * So two equal objects come from equal inputs, and a test that runs it without a cache
 * knows what the right bytes are.
 *
 *   // fake-size: 5000       bytes of the object (5000)
 *   // fake-stderr: text     said on standard error
 *   // fake-exit: 2          fails
 *   // fake-memory: 200@300 200@100 20@0 150@200
 *                            holds so many MiB, each reached in so many milliseconds
 *   // fake-children: 2      does that in so many children at once
 *   // fake-die: 9           then kills itself with this signal, unless told --threads=1
 *
 * Called `gcc` or `g++` it answers what nvcache asks of a host compiler.  Installed with
 * tests/support/fake_toolchain.sh.  Must never leave a partial object. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
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

enum {
    MAX_INCLUDES = 64,
    MAX_FILES = 4096,
    MAX_DEPTH = 32
};

struct compile {
    const char *source;
    const char *output;
    const char *depfile;
    const char *includes[MAX_INCLUDES];
    int n_includes;
    char *files[MAX_FILES];
    int n_files;
    bool is_dryrun;
    uint64_t digest[2];
    size_t size;
    char *said;
    int exit_code;
    char *memory;
    int children;
    int death;
    bool is_single; /* --threads=1 */
};

static void
mix(struct compile *compile, const void *data, size_t len)
{
    const unsigned char *const bytes = data;

    for (size_t i = 0; i < len; i++) {
        compile->digest[0] = (compile->digest[0] ^ bytes[i]) * 1099511628211U;
        compile->digest[1] = (compile->digest[1] + bytes[i]) * 6364136223846793005U + 1;
    }
    compile->digest[0] ^= compile->digest[1] >> 29;
}

static char *
read_all(const char *path, size_t *len)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    char *text;
    ssize_t n;

    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    text = malloc((size_t)info.st_size + 1);
    n = text != NULL ? read(fd, text, (size_t)info.st_size) : -1;
    close(fd);
    if (n != info.st_size) {
        free(text);
        return NULL;
    }
    text[n] = '\0';
    *len = (size_t)n;
    return text;
}

static void fail(const char *what, const char *which) __attribute__((noreturn));

static void
fail(const char *what, const char *which)
{
    fprintf(stderr, "fake nvcc: %s: %s\n", what, which);
    exit(1);
}

/* ---- reading ---- */

static void
take_directive(struct compile *compile, const char *text)
{
    const char *at;

    if ((at = strstr(text, "fake-size: ")) != NULL)
        compile->size = strtoul(at + 11, NULL, 10);
    if ((at = strstr(text, "fake-exit: ")) != NULL)
        compile->exit_code = (int)strtol(at + 11, NULL, 10);
    if ((at = strstr(text, "fake-stderr: ")) != NULL)
        compile->said = strndup(at + 13, strcspn(at + 13, "\n"));
    if ((at = strstr(text, "fake-memory: ")) != NULL)
        compile->memory = strndup(at + 13, strcspn(at + 13, "\n"));
    if ((at = strstr(text, "fake-children: ")) != NULL)
        compile->children = (int)strtol(at + 15, NULL, 10);
    if ((at = strstr(text, "fake-die: ")) != NULL)
        compile->death = (int)strtol(at + 10, NULL, 10);
}

static bool read_file(struct compile *compile, const char *path, int depth);

static bool
is_read(const struct compile *compile, const char *path)
{
    for (int i = 0; i < compile->n_files; i++)
        if (strcmp(compile->files[i], path) == 0)
            return true;
    return false;
}

static bool
include_from(struct compile *compile, const char *dir, const char *name, int depth)
{
    char path[PATH_MAX];
    const int n = strcmp(dir, ".") == 0
                      ? snprintf(path, sizeof(path), "%s", name)
                      : snprintf(path, sizeof(path), "%s/%s", dir, name);

    if (n < 0 || (size_t)n >= sizeof(path))
        return false;
    return is_read(compile, path) || read_file(compile, path, depth);
}

static void
include(struct compile *compile, const char *from, const char *name, int depth)
{
    char *const copy = strdup(from);
    bool found = include_from(compile, dirname(copy), name, depth);

    free(copy);
    for (int i = 0; i < compile->n_includes && !found; i++)
        found = include_from(compile, compile->includes[i], name, depth);
    if (!found)
        fail("no such header", name);
}

static void
follow_includes(struct compile *compile, const char *path, const char *text, int depth)
{
    static const char word[] = "#include \"";
    char name[PATH_MAX];

    for (const char *at = text; (at = strstr(at, word)) != NULL;) {
        const size_t len = strcspn(at += sizeof(word) - 1, "\"");

        snprintf(name, sizeof(name), "%.*s", (int)len, at);
        include(compile, path, name, depth + 1);
    }
}

static bool
read_file(struct compile *compile, const char *path, int depth)
{
    size_t len;
    char *const text = read_all(path, &len);

    if (text == NULL)
        return false;
    if (compile->n_files == MAX_FILES || depth > MAX_DEPTH)
        fail("too many headers", path);
    compile->files[compile->n_files++] = strdup(path);
    mix(compile, text, len);
    take_directive(compile, text);
    follow_includes(compile, path, text, depth);
    free(text);
    return true;
}

/* ---- writing ---- */

static void
write_whole(const char *path, const char *data, size_t len)
{
    char tmp[PATH_MAX];
    int fd;

    snprintf(tmp, sizeof(tmp), "%s.%d-%lx", path, (int)getpid(), (unsigned long)&fd);
    fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    for (size_t at = 0; fd >= 0 && at < len;) {
        const ssize_t n = write(fd, data + at, len - at);

        if (n <= 0) {
            unlink(tmp);
            fail("write", path);
        }
        at += (size_t)n;
    }
    if (fd < 0 || close(fd) != 0 || rename(tmp, path) != 0) {
        unlink(tmp);
        fail("write", path);
    }
}

static void
write_object(const struct compile *compile)
{
    char *const object = malloc(compile->size + 64);
    uint64_t x = compile->digest[0] ^ (compile->digest[1] << 1);
    size_t len;

    if (object == NULL)
        fail("memory", compile->output);
    len = (size_t)sprintf(object, "fake object %016llx%016llx\n",
                          (unsigned long long)compile->digest[0],
                          (unsigned long long)compile->digest[1]);
    for (; len < compile->size; len++) {
        x = x * 6364136223846793005U + 1442695040888963407U;
        object[len] = (char)(x >> 56);
    }
    write_whole(compile->output, object, len);
    free(object);
}

static void
write_depfile(const struct compile *compile)
{
    char *text = NULL;
    size_t len;
    FILE *const out = open_memstream(&text, &len);

    if (out == NULL)
        fail("memory", compile->depfile);
    fprintf(out, "%s : %s", compile->output, compile->files[0]);
    for (int i = 1; i < compile->n_files; i++)
        fprintf(out, " \\\n    %s", compile->files[i]);
    fputs("\n", out);
    fclose(out);
    write_whole(compile->depfile, text, len);
    free(text);
}

/* ---- memory ---- */

enum {
    MIB = 1 << 20,
    STEP_MS = 10
};

static char *block;
static size_t block_mib;

/* Hold so many MiB, the new ones touched. */
static void
hold(size_t mib)
{
    if (mib < block_mib)
        madvise(block + mib * MIB, (block_mib - mib) * MIB, MADV_DONTNEED);
    for (size_t i = block_mib; i < mib; i++)
        for (size_t page = 0; page < MIB; page += 4096)
            block[i * MIB + page] = 1;
    block_mib = mib;
}

static void
go_to(size_t target, long ms)
{
    const struct timespec pause = {.tv_nsec = STEP_MS * 1000000L};
    const long steps = ms / STEP_MS;
    const long from = (long)block_mib;

    for (long i = 1; i <= steps; i++) {
        hold((size_t)(from + ((long)target - from) * i / steps));
        nanosleep(&pause, NULL);
    }
    hold(target);
}

static void
follow_curve(const char *curve)
{
    block = mmap(NULL, (size_t)1 << 36, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (block == MAP_FAILED)
        fail("memory", curve);
    for (char *at = NULL;; curve = at) {
        const size_t target = strtoul(curve, &at, 10);
        long ms;

        if (at == curve || *at != '@')
            break;
        ms = strtol(at + 1, &at, 10);
        go_to(target, ms);
    }
}

static void
use_memory(const struct compile *compile)
{
    int status;

    if (compile->memory != NULL && compile->children == 0)
        follow_curve(compile->memory);
    for (int i = 0; compile->memory != NULL && i < compile->children; i++) {
        if (fork() == 0) {
            follow_curve(compile->memory);
            _exit(0);
        }
    }
    /* As nvcc with several threads: a killed child is said, and 255. */
    while (wait(&status) > 0) {
        if (WIFSIGNALED(status)) {
            fprintf(stderr, "Killed\n");
            exit(255);
        }
    }
    if (compile->death != 0 && !compile->is_single)
        raise(compile->death);
}

/* ---- the command ---- */

static const char *
self_dir(void)
{
    static char path[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

    path[n > 0 ? n : 0] = '\0';
    return dirname(path);
}

static int
answer_dryrun(void)
{
    const char *const dir = self_dir();

    fprintf(stderr,
            "#$ _HERE_=%s\n#$ TOP=%s/..\n#$ CICC_PATH=%s\n#$ PATH=%s:/usr/bin:/bin\n"
            "#$ INCLUDES=\n#$ SYSTEM_INCLUDES=\n#$ gcc -D__CUDA_ARCH_LIST__=800 -E\n",
            dir, dir, dir, dir);
    return 0;
}

static int
answer_as_host(int argc, char **argv)
{
    const char *const dir = self_dir();

    if (argc > 1 && strcmp(argv[1], "-print-prog-name=as") == 0) {
        printf("%s/as\n", dir);
        return 0;
    }
    fprintf(stderr,
            " %s/cc1plus -E -quiet /dev/null\n#include <...> search starts here:\n"
            "End of search list.\n",
            dir);
    return 0;
}

/* How many words the argument takes; those that change nothing are not mixed in. */
static int
take_argument(struct compile *compile, char **argv)
{
    const char *const word = argv[0];
    const size_t len = strlen(word);

    if (strcmp(word, "-o") == 0 && argv[1] != NULL)
        return compile->output = argv[1], 2;
    if (strcmp(word, "-MF") == 0 && argv[1] != NULL)
        return compile->depfile = argv[1], 2;
    if (strcmp(word, "-MD") == 0 || strcmp(word, "-c") == 0)
        return 1;
    if (strncmp(word, "--threads=", 10) == 0)
        return compile->is_single = strcmp(word + 10, "1") == 0, 1;
    if (strcmp(word, "--dryrun") == 0)
        return compile->is_dryrun = true, 1;
    if (strncmp(word, "-I", 2) == 0 && word[2] != '\0') {
        if (compile->n_includes < MAX_INCLUDES)
            compile->includes[compile->n_includes++] = word + 2;
        return 1;
    }
    if (word[0] != '-' && len > 3 && strcmp(word + len - 3, ".cu") == 0)
        return compile->source = word, 1;
    mix(compile, word, len + 1);
    return 1;
}

int
main(int argc, char **argv)
{
    static struct compile compile = {.digest = {14695981039346656037U, 1}, .size = 5000};
    const char *const name = basename(argv[0]);

    if (strcmp(name, "gcc") == 0 || strcmp(name, "g++") == 0)
        return answer_as_host(argc, argv);
    for (int i = 1; i < argc;)
        i += take_argument(&compile, argv + i);
    if (compile.is_dryrun)
        return answer_dryrun();
    if (compile.source == NULL || compile.output == NULL)
        fail("usage", "-c SOURCE.cu -o OUTPUT");
    if (!read_file(&compile, compile.source, 0))
        fail("no such file", compile.source);
    use_memory(&compile);
    if (compile.said != NULL)
        fprintf(stderr, "%s\n", compile.said);
    if (compile.exit_code != 0)
        return compile.exit_code;
    write_object(&compile);
    if (compile.depfile != NULL)
        write_depfile(&compile);
    return 0;
}
