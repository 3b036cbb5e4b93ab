/* The client of a job server.  Must never block on it, and never change its descriptors:
 * they are shared with make, flags included. */

#include "nvcache/base/jobserver.h"

#include "nvcache/base/fs.h"
#include "nvcache/base/strlist.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The value of the last such word: make appends what counts. */
static const char *
find_server(const char *flags)
{
    static const char *const names[] = {"--jobserver-auth=", "--jobserver-fds="};
    const char *found = NULL;

    for (const char *word = flags; word != NULL; word = strchr(word, ' ')) {
        word += strspn(word, " ");
        if (str_starts(word, "-- "))
            break;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            if (str_starts(word, names[i]))
                found = word + strlen(names[i]);
    }
    return found;
}

static bool
is_pipe(int fd)
{
    struct stat info;

    return fd >= 0 && fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode);
}

static void
open_fifo(struct jobserver *server, const char *value)
{
    char path[PATH_MAX];
    const size_t len = strcspn(value, " ");

    if (len >= sizeof(path))
        return;
    memcpy(path, value, len);
    path[len] = '\0';
    server->read_fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    server->write_fd = server->read_fd;
}

/* The pipe is opened anew for reading: only so can it be read without waiting. */
static void
open_pipe(struct jobserver *server, const char *value)
{
    char path[64];
    int read_fd;
    int write_fd;

    if (sscanf(value, "%d,%d", &read_fd, &write_fd) != 2 || !is_pipe(read_fd) ||
        !is_pipe(write_fd))
        return;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", read_fd);
    server->read_fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    server->write_fd = write_fd;
}

bool
jobserver_open(struct jobserver *server, const char *flags)
{
    static const char fifo[] = "fifo:";
    const char *value = find_server(flags);

    *server = (struct jobserver)JOBSERVER_INIT;
    if (value == NULL)
        return false;
    if (str_starts(value, fifo))
        open_fifo(server, value + strlen(fifo));
    else
        open_pipe(server, value);
    if (server->read_fd >= 0 && !is_pipe(server->read_fd))
        fs_closep(&server->read_fd);
    return server->read_fd >= 0;
}

bool
jobserver_take(struct jobserver *server)
{
    ssize_t n;

    if (server->read_fd < 0 || server->n == JOBSERVER_TOKENS_MAX)
        return false;
    do
        n = read(server->read_fd, &server->tokens[server->n], 1);
    while (n < 0 && errno == EINTR);
    server->n += n == 1;
    return n == 1;
}

void
jobserver_give(struct jobserver *server)
{
    if (server->n == 0)
        return;
    server->n--;
    /* There was room for it before; without it make would only run one job less. */
    (void)!fs_write_full(server->write_fd, &server->tokens[server->n], 1);
}

void
jobserver_close(struct jobserver *server)
{
    while (server->n > 0)
        jobserver_give(server);
    fs_closep(&server->read_fd);
}
