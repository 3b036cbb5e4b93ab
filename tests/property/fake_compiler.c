/* A compiler for the property test: its object is a digest of everything it read.  It
 * finds that by tracing itself (fake_trace.h); arguments, what each __has_include said,
 * and what its host compiler (along PATH or by -ccbin, perhaps a script) says about
 * itself are in it too. It searches headers as gcc does, each directory once, in its last
 * kind.  It reads #include with "name", <name> or a macro, #include_next, #define NAME
 * "text", and #if
 * __has_include(...) with #else and #endif, not nested.  With a name of gcc it answers as
 * one.  Appends a byte to the file FAKE_RUNS for each compile. */

#include "fake_trace.h"

#include <ctype.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_DIRS = 64,
    MAX_FILES = 256,
    MAX_DEPTH = 12
};

static const char *quote_dirs[MAX_DIRS], *chain[MAX_DIRS];
static bool is_system[MAX_DIRS];
static const char *host = "gcc";
static int n_quote, n_chain, n_files;
static char *files[MAX_FILES], macro[PATH_MAX];
static bool has_where, shows_all; /* as with -g: directories and files */
static const char *source, *output, *depfile;
static FILE *object;
static char *object_text;
static size_t object_len;

static void
fail(const char *what, const char *which)
{
    fprintf(stderr, "fake: %s: %s\n", what, which);
    exit(1);
}

