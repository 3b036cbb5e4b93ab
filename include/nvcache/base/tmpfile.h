#ifndef NVCACHE_BASE_TMPFILE_H
#define NVCACHE_BASE_TMPFILE_H

#include "nvcache/base/status.h"

#include <stddef.h>
#include <sys/types.h>

/* A file that appears under its name complete or not at all.
 *
 *     AUTO_TMP tmp = TMPFILE_INIT;
 *     st = tmpfile_open(&tmp, target);
 *     ... write to tmp.fd ...
 *     return tmpfile_publish(&tmp, mode);
 *
 * The file is written beside its target under a name with 64 random bits (O_EXCL,
 * O_NOFOLLOW) and renamed over it.  When it is not published, leaving the scope removes
 * it. A process killed in between leaves the temporary file, never a partial target. */
struct tmpfile {
    int fd;
    char *path;   /* heap; NULL once published or discarded */
    char *target; /* heap */
};

#define TMPFILE_INIT                                                                     \
    {                                                                                    \
        -1, NULL, NULL                                                                   \
    }
#define AUTO_TMP __attribute__((cleanup(tmpfile_discard))) struct tmpfile

NVC_NODISCARD enum nvc_status tmpfile_open(struct tmpfile *tmp, const char *target);

/* In place of a mode: as any new file, 0666 less the umask.  Give it to both. */
#define TMPFILE_NEW_FILE ((mode_t)-1)
NVC_NODISCARD enum nvc_status tmpfile_open_mode(struct tmpfile *tmp, const char *target,
                                                mode_t mode);

/* Set the mode, close, rename.  On failure the temporary file is removed. */
NVC_NODISCARD enum nvc_status tmpfile_publish(struct tmpfile *tmp, mode_t mode);

void tmpfile_discard(struct tmpfile *tmp);

/* The whole dance for data that is in memory. */
NVC_NODISCARD enum nvc_status tmpfile_write(const char *target, const void *data,
                                            size_t len, mode_t mode);

#endif
