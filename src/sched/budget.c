/* The budget: the least of what the machine and every cgroup above us leave.
 *
 * Must never say that there is more than the kernel will give, and never fail because a
 * container hides a file: what cannot be read does not limit. */

#include "nvcache/sched/budget.h"

#include "cgroup_priv.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/digest/checksum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

#define HEADROOM_MIN (512 * MIB)
#define HEADROOM_MAX (4 * GIB)

/* Per cent of the last ten seconds in which some task waited for memory. */
#define PRESSED_PERCENT 20

struct budget_source {
    const char *root;
    struct cgroup_place places[2]; /* cgroup_find's */
    struct buf boot;               /* the boot's id; empty: cannot be read */
};

struct budget_source *
budget_source_new(const char *root)
{
    struct budget_source *source = calloc(1, sizeof(*source));
    char path[CGROUP_PATH_MAX];

    if (source == NULL)
        return NULL;
    source->root = root;
    cgroup_find(root, source->places);
    snprintf(path, sizeof(path), "%s/proc/sys/kernel/random/boot_id", root);
    if (fs_read(path, CGROUP_FILE_MAX, &source->boot) != NVC_OK)
        buf_clear(&source->boot);
    return source;
}

void
budget_source_free(struct budget_source *source)
{
    if (source == NULL)
        return;
    buf_fini(&source->boot);
    free(source);
}

/* "MemTotal:  24576 kB" */
static bool
read_meminfo(const char *root, struct budget *out)
{
    AUTO_BUF text = BUF_INIT;
    char path[CGROUP_PATH_MAX];
    uint64_t total;
    uint64_t available;

    snprintf(path, sizeof(path), "%s/proc/meminfo", root);
    if (fs_read(path, CGROUP_FILE_MAX, &text) != NVC_OK ||
        !cgroup_number_in(buf_str(&text), "MemTotal:", &total) ||
        !cgroup_number_in(buf_str(&text), "MemAvailable:", &available))
        return false;
    out->total_bytes = total * 1024;
    out->available_bytes = available * 1024;
    return true;
}

static uint64_t
domain_of(const struct buf *boot, const char *dir)
{
    AUTO_BUF name = BUF_INIT;
    struct stat info;

    buf_append(&name, boot->data, boot->len);
    if (dir != NULL && stat(dir, &info) == 0)
        buf_printf(&name, "%llu:%llu", (unsigned long long)info.st_dev,
                   (unsigned long long)info.st_ino);
    return checksum64(name.data, name.len, 1);
}

/* The narrowest limit gives the total, the fullest level what is left. */
static void
apply_level(const struct cgroup_level *level, struct budget *out)
{
    const uint64_t left = level->limit_bytes > level->used_bytes
                              ? level->limit_bytes - level->used_bytes
                              : 0;

    if (level->limit_bytes < out->total_bytes)
        out->total_bytes = level->limit_bytes;
    if (left < out->available_bytes)
        out->available_bytes = left;
    out->is_limited = true;
}

/* Every directory from ours up to the mount point; the first one with a limit names the
 * domain. */
static void
apply_place(const struct buf *boot, const struct cgroup_place *place,
            uint64_t machine_bytes, struct budget *out)
{
    char dir[CGROUP_PATH_MAX];

    memcpy(dir, place->dir, sizeof(dir));
    for (bool is_last = dir[0] == '\0'; !is_last;) {
        struct cgroup_level level;

        cgroup_read_level(place, dir, &level);
        if (level.limit_bytes < machine_bytes) {
            if (!out->is_limited)
                out->domain = domain_of(boot, dir);
            apply_level(&level, out);
        }
        is_last = strlen(dir) <= place->mount_len;
        if (!is_last)
            *strrchr(dir, '/') = '\0';
    }
}

/* "some avg10=12.34 avg60=..."; false: it cannot be read. */
static bool
read_pressure(const char *path, bool *is_pressed)
{
    uint64_t percent;

    if (!cgroup_read_number(path, "some avg10=", &percent))
        return false;
    *is_pressed = percent >= PRESSED_PERCENT;
    return true;
}

/* Our cgroup's is enough where there is one: it counts what its own tasks wait for,
 * whoever is the cause.  The machine's also counts those who struggle with another
 * cgroup's limit, so below a limit it says nothing about us. */
static bool
read_own_pressure(const struct cgroup_place *v2, bool *is_pressed)
{
    char path[CGROUP_PATH_MAX + 64];

    snprintf(path, sizeof(path), "%s/memory.pressure", v2->dir);
    return v2->dir[0] != '\0' && read_pressure(path, is_pressed);
}

static void
read_machine_pressure(const char *root, bool *is_pressed)
{
    char path[CGROUP_PATH_MAX];

    snprintf(path, sizeof(path), "%s/proc/pressure/memory", root);
    (void)read_pressure(path, is_pressed);
}

static void
apply_setting(uint64_t setting, struct budget *out)
{
    out->cap_bytes = UINT64_MAX;
    if (setting == BUDGET_AUTOMATIC || setting == BUDGET_OFF)
        return;
    out->cap_bytes = setting <= 100 ? out->total_bytes / 100 * setting : setting;
    if (out->cap_bytes < out->total_bytes)
        out->total_bytes = out->cap_bytes;
}

static uint64_t
headroom_for(uint64_t total)
{
    const uint64_t tenth = total / 10;

    if (tenth < HEADROOM_MIN)
        return HEADROOM_MIN;
    return tenth > HEADROOM_MAX ? HEADROOM_MAX : tenth;
}

enum nvc_status
budget_read(const struct budget_source *source, uint64_t setting, struct budget *out)
{
    struct budget budget = {0};
    uint64_t machine_bytes;
    bool has_own_pressure;

    if (!read_meminfo(source->root, &budget))
        return NVC_ERR_IO;
    machine_bytes = budget.total_bytes;
    budget.domain = domain_of(&source->boot, NULL);
    has_own_pressure = read_own_pressure(&source->places[1], &budget.is_pressed);
    for (int i = 0; i < 2; i++)
        apply_place(&source->boot, &source->places[i], machine_bytes, &budget);
    if (!has_own_pressure && !budget.is_limited)
        read_machine_pressure(source->root, &budget.is_pressed);
    budget.headroom_bytes = headroom_for(budget.total_bytes);
    apply_setting(setting, &budget);
    *out = budget;
    return NVC_OK;
}

enum nvc_status
budget_read_once(uint64_t setting, struct budget *out)
{
    struct budget_source *source = budget_source_new("");
    const enum nvc_status st =
        source != NULL ? budget_read(source, setting, out) : NVC_ERR_NOMEM;

    budget_source_free(source);
    return st;
}

uint64_t
budget_oom_kills(const struct budget_source *source)
{
    char path[CGROUP_PATH_MAX + 64];
    uint64_t kills;

    for (int i = 0; i < 2; i++) {
        const struct cgroup_place *place = &source->places[i];

        snprintf(path, sizeof(path), "%s/%s", place->dir,
                 place->is_v2 ? "memory.events" : "memory.oom_control");
        if (place->dir[0] != '\0' && cgroup_read_number(path, "oom_kill ", &kills))
            return kills;
    }
    snprintf(path, sizeof(path), "%s/proc/vmstat", source->root);
    return cgroup_read_number(path, "oom_kill ", &kills) ? kills : 0;
}
