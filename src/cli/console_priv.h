#ifndef NVCACHE_CLI_CONSOLE_PRIV_H
#define NVCACHE_CLI_CONSOLE_PRIV_H

#include "nvcache/base/arena.h"
#include "nvcache/cache/config.h"

#include <stdbool.h>

struct buf;
struct store;

/* Exit codes of everything but a compile. */
#define EXIT_OK     0
#define EXIT_FAULT  1 /* could not be done, or something is damaged; stderr says what */
#define EXIT_MISUSE 2 /* the command line makes no sense */

/* What every sub-command starts from. */
struct console {
    struct arena *arena;
    char *const *words; /* NAME=VALUE words of the command line; NULL: there were none */
    struct config config;
};

/* `words`: NAME=VALUE words of the command line, NULL-terminated. */
void console_begin(struct console *console, struct arena *arena, char *const *words);

/* One line on stderr, `nvcache: ...`. */
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);

/* Print one line for each setting that was not accepted.  True when there is none. */
bool console_settings_are_good(const struct console *console);

/* Is there a cache directory, of whatever kind? */
bool console_has_cache(const struct console *console);

/* Open the cache, or complain, saying what to do, and return NULL. */
struct store *console_open_store(struct console *console, bool read_only);
/* The same for a command that changes it: one that cannot be written is a failure too. */
struct store *console_open_writable(struct console *console);

/* The line for a cache that cannot be used. */
void complain_of_store(const struct console *console, enum nvc_status status);

/* Write to stdout.  The exit code: EXIT_FAULT, with a complaint, when that fails. */
int print_out(const struct buf *text);

#endif
