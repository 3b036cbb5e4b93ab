/* Finding our memory cgroups and reading them.
 *
 * /proc/self/cgroup tells the path inside a hierarchy, /proc/self/mountinfo where the
 * hierarchy is mounted and which part of it: in a container that part may be our own
 * cgroup, called by its path on the host.  A limit holds for everybody below it, so all
 * directories from ours up to the mount count.
 *
 * Memory that holds file contents is given up before anybody is killed, so it counts as
 * free, but for a little of what is in use (the compiler's own programs), as in the
 * kernel's estimate of MemAvailable.  Shared memory is on neither list. */

#include "cgroup_priv.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/strlist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the limit: what file pages in use are left at most. */
#define KEPT_PART 32

/* v1 writes "no limit" as the largest page-aligned number. */
#define NO_LIMIT_V1 ((uint64_t)1 << 60)

bool
cgroup_number_in(const char *text, const char *word, uint64_t *out)
{
    const size_t len = strlen(word);
    const char *at;
    char *end;

    for (at = text; at != NULL && strncmp(at, word, len) != 0;)
        at = (at = strchr(at, '\n')) != NULL ? at + 1 : NULL;
    if (at == NULL)
        return false;
    at += len + strspn(at + len, " :\t");
    errno = 0;
    *out = strtoull(at, &end, 10);
    return end != at && errno == 0;
}

bool
cgroup_read_number(const char *path, const char *word, uint64_t *out)
{
    AUTO_BUF text = BUF_INIT;

    return fs_read(path, CGROUP_FILE_MAX, &text) == NVC_OK &&
           cgroup_number_in(buf_str(&text), word, out);
}

/* Cut the next word, up to a blank, off a line. */
static char *
next_word(char **line)
{
    char *word = *line;
    char *end = word + strcspn(word, " \n");

    *line = *end == '\0' ? end : end + 1;
    *end = '\0';
    return word;
}

static bool
has_part(const char *list, const char *part)
{
    const size_t len = strlen(part);

    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, part, len) == 0 && (at[len] == ',' || at[len] == '\0'))
            return true;
    }
    return false;
}

/* "ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS... - TYPE SOURCE SUPEROPTIONS" */
static bool
parse_mount(char *line, bool is_v2, char **out_root, char **out_point)
{
    char *rest = strstr(line, " - ");
    const char *type;

    if (rest == NULL)
        return false;
    *rest = '\0';
    rest += 3;
    type = next_word(&rest);
    next_word(&rest);
    for (int i = 0; i < 3; i++)
        next_word(&line);
    *out_root = next_word(&line);
    *out_point = next_word(&line);
    return is_v2 ? str_equal(type, "cgroup2")
                 : str_equal(type, "cgroup") && has_part(rest, "memory");
}

/* Our path below the mount point, given the part of the hierarchy that is mounted. */
static const char *
path_in_mount(const char *path, const char *mounted)
{
    const size_t len = strlen(mounted);

    if (str_starts(path, "/.."))
        return ""; /* outside of our cgroup namespace: the mount is all we can see */
    if (str_equal(mounted, "/"))
        return str_equal(path, "/") ? "" : path;
    if (strncmp(path, mounted, len) == 0 && (path[len] == '/' || path[len] == '\0'))
        return path + len;
    return "";
}

static void
find_mount(char *mounts, const char *root, const char *path, struct cgroup_place *out)
{
    char *mounted;
    char *point;

    for (char *line = mounts; *line != '\0';) {
        char *next = line + strcspn(line, "\n");
        int n;

        next += *next == '\n';
        if (next[-1] == '\n')
            next[-1] = '\0';
        if (parse_mount(line, out->is_v2, &mounted, &point)) {
            n = snprintf(out->dir, sizeof(out->dir), "%s%s", root, point);
            out->mount_len = (unsigned)n;
            if (n > 0 && (size_t)n < sizeof(out->dir))
                n = snprintf(out->dir + n, sizeof(out->dir) - (size_t)n, "%s",
                             path_in_mount(path, mounted));
            if (n < 0 || (size_t)n >= sizeof(out->dir) - out->mount_len)
                out->dir[0] = '\0';
            return;
        }
        line = next;
    }
}

