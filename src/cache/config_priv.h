#ifndef NVCACHE_CACHE_CONFIG_PRIV_H
#define NVCACHE_CACHE_CONFIG_PRIV_H

#include <stddef.h>

struct arena;
struct buf;

/* The form of a config file: lines `name = value`, blank lines, lines that begin with
 * `#`. */

#define CONFIG_FILE_MAX ((size_t)64 << 10)

struct config_line {
    const char *name;  /* "" for a blank line or a comment */
    const char *value; /* NULL when there is no `=` */
};

/* Read the line at `text`; returns where the next one begins. */
const char *config_line_read(struct arena *arena, const char *text,
                             struct config_line *out);

/* `text` with `name = value` in place of the first line that sets `name`, or behind the
 * last line; further lines that set it are left out, all others kept byte by byte. */
void config_text_set(struct arena *arena, const char *text, const char *name,
                     const char *value, struct buf *out);

#endif
