/* What sub-commands share: the settings, the opened cache, and how things are said.
 *
 * Results go to stdout in one piece; what went wrong goes to stderr, one line each, with
 * what to do about it.  Nothing here is used while compiling. */

#include "console_priv.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/store/store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
console_begin(struct console *console, struct arena *arena, char *const *words)
{
    console->arena = arena;
    console->words = words;
    config_load(arena, words, NVC_SYSCONFDIR "/nvcache.conf", &console->config);
}

void
complain(const char *format, ...)
{
    va_list args;

    flockfile(stderr);
    fputs("nvcache: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    funlockfile(stderr);
}

bool
console_settings_are_good(const struct console *console)
{
    const struct strlist *const problems = &console->config.problems;

    for (size_t i = 0; i < problems->n; i++)
        complain("%s", problems->v[i]);
    return problems->n == 0;
}

bool
console_has_cache(const struct console *console)
{
    return access(console->config.dir, F_OK) == 0 || errno != ENOENT;
}

/* What to do when the cache cannot be opened. */
static const char *
advice_for(enum nvc_status status)
{
    switch ((int)status) {
    case NVC_ERR_NETWORK_FS:
        return "set NVCACHE_DIR to a directory on a local disk";
    case NVC_ERR_OWNER:
        return "set NVCACHE_DIR to a directory of your own, "
               "or take away everybody's write permission (chmod o-w)";
    case NVC_ERR_PERMISSION:
        return "set NVCACHE_DIR to a directory you may write to";
    case NVC_ERR_NOSPACE:
        return "free some space, or run `nvcache trim SIZE`";
    case NVC_ERR_LOCK:
        return "try again, or set NVCACHE_LOCK_TIMEOUT to more milliseconds";
    case NVC_ERR_CRASH:
    case NVC_ERR_CORRUPT:
    case NVC_ERR_GENERATION:
        return "run `nvcache verify --repair` or `nvcache clear`";
    default:
        return "set NVCACHE_DIR to another directory";
    }
}

/* An I/O error has mostly a plain reason. */
static const char *
text_for(const char *dir, enum nvc_status status)
{
    struct stat info;

    if (status == NVC_ERR_CRASH)
        status = NVC_ERR_GENERATION; /* no compiler was run here: damage is what it is */
    if (status == NVC_ERR_IO && stat(dir, &info) != 0)
        return "the cache directory cannot be made";
    if (status == NVC_ERR_IO && !S_ISDIR(info.st_mode))
        return "this is not a directory";
    return status_text(status);
}

void
complain_of_store(const struct console *console, enum nvc_status status)
{
    const char *const dir = console->config.dir;
    const char *const kind = status == NVC_ERR_NETWORK_FS ? store_remote_fs(dir) : NULL;

    if (kind != NULL)
        complain("%s: %s (%s); %s", dir, text_for(dir, status), kind, advice_for(status));
    else
        complain("%s: %s; %s", dir, text_for(dir, status), advice_for(status));
}

struct store *
console_open_store(struct console *console, bool read_only)
{
    const struct config *const config = &console->config;
    const unsigned wait_ms = (unsigned)config->lock_timeout;
    const struct store_config want = {
        .dir = config->dir,
        .max_bytes = config->max_size,
        .umask = config->umask,
        .read_wait_ms = wait_ms,
        .write_wait_ms = wait_ms,
        .read_only = read_only,
    };
    struct store *store = NULL;
    const enum nvc_status st = store_open(&want, &store);

    if (st != NVC_OK) {
        complain_of_store(console, st);
        return NULL;
    }
    return store;
}

struct store *
console_open_writable(struct console *console)
{
    struct store *const store = console_open_store(console, false);

    if (store == NULL || !store_is_read_only(store))
        return store;
    complain_of_store(console, NVC_ERR_PERMISSION);
    store_close(store);
    return NULL;
}

int
print_out(const struct buf *text)
{
    if (fs_write_full(STDOUT_FILENO, text->data, text->len) == NVC_OK)
        return EXIT_OK;
    if (errno != EPIPE)
        complain("cannot write the output: %s", strerror(errno));
    return EXIT_FAULT;
}
