/* Adding up a tree of processes.  /proc/PID/task/TID/children names the children of one
 * thread, so the cost is that of the tree, not of the machine. */

#include "nvcache/sched/tree.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DEPTH_MAX = 24,
    PROCESSES_MAX = 2048,
    CHILDREN_TEXT = 4096
};

struct walk {
    uint64_t pages;
    int left;          /* processes still to be looked at: a loop cannot hold us */
    int signal_number; /* to be sent to each; 0: none */
    uint64_t largest_pages;
    long largest; /* its process id; 0: there is none */
};

static ssize_t
read_small(int dir, const char *name, char *out, size_t size)
{
    const int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;

    if (fd >= 0) {
        n = read(fd, out, size - 1);
        close(fd);
    }
    out[n > 0 ? n : 0] = '\0';
    return n;
}

/* "SIZE RESIDENT SHARED ...", in pages */
static void
add_memory(struct walk *walk, long pid, int process)
{
    char text[128];
    char *at = text;
    uint64_t resident;
    uint64_t shared;

    if (read_small(process, "statm", text, sizeof(text)) <= 0)
        return;
    strtoull(at, &at, 10);
    resident = strtoull(at, &at, 10);
    shared = strtoull(at, &at, 10);
    if (resident <= shared)
        return;
    walk->pages += resident - shared;
    if (resident - shared > walk->largest_pages) {
        walk->largest_pages = resident - shared;
        walk->largest = pid;
    }
}

static void walk_children(struct walk *walk, int process, int depth);

static void
walk_process(struct walk *walk, long pid, int depth)
{
    char path[32];
    int process;

    snprintf(path, sizeof(path), "/proc/%ld", pid);
    process = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (process < 0)
        return;
    if (walk->signal_number != 0)
        kill((pid_t)pid, walk->signal_number);
    add_memory(walk, pid, process);
    walk_children(walk, process, depth);
    close(process);
}

static void
walk_list(struct walk *walk, char *list, int depth)
{
    for (char *end = list;; list = end) {
        const long pid = strtol(list, &end, 10);

        if (end == list || walk->left-- <= 0)
            return;
        walk_process(walk, pid, depth);
    }
}

static void
walk_children(struct walk *walk, int process, int depth)
{
    const int fd = openat(process, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *tasks = fd >= 0 ? fdopendir(fd) : NULL;

    if (tasks == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (const struct dirent *entry;
         depth < DEPTH_MAX && (entry = readdir(tasks)) != NULL;) {
        char list[CHILDREN_TEXT];
        char name[64];

        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        snprintf(name, sizeof(name), "%.20s/children", entry->d_name);
        if (read_small(dirfd(tasks), name, list, sizeof(list)) > 0)
            walk_list(walk, list, depth + 1);
    }
    closedir(tasks);
}

static struct walk
walk_below(const char *path, int signal_number)
{
    struct walk walk = {.left = PROCESSES_MAX, .signal_number = signal_number};
    const int process = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (process >= 0) {
        walk_children(&walk, process, 0);
        close(process);
    }
    return walk;
}

uint64_t
tree_bytes(void)
{
    return walk_below("/proc/self", 0).pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void
tree_signal(int signal_number)
{
    walk_below("/proc/self", signal_number);
}

bool
tree_is_readable(void)
{
    return access("/proc/thread-self/children", R_OK) == 0;
}

/* The first architecture that a command line names; its words end with NULs. */
static const char *
architecture_in(char *words, size_t len)
{
    static const char *const prefixes[] = {"compute_", "sm_", "lto_"};

    for (size_t i = 0; i + 1 < len; i++)
        if (words[i] == '\0')
            words[i] = ' ';
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        char *at = strstr(words, prefixes[i]);

        if (at != NULL) {
            at[strspn(at, "abcdefghijklmnopqrstuvwxyz_0123456789")] = '\0';
            return at;
        }
    }
    return "";
}

void
tree_describe(uint32_t pid, char *out, size_t size)
{
    char path[32];
    char name[32];
    char words[4096];
    struct walk walk;
    int process;
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/%lu", (unsigned long)pid);
    walk = walk_below(path, 0);
    out[0] = '\0';
    snprintf(path, sizeof(path), "/proc/%ld", walk.largest);
    process = walk.largest > 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (process < 0)
        return;
    if (read_small(process, "comm", name, sizeof(name)) > 0) {
        const char *arch;

        name[strcspn(name, "\n")] = '\0';
        n = read_small(process, "cmdline", words, sizeof(words));
        arch = architecture_in(words, n > 0 ? (size_t)n : 0);
        snprintf(out, size, "%s%s%s", name, arch[0] != '\0' ? " " : "", arch);
    }
    close(process);
}
