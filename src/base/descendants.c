/* Signals for a whole tree of processes, found through /proc.  A compiler's own children
 * are not in its hands when it dies early; they are in ours (PR_SET_CHILD_SUBREAPER). */

#include "descendants_priv.h"

#include "nvcache/base/buf.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct process_row {
    pid_t pid;
    pid_t parent;
    bool ours;
};

/* The parent's id from /proc/PID/stat: the second field behind the last ')'. */
static pid_t
parent_of(const char *pid)
{
    char path[64];
    char text[512];
    const char *at;
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    at = strrchr(text, ')');
    return at != NULL && strlen(at) > 4 ? (pid_t)strtol(at + 4, NULL, 10) : 0;
}

static void
list_processes(struct buf *rows)
{
    DIR *proc = opendir("/proc");

    if (proc == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        struct process_row row = {0};

        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        row.pid = (pid_t)strtol(entry->d_name, NULL, 10);
        row.parent = parent_of(entry->d_name);
        buf_append(rows, &row, sizeof(row));
    }
    closedir(proc);
}

static bool
is_marked(const struct process_row *rows, size_t n, pid_t pid)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].pid == pid)
            return rows[i].ours;
    return false;
}

/* Mark everything below `root`; parents may come after their children in the list. */
static size_t
mark(struct process_row *rows, size_t n, pid_t root)
{
    size_t marked = 0;

    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i < n; i++) {
            if (rows[i].ours)
                continue;
            if (rows[i].parent != root && !is_marked(rows, n, rows[i].parent))
                continue;
            rows[i].ours = true;
            again = true;
            marked++;
        }
    }
    return marked;
}

size_t
descendants_signal(int signal_number)
{
    AUTO_BUF list = BUF_INIT;
    struct process_row *rows;
    size_t marked;
    size_t n;

    list_processes(&list);
    rows = (void *)list.data;
    n = list.len / sizeof(*rows);
    marked = mark(rows, n, getpid());
    for (size_t i = 0; i < n; i++)
        if (rows[i].ours)
            kill(rows[i].pid, signal_number);
    return marked;
}
