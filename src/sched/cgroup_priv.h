#ifndef NVCACHE_SCHED_CGROUP_PRIV_H
#define NVCACHE_SCHED_CGROUP_PRIV_H

#include <stdbool.h>
#include <stdint.h>

/* The memory controllers we are under. */

#define CGROUP_PATH_MAX 4096
#define CGROUP_FILE_MAX ((size_t)1 << 20) /* of /proc, and of a cgroup */

/* Our own directory in one hierarchy, and where its mount ends. */
struct cgroup_place {
    bool is_v2;
    char dir[CGROUP_PATH_MAX]; /* "" when there is no such hierarchy */
    unsigned mount_len;        /* the part of dir that is the mount point */
};

/* [0]: v1's memory controller, [1]: v2. */
void cgroup_find(const char *root, struct cgroup_place out[2]);

/* What one directory allows and uses. */
struct cgroup_level {
    uint64_t limit_bytes; /* UINT64_MAX: none */
    uint64_t used_bytes;  /* without file cache that can be dropped; 0 without a limit */
};
void cgroup_read_level(const struct cgroup_place *place, const char *dir,
                       struct cgroup_level *out);

/* The first number behind `word` at the beginning of a line of a small file; with word ""
 * the number that the file begins with.  False when it is not there or not a number. */
bool cgroup_read_number(const char *path, const char *word, uint64_t *out);
/* The same in the text of one, with a NUL at its end. */
bool cgroup_number_in(const char *text, const char *word, uint64_t *out);

#endif
