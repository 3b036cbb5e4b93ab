/* The doctor's looks at memory. */

#include "console_priv.h"
#include "doctor_priv.h"

#include "nvcache/base/cpus.h"
#include "nvcache/base/path.h"
#include "nvcache/base/units.h"
#include "nvcache/sched/budget.h"
#include "nvcache/sched/history.h"
#include "nvcache/sched/pool.h"
#include "nvcache/sched/tree.h"

static uint64_t
promisable(const struct budget *budget)
{
    return budget->total_bytes > budget->headroom_bytes
               ? budget->total_bytes - budget->headroom_bytes
               : 0;
}

static bool
read_budget(struct console *console, struct budget *out, struct doctor_finding *finding)
{
    if (budget_read_once(console->config.memory, out) == NVC_OK)
        return true;
    finding->verdict = DOCTOR_WARNING;
    buf_append_str(&finding->text, "how much memory there is cannot be read");
    buf_append_str(&finding->advice,
                   "compiles do not wait for memory without /proc/meminfo");
    return false;
}

void
doctor_memory(struct console *console, struct doctor_finding *out)
{
    struct budget budget;

    if (!read_budget(console, &budget, out))
        return;
    units_put_size(&out->text, promisable(&budget));
    buf_append_str(&out->text, " for compiles (");
    units_put_size(&out->text, budget.total_bytes);
    buf_append_str(&out->text, console->config.memory != BUDGET_AUTOMATIC &&
                                       console->config.memory != BUDGET_OFF
                                   ? " by NVCACHE_MEMORY"
                               : budget.is_limited ? " by a cgroup's limit"
                                                   : " in this machine");
    buf_append_str(&out->text, ", less headroom), ");
    units_put_size(&out->text, budget.available_bytes);
    buf_append_str(&out->text, " available now");
    if (console->config.memory == BUDGET_OFF) {
        out->verdict = DOCTOR_WARNING;
        buf_append_str(&out->advice,
                       "NVCACHE_MEMORY is off: compiles do not wait for memory");
    } else if (budget.is_pressed) {
        out->verdict = DOCTOR_WARNING;
        buf_append_str(&out->advice, "programs are waiting for memory: one compile at a "
                                     "time is started until that is over");
    }
}

void
doctor_table(struct console *console, struct doctor_finding *out)
{
    const struct config *const config = &console->config;
    struct budget budget;
    struct pool *pool = NULL;
    char dir[4096];
    enum nvc_status st;

    if (!read_budget(console, &budget, out))
        return;
    st = pool_directory(config->umask >= 0 ? config->dir : NULL, config->umask, dir,
                        sizeof(dir));
    if (st == NVC_OK)
        st = pool_open(dir, budget.domain, config->umask, &pool);
    if (st == NVC_OK)
        st = pool_claim(pool);
    pool_close(pool);
    if (st == NVC_OK) {
        buf_printf(&out->text, "reservations are kept in %s", dir);
        return;
    }
    out->verdict = DOCTOR_WARNING;
    buf_printf(&out->text, "%s", status_text(st));
    buf_append_str(&out->advice, "compiles do not wait for memory; set XDG_RUNTIME_DIR "
                                 "to a local directory of your own");
}

void
doctor_measuring(struct console *console, struct doctor_finding *out)
{
    (void)console;
    if (tree_is_readable()) {
        buf_append_str(&out->text, "the memory of all processes of a compile is seen");
        return;
    }
    out->verdict = DOCTOR_WARNING;
    buf_append_str(&out->text, "only the largest process of a compile is seen");
    buf_append_str(&out->advice, "nvcc --threads is underestimated: this kernel has no "
                                 "/proc/PID/task/TID/children (CONFIG_PROC_CHILDREN)");
}

static void
note_peak(const struct history_row *row, void *arg)
{
    uint64_t *const peak = arg;

    if (row->count > 0 && row->peak_bytes > *peak)
        *peak = row->peak_bytes;
}

static uint64_t
largest_peak(struct console *console)
{
    struct history *history = NULL;
    uint64_t peak = 0;

    if (console->config.dir != NULL)
        history_open(path_join(console->arena, console->config.dir, HISTORY_FILE), -1,
                     true, &history);
    history_each(history, note_peak, &peak);
    history_close(history);
    return peak;
}

void
doctor_safe_jobs(struct console *console, struct doctor_finding *out)
{
    const uint64_t peak = largest_peak(console);
    struct budget budget;

    if (!read_budget(console, &budget, out))
        return;
    if (peak == 0) {
        buf_append_str(&out->text, "no compile has been measured yet");
        return;
    }
    buf_append_str(&out->text, "the largest compile has needed ");
    units_put_size(&out->text, peak);
    if (peak > promisable(&budget)) {
        out->verdict = DOCTOR_WARNING;
        buf_append_str(&out->text, ", more than there is");
        buf_append_str(&out->advice, "it runs alone, and may be killed; compile it for "
                                     "fewer architectures, or add swap");
        return;
    }
    buf_printf(&out->text,
               ": -j%llu would be safe without nvcache; with it -j%zu (the processors)",
               (unsigned long long)(promisable(&budget) / peak), cpus_usable());
}
