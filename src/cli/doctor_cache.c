/* The doctor's looks at settings, the cache and the compiler. */

#include "console_priv.h"
#include "doctor_priv.h"

#include "nvcache/base/fs.h"
#include "nvcache/base/strlist.h"
#include "nvcache/base/units.h"
#include "nvcache/store/store.h"

#include <sys/stat.h>
#include <time.h>

void
doctor_settings(struct console *console, struct doctor_finding *out)
{
    const struct strlist *const problems = &console->config.problems;

    if (problems->n == 0) {
        buf_append_str(&out->text, "all are understood");
        return;
    }
    out->verdict = DOCTOR_BAD;
    for (size_t i = 0; i < problems->n; i++)
        buf_printf(&out->text, "%s%s", i > 0 ? "; " : "", problems->v[i]);
    buf_append_str(&out->advice, "such a setting counts as not given; see "
                                 "`nvcache config --help`");
}

static enum nvc_status
open_store(const struct config *config, struct store **out)
{
    const struct store_config want = {
        .dir = config->dir,
        .max_bytes = config->max_size,
        .umask = config->umask,
        .read_wait_ms = (unsigned)config->lock_timeout,
        .write_wait_ms = (unsigned)config->lock_timeout,
        .read_only = config->read_only,
    };

    return config->dir != NULL ? store_open(&want, out) : NVC_ERR_CONFIG;
}

static void
put_usage(struct store *store, struct doctor_finding *out)
{
    struct store_usage usage;

    if (store_get_usage(store, &usage) != NVC_OK)
        return;
    buf_append_str(&out->text, ": ");
    units_put_size(&out->text, usage.bytes);
    buf_append_str(&out->text, " of ");
    units_put_size(&out->text, usage.max_bytes);
}

/* What to do when the cache cannot be used, for those whose reason is in the directory.
 */
static const struct {
    enum nvc_status st;
    const char *advice;
} advices[] = {
    {NVC_ERR_OWNER,
     "share it through a group (chgrp, chmod g+ws, no write permission for "
     "others) of which you are a member, or set NVCACHE_DIR to one of your "
     "own"},
    {NVC_ERR_NETWORK_FS,
     "locks and maps are not safe there; set NVCACHE_DIR to a directory "
     "on a local disk of each machine"},
};

static const char *
advice_for(enum nvc_status st)
{
    for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
        if (advices[i].st == st)
            return advices[i].advice;
    return "nothing is cached; set NVCACHE_DIR to a directory of your own on a local "
           "disk";
}

void
doctor_cache(struct console *console, struct doctor_finding *out)
{
    const struct config *const config = &console->config;
    struct store *store = NULL;
    const enum nvc_status st = open_store(config, &store);
    const char *const remote =
        st == NVC_ERR_NETWORK_FS ? store_remote_fs(config->dir) : NULL;

    buf_append_str(&out->text, config->dir != NULL ? config->dir : "no directory");
    if (st != NVC_OK) {
        out->verdict = DOCTOR_BAD;
        buf_printf(&out->text, ": %s", status_text(st));
        if (remote != NULL)
            buf_printf(&out->text, " (%s)", remote);
        buf_append_str(&out->advice, advice_for(st));
        return;
    }
    put_usage(store, out);
    if (store_is_read_only(store)) {
        out->verdict = config->read_only ? DOCTOR_GOOD : DOCTOR_WARNING;
        buf_append_str(&out->text, ", read only");
        if (!config->read_only)
            buf_append_str(&out->advice, "results are used but none can be added: no "
                                         "permission to write there");
    }
    store_close(store);
}

static void
put_set_aside(int64_t when_s, struct doctor_finding *out)
{
    const time_t when = when_s;
    struct tm parts;
    char day[32] = "";

    if (when_s == 0)
        return;
    if (localtime_r(&when, &parts) != NULL)
        strftime(day, sizeof(day), " on %Y-%m-%d", &parts);
    out->verdict = DOCTOR_WARNING;
    buf_printf(&out->text, "; a damaged one was set aside%s", day);
    buf_append_str(&out->advice, "what it held compiles again; if it happens more than "
                                 "once, look at the disk; `nvcache clear` removes it");
}

/* Generations and entries, and what was found damaged. */
void
doctor_files(struct console *console, struct doctor_finding *out)
{
    struct store *store = NULL;
    struct store_usage usage = {.entries = 0};
    enum nvc_status st = open_store(&console->config, &store);

    if (st == NVC_OK)
        st = store_get_usage(store, &usage);
    store_close(store);
    if (st != NVC_OK) {
        buf_append_str(&out->text, "not looked at");
        return;
    }
    units_put_count(&out->text, usage.entries);
    buf_printf(&out->text, " entries in %u generation%s", usage.generations,
               usage.generations == 1 ? "" : "s");
    put_set_aside(usage.set_aside_s, out);
}

/* Who can write there, and is therefore trusted by all who read. */
void
doctor_sharing(struct console *console, struct doctor_finding *out)
{
    const char *const dir = console->config.dir;
    struct stat info;

    if (dir == NULL || stat(dir, &info) != 0) {
        buf_append_str(&out->text, "the directory is made by the first compile");
        return;
    }
    if ((info.st_mode & S_IWOTH) != 0) {
        out->verdict = DOCTOR_BAD;
        buf_append_str(&out->text, "everybody can write to the directory");
        buf_append_str(&out->advice, "take that permission away: chmod o-w");
        return;
    }
    buf_printf(&out->text, "written by user %u", (unsigned)info.st_uid);
    if ((info.st_mode & S_IWGRP) == 0)
        return;
    buf_printf(&out->text, " and group %u", (unsigned)info.st_gid);
    if ((info.st_mode & S_ISGID) != 0)
        return;
    out->verdict = DOCTOR_WARNING;
    buf_append_str(&out->advice, "new files will not belong to the group: chmod g+s");
}

static bool
is_ourselves(const char *path, void *arg)
{
    struct stat self;
    struct stat other;

    (void)arg;
    return stat("/proc/self/exe", &self) == 0 && stat(path, &other) == 0 &&
           self.st_dev == other.st_dev && self.st_ino == other.st_ino;
}

void
doctor_compiler(struct console *console, struct doctor_finding *out)
{
    const char *const program =
        fs_find_program(console->arena, "nvcc", NULL, is_ourselves, NULL);

    if (program != NULL && !is_ourselves(program, NULL)) {
        buf_printf(&out->text, "%s", program);
        return;
    }
    out->verdict = DOCTOR_WARNING;
    buf_append_str(&out->text, "there is no nvcc in PATH");
    buf_append_str(&out->advice, "that is well if builds name it by its path");
}
