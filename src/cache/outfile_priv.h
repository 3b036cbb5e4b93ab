#ifndef NVCACHE_CACHE_OUTFILE_PRIV_H
#define NVCACHE_CACHE_OUTFILE_PRIV_H

#include "nvcache/base/status.h"

#include <stddef.h>
#include <sys/types.h>

struct arena;
struct session;

/* What the program that writes an output does with what lies there. */
enum outfile_manner {
    OUTFILE_WRITTEN,   /* opened and emptied: it keeps its mode, names and links to it */
    OUTFILE_ASSEMBLED, /* GNU as: so if it is empty, else removed and made anew */
    OUTFILE_REPLACED,  /* clang: always made anew */
};

/* That of the command's object, or whatever else it makes. */
enum outfile_manner outfile_manner(const struct session *session);

/* Put an output where the compiler would have put it, with the mode it would have given
 * it: 0666 less the umask for a new file, the old mode for one that is kept.  A symbolic
 * link to a file that is kept is followed.  A file that cannot be renamed over (its
 * directory is not writable, or it has other names) is written in place. */
NVC_NODISCARD enum nvc_status outfile_write(struct arena *arena, const char *path,
                                            enum outfile_manner manner, const void *data,
                                            size_t len);

/* A temporary file to become the output with tmpfile_publish(tmp, *out_mode), for one
 * that is too large to be kept in memory.  NVC_MISS where only outfile_write will do. */
struct tmpfile;
NVC_NODISCARD enum nvc_status outfile_begin(const char *path, enum outfile_manner manner,
                                            struct tmpfile *tmp, mode_t *out_mode);

/* Is this a place outfile_write can serve: nothing, or a regular file, behind at most a
 * symbolic link? */
int outfile_is_regular(const char *path);

#endif
