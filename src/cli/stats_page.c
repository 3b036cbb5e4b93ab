/* `nvcache stats`: the statistics for a person.
 *
 * Three columns: what, how much, and a remark.  What did not happen is not mentioned;
 * where nothing has happened at all, the page says how to begin.  Colour only sets off
 * headings and errors: the page reads the same without it. */

#include "stats_priv.h"

#include "commands_priv.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/units.h"

#include <inttypes.h>
#include <time.h>

#define LABEL_WIDTH  17
#define AMOUNT_WIDTH 12

struct page {
    struct buf *out;
    bool colour;
};

uint64_t
stats_sum(const struct counters *counters, enum nvc_kind kind)
{
    uint64_t sum = 0;

    for (int i = 0; i < NVC_STATUS_LIMIT; i++)
        if (status_kind((enum nvc_status)i) == kind)
            sum += counters->by_status[i];
    return sum;
}

/* The first two columns; the caller writes the remark and ends the line. */
static void
put_row(struct page *page, const char *label, struct buf *amount, const char *style)
{
    const bool is_styled = page->colour && style != NULL;

    buf_printf(page->out, "%s%-*s%s%*s", is_styled ? style : "", LABEL_WIDTH, label,
               is_styled ? "\033[0m" : "", AMOUNT_WIDTH, buf_str(amount));
}

#define STYLE_HEADING "\033[1m"
#define STYLE_ERROR   "\033[31m"

static void
put_count_row(struct page *page, const char *label, uint64_t count, const char *style)
{
    AUTO_BUF amount = BUF_INIT;

    units_put_count(&amount, count);
    put_row(page, label, &amount, style);
}

/* `part` of `whole` with one decimal, rounded down: 100 % means all. */
static void
put_percent(struct buf *out, uint64_t part, uint64_t whole)
{
    const long double share =
        whole == 0 ? 0 : (long double)part * 1000 / (long double)whole;
    const uint64_t tenths = (uint64_t)share;

    if (tenths == 0 && part > 0)
        buf_append_str(out, "< 0.1 %");
    else if (tenths == 1000)
        buf_append_str(out, "100 %");
    else
        buf_printf(out, "%" PRIu64 ".%" PRIu64 " %%", tenths / 10, tenths % 10);
}

/* The reason that follows `last` from the most frequent one down (equal ones by number);
 * the first one for NVC_OK, and NVC_OK behind the last. */
static enum nvc_status
next_reason(const struct counters *counters, enum nvc_kind kind, enum nvc_status last)
{
    enum nvc_status best = NVC_OK;

    for (int i = 0; i < NVC_STATUS_LIMIT; i++) {
        const uint64_t count = counters->by_status[i];
        const uint64_t bound = last == NVC_OK ? UINT64_MAX : counters->by_status[last];

        if (status_kind((enum nvc_status)i) != kind || count == 0)
            continue;
        if (last != NVC_OK && (count > bound || (count == bound && i <= (int)last)))
            continue;
        if (best == NVC_OK || count > counters->by_status[best])
            best = (enum nvc_status)i;
    }
    return best;
}

/* A total with its reasons, most frequent first; a single reason goes on the same line.
 */
static void
put_group(struct page *page, const char *label, const struct counters *counters,
          enum nvc_kind kind)
{
    const char *const style = kind == NVC_KIND_ERROR ? STYLE_ERROR : STYLE_HEADING;
    const uint64_t sum = stats_sum(counters, kind);
    enum nvc_status reason = next_reason(counters, kind, NVC_OK);

    if (sum == 0)
        return;
    put_count_row(page, label, sum, style);
    if (counters->by_status[reason] == sum) {
        buf_printf(page->out, "  %s\n", status_text(reason));
        return;
    }
    buf_append_char(page->out, '\n');
    for (; reason != NVC_OK; reason = next_reason(counters, kind, reason)) {
        put_count_row(page, "", counters->by_status[reason], NULL);
        buf_printf(page->out, "  %s\n", status_text(reason));
    }
}

static void
put_hit_rate(struct page *page, const struct counters *counters)
{
    const uint64_t hits = stats_sum(counters, NVC_KIND_HIT);
    const uint64_t all = hits + stats_sum(counters, NVC_KIND_MISS);
    AUTO_BUF amount = BUF_INIT;

    if (all == 0)
        return;
    put_percent(&amount, hits, all);
    put_row(page, "Hit rate", &amount, STYLE_HEADING);
    buf_append_str(page->out, "  of ");
    units_put_count(page->out, all);
    buf_append_str(page->out, all == 1 ? " compile\n" : " compiles\n");
}

static void
put_time(struct page *page, const struct counters *counters)
{
    AUTO_BUF amount = BUF_INIT;

    if (counters->saved_us == 0 && counters->compile_us == 0)
        return;
    units_put_duration(&amount, counters->saved_us);
    put_row(page, "Time saved", &amount, STYLE_HEADING);
    buf_append_str(page->out, "  nvcc ran for ");
    units_put_duration(page->out, counters->compile_us);
    buf_append_char(page->out, '\n');
}

