#ifndef NVCACHE_ENTRY_TEMPLATE_H
#define NVCACHE_ENTRY_TEMPLATE_H

#include "nvcache/base/status.h"

#include <stddef.h>

struct buf;

/* Text with directories left open: a depfile or a message recorded in one place and
 * replayed in another names the files of the second place.
 *
 *   template = { literal u32 len, bytes | kind u8 | index u8 }*, ends with kind 0xff */

/* A directory and how a text spells it. */
struct template_root {
    unsigned char kind; /* enum root_kind */
    unsigned char index;
    const char *path; /* "" never matches */
};

/* The first occurrence, from `at` on, of a root's path that is a whole path prefix: not
 * preceded by a character of a file name or a slash, and followed by a slash or by the
 * end of the name.  Where several fit, the longest wins.  NULL: there is none; else `at`
 * is where it begins. */
const struct template_root *template_next(const char *text, size_t len,
                                          const struct template_root *roots, size_t n,
                                          size_t *at);

/* Replace each of them. */
void template_make(const char *text, size_t len, const struct template_root *roots,
                   size_t n, struct buf *out);

/* Put the paths back.  ERR_CORRUPT for a damaged template or a root that is not in
 * `roots`. */
NVC_NODISCARD enum nvc_status template_expand(const void *data, size_t len,
                                              const struct template_root *roots, size_t n,
                                              struct buf *out);

#endif
