#ifndef NVCACHE_NVCC_DEPFILE_H
#define NVCACHE_NVCC_DEPFILE_H

#include "nvcache/base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;

/* The dependency file of one compile: one rule, then (with -MP) an empty rule for each
 * header. Where each name stands is kept, so that the text can be written again with
 * other names. */

/* Limits; more is ERR_LIMIT. */
#define DEPFILE_MAX_BYTES ((size_t)32 << 20)
#define DEPFILE_MAX_NAMES 131072
#define DEPFILE_MAX_NAME  4096

/* Two ways of writing such files are met; they differ in what is escaped (depfile.c). */
enum depfile_dialect {
    DEPFILE_NVCC, /* nvcc's own: `target : first \`, one name a line */
    DEPFILE_GCC,  /* gcc -M's: `target: a b \`
                   */
};

/* A name in the text: `len` bytes at `offset`, escapes included. */
struct depfile_name {
    size_t offset;
    size_t len;
    const char *path; /* without escapes */
};

struct depfile {
    enum depfile_dialect dialect;
    struct depfile_name target;         /* everything before the colon, never unescaped */
    struct depfile_name *prerequisites; /* in order; the first is the source */
    size_t n_prerequisites;
    struct depfile_name *phony; /* targets of the empty rules, in order */
    size_t n_phony;
};

/* Strings live in the arena; `text` is not kept.  ERR_FORMAT when this is not the
 * dependency file of one compile, ERR_LIMIT. */
NVC_NODISCARD enum nvc_status depfile_parse(struct arena *arena, const char *text,
                                            size_t len, struct depfile *out);

/* Append `path` as the dialect writes it in a list of prerequisites. */
void depfile_escape(enum depfile_dialect dialect, const char *path, struct buf *out);

/* A path that the dialect can write so that parsing gives it back.  (nvcc writes a
 * backslash as a slash, and a newline as it is.) */
bool depfile_can_name(enum depfile_dialect dialect, const char *path);

/* Append `text`, parsed as `depfile`, with other names.  `target` NULL keeps the target.
 * rename_to() gives the new path of a prerequisite or phony target, or NULL to keep its
 * bytes. */
void depfile_rewrite(const char *text, size_t len, const struct depfile *depfile,
                     const char *target,
                     const char *(*rename_to)(const char *path, void *arg), void *arg,
                     struct buf *out);

#endif
