/* What `nvcache watch` shows, as text.  Nothing is looked at here. */

#include "watch_priv.h"

#include "stats_priv.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/units.h"

#include <inttypes.h>
#include <string.h>

enum {
    NAME_MIN = 16,
    NAME_MAX_WIDTH = 48,
    OTHER_COLUMNS = 62
};

/* All entries together. */
struct totals {
    size_t running;
    size_t waiting;
    uint64_t now_bytes;
    uint64_t need_bytes;
    uint64_t left_us; /* for what is in the table, if that many go on running */
    size_t unknown;   /* whose time is not known */
};

static uint64_t
age_us(const struct watch_view *view, const struct pool_entry *entry)
{
    const int64_t since =
        entry->state == POOL_RUNNING ? entry->started_ns : entry->arrived_ns;

    return view->now_ns > since ? (uint64_t)(view->now_ns - since) / 1000 : 0;
}

static uint64_t
left_us(const struct watch_view *view, const struct pool_entry *entry)
{
    const uint64_t age = entry->state == POOL_RUNNING ? age_us(view, entry) : 0;

    return entry->expected_us > age ? entry->expected_us - age : 0;
}

static struct totals
totals_of(const struct watch_view *view)
{
    struct totals totals = {0};

    for (size_t i = 0; i < view->n; i++) {
        const struct pool_entry *const entry = &view->rows[i].entry;

        totals.left_us += left_us(view, entry);
        totals.unknown += entry->expected_us == 0;
        if (entry->state != POOL_RUNNING) {
            totals.waiting++;
            continue;
        }
        totals.running++;
        totals.now_bytes += entry->now_bytes;
        totals.need_bytes +=
            entry->need_bytes > entry->now_bytes ? entry->need_bytes : entry->now_bytes;
    }
    if (totals.running > 1)
        totals.left_us /= totals.running;
    return totals;
}

/* Below NVCACHE_MEMORY there is less than the machine has. */
static uint64_t
available_bytes(const struct watch_view *view, const struct totals *totals)
{
    const uint64_t cap = view->budget.cap_bytes;
    const uint64_t below = cap > totals->now_bytes ? cap - totals->now_bytes : 0;

    return below < view->budget.available_bytes ? below : view->budget.available_bytes;
}

static void
put_memory(struct buf *out, const struct watch_view *view, const struct totals *totals)
{
    units_put_size(out, totals->now_bytes);
    buf_append_str(out, " in use, ");
    units_put_size(out, totals->need_bytes);
    buf_append_str(out, " promised; ");
    units_put_size(out, available_bytes(view, totals));
    buf_append_str(out, " available of ");
    units_put_size(out, view->budget.total_bytes);
}

static void
put_counts(struct buf *out, const struct watch_view *view)
{
    const enum nvc_kind kinds[] = {NVC_KIND_HIT, NVC_KIND_MISS, NVC_KIND_FAILED};
    static const char *const words[] = {" hits, ", " misses, ", " failed"};

    for (size_t i = 0; i < 3; i++) {
        units_put_count(out, stats_sum(&view->now, kinds[i]) -
                                 stats_sum(&view->before, kinds[i]));
        buf_append_str(out, words[i]);
    }
}

static void
put_padded(struct buf *out, const char *text, int width)
{
    buf_printf(out, "%-*.*s", width, width, text);
}

static void
put_size_column(struct buf *out, uint64_t bytes, int width)
{
    AUTO_BUF text = BUF_INIT;

    units_put_size(&text, bytes);
    buf_printf(out, "%*s", width, buf_str(&text));
}

/* Nobody wants to see tenths go by. */
static void
put_seconds(struct buf *out, uint64_t us)
{
    const uint64_t seconds = us / 1000000;

    if (seconds < 60)
        buf_printf(out, "%" PRIu64 " s", seconds);
    else
        units_put_duration(out, seconds * 1000000);
}

static void
put_duration_column(struct buf *out, uint64_t us, int width)
{
    AUTO_BUF text = BUF_INIT;

    put_seconds(&text, us);
    buf_printf(out, "%*s", width, buf_str(&text));
}

static void
put_row(struct buf *out, const struct watch_view *view, const struct watch_row *row,
        int name_width)
{
    const struct pool_entry *const entry = &row->entry;
    const bool is_running = entry->state == POOL_RUNNING;

    put_padded(out, entry->label, name_width);
    buf_append_str(out, "  ");
    put_padded(out, is_running ? row->step : "waits", 20);
    put_duration_column(out, age_us(view, entry), 13);
    put_size_column(out, entry->now_bytes, 10);
    put_size_column(out, entry->need_bytes, 10);
    if (pool_is_stale(entry, view->now_ns))
        buf_append_str(out, "  stopped");
    else if (entry->is_alone)
        buf_append_str(out, "  alone");
    else if (entry->is_paused)
        buf_append_str(out, "  paused");
    else if (is_running && entry->expected_us > 0) {
        buf_append_str(out, "  ");
        put_duration_column(out, left_us(view, entry), 0);
        buf_append_str(out, " left");
    }
    buf_append_char(out, '\n');
}

static int
name_width_for(const struct watch_view *view)
{
    const int room = view->width - OTHER_COLUMNS;

    if (room < NAME_MIN)
        return NAME_MIN;
    return room < NAME_MAX_WIDTH ? room : NAME_MAX_WIDTH;
}

/* The running ones first. */
static void
put_rows(struct buf *out, const struct watch_view *view, int name_width)
{
    for (size_t i = 0; i < view->n; i++)
        if (view->rows[i].entry.state == POOL_RUNNING)
            put_row(out, view, &view->rows[i], name_width);
    for (size_t i = 0; i < view->n; i++)
        if (view->rows[i].entry.state != POOL_RUNNING)
            put_row(out, view, &view->rows[i], name_width);
}

void
watch_put_page(struct buf *out, const struct watch_view *view)
{
    const struct totals totals = totals_of(view);
    const int name_width = name_width_for(view);

    buf_append_str(out, "Memory   ");
    put_memory(out, view, &totals);
    buf_append_str(out, "\nBuild    ");
    put_counts(out, view);
    buf_printf(out, "; %zu running, %zu waiting", totals.running, totals.waiting);
    if (totals.left_us > 0) {
        buf_append_str(out, totals.unknown > 0 ? "; more than " : "; about ");
        put_seconds(out, totals.left_us);
        buf_append_str(out, " left for these");
    }
    buf_append_str(out, "\n\n");
    if (view->n == 0) {
        buf_append_str(out, "Nothing is compiling.\n");
        return;
    }
    put_padded(out, "file", name_width);
    buf_printf(out, "  %-20s%13s%10s%10s\n", "step", "for", "now", "needs");
    put_rows(out, view, name_width);
}

void
watch_put_line(struct buf *out, const struct watch_view *view)
{
    const struct totals totals = totals_of(view);

    buf_printf(out, "%zu running, %zu waiting; ", totals.running, totals.waiting);
    put_memory(out, view, &totals);
    buf_append_str(out, "; ");
    put_counts(out, view);
    buf_append_char(out, '\n');
}
