/* Time stamps of files, and how far they can be trusted. */

#include "nvcache/digest/stamp.h"

static int64_t
ns_of(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

struct stamp
stamp_of(const struct stat *info)
{
    return (struct stamp){
        .dev = info->st_dev,
        .ino = info->st_ino,
        .size = (uint64_t)info->st_size,
        .mtime_ns = ns_of(&info->st_mtim),
        .ctime_ns = ns_of(&info->st_ctim),
    };
}

static int64_t
latest(const struct stamp *stamp)
{
    return stamp->mtime_ns > stamp->ctime_ns ? stamp->mtime_ns : stamp->ctime_ns;
}

bool
stamp_is_settled(const struct stamp *stamp, int64_t now_ns)
{
    return stamp->ctime_ns < now_ns - STAMP_SETTLE_NS;
}

bool
stamp_is_since(const struct stamp *stamp, int64_t moment_ns)
{
    int64_t touched = stamp->ctime_ns;

    /* A modification time in the future is a set one and says nothing; the change time
     * does. */
    if (latest(stamp) % 1000000000 == 0 && touched % 1000000000 == 0)
        touched += STAMP_SETTLE_NS;
    return touched >= moment_ns;
}