static bool
is_regular(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

static bool
join(char *out, const char *dir, const char *name)
{
    if (name[0] == '/' || strcmp(dir, ".") == 0)
        snprintf(out, PATH_MAX, "%s", name);
    else
        snprintf(out, PATH_MAX, "%s/%s", dir, name);
    return is_regular(out);
}

/* gcc names what it finds in a system directory, or in quotes from what lies there, by
 * its real path if that is shorter. */
static void
shorten(char *path)
{
    char real[PATH_MAX];

    if (realpath(path, real) != NULL && strlen(real) < strlen(path))
        strcpy(path, real);
}

/* A file that is being read. */
struct reading {
    const char *path;
    int where;      /* in the chain; -1: beside another */
    bool is_system; /* found in a system directory, or it says that it is one */
    int depth;
    bool skipping;
};

/* Where a name is found; behind `after` for #include_next (-1: not that). */
static bool
find(char *out, const struct reading *from, const char *name, bool quoted, int after,
     int *where)
{
    char copy[PATH_MAX];

    *where = -1;
    snprintf(copy, sizeof(copy), "%s", from->path);
    if (after < 0 && quoted && join(out, dirname(copy), name)) {
        if (from->is_system)
            shorten(out);
        return true;
    }
    for (int i = 0; after < 0 && quoted && i < n_quote; i++)
        if (join(out, quote_dirs[i], name))
            return true;
    for (int i = after + 1; i < n_chain; i++)
        if (join(out, chain[i], name)) {
            if (is_system[i])
                shorten(out);
            return *where = i, true;
        }
    return false;
}

static void read_file(struct reading reading);

/* "name" or <name> at `at`, or the macro. */
static bool
take_name(const char *at, char *name, bool *quoted)
{
    while (isspace((unsigned char)*at) || *at == '(')
        at++;
    if (*at != '"' && *at != '<') {
        snprintf(name, PATH_MAX, "%s", macro);
        return *quoted = true, macro[0] != '\0';
    }
    *quoted = *at == '"';
    snprintf(name, PATH_MAX, "%.*s", (int)strcspn(at + 1, "\">"), at + 1);
    return true;
}

/* What it includes in quotes is one of the system's if it is itself. */
static void
include(const struct reading *from, const char *found, int where)
{
    read_file(
        (struct reading){.path = found,
                         .where = where,
                         .is_system = where >= 0 ? is_system[where] : from->is_system,
                         .depth = from->depth + 1});
}

static void
directive(const char *line, struct reading *in)
{
    char name[PATH_MAX], found[PATH_MAX];
    bool quoted;
    int at;

    if (strncmp(line, "#endif", 6) == 0)
        in->skipping = false;
    else if (strncmp(line, "#else", 5) == 0)
        in->skipping = !in->skipping;
    else if (strncmp(line, "#if __has_include", 17) == 0) {
        in->skipping = !take_name(line + 17, name, &quoted) ||
                       !find(found, in, name, quoted, -1, &at);
        trace_event("has", in->skipping ? "no" : "yes");
    } else if (in->skipping)
        return;
    else if (strncmp(line, "#pragma GCC system_header", 25) == 0)
        in->is_system = true;
    else if (strncmp(line, "#define WHERE __FILE__", 22) == 0)
        has_where = true;
    else if (strncmp(line, "#define HEADER \"", 16) == 0)
        snprintf(macro, sizeof(macro), "%.*s", (int)strcspn(line + 16, "\""), line + 16);
    else if (strncmp(line, "#include_next", 13) == 0) {
        if (take_name(line + 13, name, &quoted) &&
            find(found, in, name, false, in->where, &at))
            include(in, found, at);
    } else if (strncmp(line, "#include", 8) == 0) {
        if (!take_name(line + 8, name, &quoted) ||
            !find(found, in, name, quoted, -1, &at))
            fail("no such header", line);
        include(in, found, at);
    } else
        fputs(line, object);
}

/* __FILE__, and WHERE if a header defined it, are the file's name. */
static void
write_line(const char *line, const char *path)
{
    static const char *const words[] = {"__FILE__", "WHERE"};

    for (size_t i = 0; i < 2; i++) {
        const char *at = i == 0 || has_where ? strstr(line, words[i]) : NULL;

        if (at != NULL) {
            fprintf(object, "%.*s%s%s", (int)(at - line), line, path,
                    at + strlen(words[i]));
            return;
        }
    }
    fputs(line, object);
}

static void
remember(const char *path)
{
    for (int i = 0; i < n_files; i++)
        if (strcmp(files[i], path) == 0)
            return;
    if (n_files < MAX_FILES)
        files[n_files++] = strdup(path);
}

static void
read_file(struct reading reading)
{
    char line[4096];
    FILE *in = fopen(reading.path, "re");

    if (in == NULL || reading.depth > MAX_DEPTH)
        fail("cannot read", reading.path);
    if (shows_all)
        fprintf(object, "read %s\n", reading.path);
    remember(reading.path);
    while (fgets(line, sizeof(line), in) != NULL)
        if (line[0] == '#')
            directive(line, &reading);
        else if (!reading.skipping)
            write_line(line, reading.path);
    fclose(in);
}

static void
add_dir(const char *dir, bool system)
{
    if (n_chain < MAX_DIRS)
        is_system[n_chain] = system, chain[n_chain++] = dir[0] == '\0' ? "." : dir;
}

static void
add_dirs(const char *list, bool system)
{
    char *rest = list == NULL || list[0] == '\0' ? NULL : strdup(list);

    for (char *dir; (dir = strsep(&rest, ":")) != NULL;)
        add_dir(dir, system);
}

/* As gcc: a system directory is dropped before it; else the first of several counts. */
static void
drop_repeated(void)
{
    int n = 0;

    for (int i = 0; i < n_chain; i++) {
        struct stat a, b;
        bool keep = stat(chain[i], &a) == 0 && S_ISDIR(a.st_mode);

        for (int k = 0; k < n_chain && keep; k++)
            if (k != i && stat(chain[k], &b) == 0 && a.st_ino == b.st_ino &&
                a.st_dev == b.st_dev)
                keep = is_system[i] == is_system[k] ? i < k : is_system[i];
        if (keep)
            is_system[n] = is_system[i], chain[n++] = chain[i];
    }
    n_chain = n;
}

static void
take_word(char *word, char *next, bool *used_next)
{
    *used_next = true;
    if (word[0] == '-' && word[1] != 'X' && strcmp(word, "-ccbin") != 0)
        trace_event("word", strncmp(word, "-I", 2) == 0 ? "-I" : word);
    if (strcmp(word, "-ccbin") == 0)
        host = next;
    else if (strcmp(word, "-o") == 0)
        output = next;
    else if (strcmp(word, "-MF") == 0)
        depfile = next;
    else if (strcmp(word, "-isystem") == 0)
        add_dir(next, true);
    else if (strcmp(word, "-Xcompiler") == 0 && next != NULL &&
             strncmp(next, "-iquote,", 8) == 0)
        quote_dirs[n_quote++] = next + 8;
    else if (strcmp(word, "-optf") == 0) {
        char text[256] = "";
        FILE *in = fopen(next, "re");

        if (in == NULL || fgets(text, sizeof(text), in) == NULL)
            fail("options file", next);
        fprintf(object, "%.*s\n", (int)strcspn(text, "\n"), text);
        fclose(in);
    } else {
        *used_next = false;
        if (strncmp(word, "-I", 2) == 0)
            add_dir(word + 2, false);
        else if (word[0] != '-')
            source = word;
        else if (strcmp(word, "-MD") != 0 && strcmp(word, "-c") != 0)
            fprintf(object, "%s\n", word);
        shows_all |= strcmp(word, "-g") == 0 || strcmp(word, "-lineinfo") == 0;
    }
}

static void
take_environment(void)
{
    static const char *const names[] = {
        "PTXAS_FLAGS", "OCG_FLAGS",    "NVVM_FLAGS",
        "LANG",        "GCC_COLORS",   "EDG_BASE",
        "LC_ALL",      "CUDAFE_FLAGS", "SOURCE_DATE_EPOCH"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)getenv(names[i]);
    add_dirs(getenv("CPATH"), false);
    add_dirs(getenv("CPLUS_INCLUDE_PATH"), true);
}

/* System directories behind all others. */
static void
order_chain(void)
{
    const char *dirs[MAX_DIRS];
    bool system[MAX_DIRS];
    int n = 0;

    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < n_chain; i++)
            if (is_system[i] == (pass == 1))
                dirs[n] = chain[i], system[n++] = is_system[i];
    memcpy(chain, dirs, sizeof(chain));
    memcpy(is_system, system, sizeof(is_system));
}