static void
put_memory(struct page *page, const struct stats *stats)
{
    AUTO_BUF amount = BUF_INIT;

    if (stats->peak_bytes == 0)
        return;
    units_put_size(&amount, stats->peak_bytes);
    put_row(page, "Peak memory", &amount, STYLE_HEADING);
    buf_append_str(page->out, "  of one compile");
    if (stats->counters.wait_us > 0) {
        buf_append_str(page->out, "; waited ");
        units_put_duration(page->out, stats->counters.wait_us);
        buf_append_str(page->out, " in all");
    }
    buf_append_char(page->out, '\n');
}

static void
put_size(struct page *page, const struct store_usage *usage)
{
    AUTO_BUF amount = BUF_INIT;

    units_put_size(&amount, usage->bytes);
    put_row(page, "Cache size", &amount, STYLE_HEADING);
    buf_append_str(page->out, "  ");
    put_percent(page->out, usage->bytes, usage->max_bytes);
    buf_append_str(page->out, " of ");
    units_put_size(page->out, usage->max_bytes);
    buf_append_str(page->out, "; ");
    units_put_count(page->out, usage->entries);
    buf_printf(page->out, " %s in %u %s\n", usage->entries == 1 ? "entry" : "entries",
               usage->generations,
               usage->generations == 1 ? "generation" : "generations");
}

static void
put_where(struct page *page, const struct stats *stats)
{
    const time_t moment = (time_t)stats->counters.since_s;
    char text[32] = "";
    struct tm parts;

    buf_printf(page->out, "Cache in %s", stats->dir);
    if (moment > 0 && localtime_r(&moment, &parts) != NULL &&
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &parts) > 0)
        buf_printf(page->out, ", counting since %s", text);
    buf_append_char(page->out, '\n');
    if (stats->is_read_only)
        buf_append_str(page->out, "It is read only: results are used, none are added.\n");
    buf_append_char(page->out, '\n');
}

/* Whoever has something in the cache knows already how to begin. */
static void
put_uncounted(struct page *page, const struct store_usage *usage)
{
    if (usage->entries > 0) {
        put_size(page, usage);
        buf_append_str(page->out, "\nNothing has been counted yet.\n");
        return;
    }
    buf_append_str(page->out, "Nothing has been counted yet.  To begin:\n");
    help_put_beginning(page->out);
}

static bool
has_counted(const struct counters *counters)
{
    for (int i = 0; i < NVC_STATUS_LIMIT; i++)
        if (counters->by_status[i] > 0)
            return true;
    return counters->damaged > 0;
}

/* How many of the steps that were looked up one by one need not run. */
static void
put_steps(struct page *page, const struct counters *counters)
{
    static const char *const names[COUNTERS_STEPS] = {
        "device front ends (cicc)", "assemblers (ptxas)", "host front ends (cudafe++)",
        "host compilers"};

    for (int i = 0; i < COUNTERS_STEPS; i++) {
        const uint64_t all = counters->steps_reused[i] + counters->steps_run[i];

        if (all == 0)
            continue;
        put_count_row(page, i == 0 ? "Steps reused" : "", counters->steps_reused[i],
                      STYLE_HEADING);
        buf_append_str(page->out, "  of ");
        units_put_count(page->out, all);
        buf_printf(page->out, " %s\n", names[i]);
    }
}

static void
put_damaged(struct page *page, const struct counters *counters)
{
    if (counters->damaged == 0)
        return;
    put_count_row(page, "Lost", counters->damaged, STYLE_ERROR);
    buf_append_str(page->out, "  damaged counts that are missing above\n");
}

void
stats_put_page(struct buf *out, const struct stats *stats, bool colour)
{
    const struct counters *const counters = &stats->counters;
    struct page page = {out, colour};

    put_where(&page, stats);
    if (!has_counted(counters)) {
        put_uncounted(&page, &stats->usage);
        return;
    }
    put_hit_rate(&page, counters);
    put_time(&page, counters);
    put_memory(&page, stats);
    put_size(&page, &stats->usage);
    buf_append_char(out, '\n');
    put_group(&page, "Hits", counters, NVC_KIND_HIT);
    put_group(&page, "Misses", counters, NVC_KIND_MISS);
    put_steps(&page, counters);
    put_group(&page, "Not planned", counters, NVC_KIND_UNPLANNED);
    put_group(&page, "Not stored", counters, NVC_KIND_NOSTORE);
    put_group(&page, "Passed through", counters, NVC_KIND_BYPASS);
    put_group(&page, "Failed compiles", counters, NVC_KIND_FAILED);
    put_group(&page, "Memory", counters, NVC_KIND_MEMORY);
    put_group(&page, "Cleaned up", counters, NVC_KIND_CLEANED);
    put_group(&page, "Cache errors", counters, NVC_KIND_ERROR);
    put_damaged(&page, counters);
}
