#ifndef NVCACHE_BASE_JOBSERVER_H
#define NVCACHE_BASE_JOBSERVER_H

#include <stdbool.h>
#include <stddef.h>

/* GNU make's job server (make's manual, "POSIX Jobserver Interaction"): whoever wants to
 * run a second process beside its own takes a token, and gives the same one back.  Make
 * and ninja (1.13) tell of it in MAKEFLAGS: --jobserver-auth=R,W, =fifo:PATH, or
 * --jobserver-fds=R,W.
 *
 * Used by one thread.  Tokens are lost when this process is killed, as with any client.
 */

enum {
    JOBSERVER_TOKENS_MAX = 64
};

struct jobserver {
    int read_fd; /* our own, non-blocking; -1: there is no server */
    int write_fd;
    size_t n;
    char tokens[JOBSERVER_TOKENS_MAX];
};

/* clang-format off */
#define JOBSERVER_INIT {.read_fd = -1, .write_fd = -1}
/* clang-format on */

/* `flags` is the value of MAKEFLAGS, or NULL.  False: there is no server, or not for us
 * (make closes its pipe before programs that are not told to be makes). */
bool jobserver_open(struct jobserver *server, const char *flags);

/* A token, if there is one now. */
bool jobserver_take(struct jobserver *server);

/* Give one back.  Nothing happens where none was taken. */
void jobserver_give(struct jobserver *server);

/* Gives all back. */
void jobserver_close(struct jobserver *server);

#endif