static void
write_results(void)
{
    FILE *out = fopen(output, "we");

    fprintf(object, "trace %016llx\n", (unsigned long long)trace);
    fclose(object);
    if (out == NULL || fwrite(object_text, 1, object_len, out) != object_len ||
        fclose(out) != 0)
        fail("cannot write", output);
    if (depfile == NULL)
        return;
    out = fopen(depfile, "we");
    if (out == NULL)
        fail("cannot write", depfile);
    fprintf(out, "%s : %s", output, files[0]);
    for (int i = 1; i < n_files; i++)
        fprintf(out, " \\\n    %s", files[i]);
    fputs("\n", out);
    fclose(out);
}

static void
count_run(void)
{
    const char *path = __real_getenv("FAKE_RUNS");
    const int fd =
        path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

    if (fd >= 0 && write(fd, ".", 1) == 1)
        close(fd);
}

static const char *
own_dir(void)
{
    static char dir[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);

    dir[n > 0 ? n : 0] = '\0';
    return dirname(dir);
}

static void
read_beside(const char *name)
{
    char path[PATH_MAX];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", own_dir(), name);
    file = fopen(path, "re");
    if (file != NULL)
        fclose(file);
}

/* The host compiler about itself: its parts and its words. */
static int
describe(int argc, char **argv)
{
    read_beside("gcc");
    read_beside("cc1plus");
    read_beside("as");
    for (int i = 1; i < argc; i++)
        trace_event("word", argv[i]);
    printf("%016llx\n", (unsigned long long)trace);
    return 0;
}

static void
take_tools(void)
{
    static const char *const names[] = {"nvcc",     "cicc",      "ptxas",
                                        "cudafe++", "fatbinary", "nvcc.profile"};
    char path[PATH_MAX], answer[64] = "";
    FILE *said;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        read_beside(names[i]);
    snprintf(path, sizeof(path), "%s --describe", host);
    said = popen(path, "re");
    if (said == NULL || fgets(answer, sizeof(answer), said) == NULL || pclose(said) != 0)
        fail("host compiler", host);
    trace_event("host", answer);
}

/* As `gcc -v`: each directory once, and those that are not there as such. */
static void
tell_search_path(void)
{
    add_dirs(__real_getenv("CPLUS_INCLUDE_PATH"), true);
    for (int i = 0; i < n_chain; i++)
        if (access(chain[i], F_OK) != 0)
            fprintf(stderr, "ignoring nonexistent directory \"%s\"\n", chain[i]);
    drop_repeated();
    fputs("#include <...> search starts here:\n", stderr);
    for (int i = 0; i < n_chain; i++)
        fprintf(stderr, " %s\n", chain[i]);
    fputs("End of search list.\n", stderr);
}

static int
answer(int argc, char **argv, bool is_host)
{
    const char *dir = own_dir();

    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "-ccbin") == 0)
            host = argv[i + 1];
    if (is_host && argc > 1 && strcmp(argv[argc - 1], "-print-prog-name=as") == 0)
        printf("%s/as\n", dir);
    else if (is_host) {
        fprintf(stderr, " %s/cc1plus -E -quiet /dev/null\n", dir);
        tell_search_path();
    } else
        fprintf(stderr,
                "#$ _HERE_=%s\n#$ TOP=%s/..\n#$ CICC_PATH=%s\n#$ PATH=%s:%s\n"
                "#$ INCLUDES=\n#$ SYSTEM_INCLUDES=\n#$ %s -D__CUDA_ARCH_LIST__=800 -E\n",
                dir, dir, dir, dir, __real_getenv("PATH"), host);
    return 0;
}

int
main(int argc, char **argv)
{
    const char *name = basename(argv[0]);

    if (strcmp(name, "gcc") == 0)
        return argc > 1 && strcmp(argv[argc - 1], "--describe") == 0
                   ? describe(argc, argv)
                   : answer(argc, argv, true);
    object = open_memstream(&object_text, &object_len);
    for (int i = 1; i < argc; i++) {
        bool used_next;

        if (strcmp(argv[i], "--dryrun") == 0)
            return answer(argc, argv, false);
        take_word(argv[i], argv[i + 1], &used_next);
        i += used_next;
    }
    trace_bytes((const char *)&n_quote, sizeof(n_quote)); /* nvcc puts them first */
    take_environment();
    order_chain();
    drop_repeated();
    if (source == NULL || output == NULL)
        fail("usage", "-c SOURCE -o OUTPUT");
    count_run();
    take_tools();
    if (shows_all) /* the working directory as compilers name it */
        fprintf(object, "in %s\n", __real_getenv("PWD"));
    read_file((struct reading){.path = source, .where = -1});
    write_results();
    return 0;
}