/* "ID:CONTROLLERS:PATH"; v2 has id 0 and no controllers. */
static char *
parse_membership(char *line, bool is_v2)
{
    char *controllers = strchr(line, ':');
    char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

    if (path == NULL)
        return NULL;
    *path++ = '\0';
    controllers++;
    if (is_v2 ? controllers[0] != '\0' : !has_part(controllers, "memory"))
        return NULL;
    return path;
}

static void
find_one(const char *root, const char *cgroup_file, const char *mount_file,
         struct cgroup_place *out)
{
    AUTO_BUF membership = BUF_INIT;
    AUTO_BUF mounts = BUF_INIT;
    char *save = NULL;

    if (fs_read(cgroup_file, CGROUP_FILE_MAX, &membership) != NVC_OK ||
        fs_read(mount_file, CGROUP_FILE_MAX, &mounts) != NVC_OK)
        return;
    for (char *line = strtok_r(buf_str(&membership), "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        const char *path = parse_membership(line, out->is_v2);

        if (path != NULL) {
            find_mount(buf_str(&mounts), root, path, out);
            return;
        }
    }
}

void
cgroup_find(const char *root, struct cgroup_place out[2])
{
    char cgroup_file[CGROUP_PATH_MAX];
    char mount_file[CGROUP_PATH_MAX];

    snprintf(cgroup_file, sizeof(cgroup_file), "%s/proc/self/cgroup", root);
    snprintf(mount_file, sizeof(mount_file), "%s/proc/self/mountinfo", root);
    for (int i = 0; i < 2; i++) {
        out[i].is_v2 = i == 1;
        out[i].dir[0] = '\0';
        out[i].mount_len = 0;
        find_one(root, cgroup_file, mount_file, &out[i]);
    }
}

static bool
read_in(const char *dir, const char *file, const char *word, uint64_t *out)
{
    char path[CGROUP_PATH_MAX + 64];

    snprintf(path, sizeof(path), "%s/%s", dir, file);
    return cgroup_read_number(path, word, out);
}

/* memory.high does not kill, but slows everybody down to a crawl. */
static uint64_t
limit_of(const struct cgroup_place *place, const char *dir)
{
    uint64_t limit = UINT64_MAX;
    uint64_t high;

    if (!place->is_v2) {
        if (!read_in(dir, "memory.limit_in_bytes", "", &limit) || limit >= NO_LIMIT_V1)
            return UINT64_MAX;
        return limit;
    }
    if (!read_in(dir, "memory.max", "", &limit))
        limit = UINT64_MAX;
    if (read_in(dir, "memory.high", "", &high) && high < limit)
        limit = high;
    return limit;
}

void
cgroup_read_level(const struct cgroup_place *place, const char *dir,
                  struct cgroup_level *out)
{
    const bool is_v2 = place->is_v2;
    uint64_t used = 0;
    uint64_t inactive = 0;
    uint64_t active = 0;
    uint64_t reclaimable;
    uint64_t kept;

    *out = (struct cgroup_level){.limit_bytes = limit_of(place, dir)};
    if (out->limit_bytes == UINT64_MAX)
        return;
    if (!read_in(dir, is_v2 ? "memory.current" : "memory.usage_in_bytes", "", &used))
        return;
    if (!read_in(dir, "memory.stat", is_v2 ? "inactive_file" : "total_inactive_file",
                 &inactive))
        inactive = 0;
    if (!read_in(dir, "memory.stat", is_v2 ? "active_file" : "total_active_file",
                 &active))
        active = 0;
    kept = active / 2 < out->limit_bytes / KEPT_PART ? active / 2
                                                     : out->limit_bytes / KEPT_PART;
    reclaimable = inactive + active - kept;
    out->used_bytes = used > reclaimable ? used - reclaimable : 0;
}
