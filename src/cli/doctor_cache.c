/* The doctor's looks at settings, the cache and the compiler. */

#include "console_priv.h"
#include "doctor_priv.h"

#include "nvcache/base/fs.h"
#include "nvcache/base/strlist.h"
#include "nvcache/base/units.h"
#include "nvcache/store/store.h"

#include <sys/stat.h>

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

void
doctor_cache(struct console *console, struct doctor_finding *out)
{
    const struct config *const config = &console->config;
    const struct store_config want = {
        .dir = config->dir,
        .max_bytes = config->max_size,
        .umask = config->umask,
        .read_wait_ms = (unsigned)config->lock_timeout,
        .write_wait_ms = (unsigned)config->lock_timeout,
        .read_only = config->read_only,
    };
    struct store *store = NULL;
    enum nvc_status st = NVC_ERR_CONFIG;

    buf_append_str(&out->text, config->dir != NULL ? config->dir : "no directory");
    if (config->dir != NULL)
        st = store_open(&want, &store);
    if (st != NVC_OK) {
        out->verdict = DOCTOR_BAD;
        buf_printf(&out->text, ": %s", status_text(st));
        buf_append_str(&out->advice, "nothing is cached; set NVCACHE_DIR to a directory "
                                     "of your own on a local disk");
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
