#ifndef NVCACHE_DIGEST_STAMP_H
#define NVCACHE_DIGEST_STAMP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* What stat says about a file: as long as it is the same, so are the contents.  The
 * change time cannot be set by anybody, so an edit that restores the modification time is
 * seen.
 *
 * Only true for a stamp that is *settled*: kernels stamp with a coarse clock, so a file
 * that was written a moment before it was read may be written again within the same tick.
 */

struct stamp {
    uint64_t dev;
    uint64_t ino;
    uint64_t size;
    int64_t mtime_ns;
    int64_t ctime_ns;
};

/* Two seconds: the coarsest time stamps of file systems in use (FAT; NFS servers: one).
 */
#define STAMP_SETTLE_NS INT64_C(2000000000)

struct stamp stamp_of(const struct stat *info);

/* Was the file last touched long enough before `now_ns` (clock_file_ns)? */
bool stamp_is_settled(const struct stamp *stamp, int64_t now_ns);

/* May the file have been touched at or after `moment_ns`?  Whole-second stamps (a coarse
 * file system) count as anywhere in that second and the next. */
bool stamp_is_since(const struct stamp *stamp, int64_t moment_ns);

#endif
