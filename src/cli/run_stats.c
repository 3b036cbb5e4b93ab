/* `nvcache stats`: gather the numbers, then page or JSON. */

#include "commands_priv.h"
#include "console_priv.h"
#include "stats_priv.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/sched/history.h"

#include <stdlib.h>
#include <unistd.h>

static void
note_peak(const struct history_row *row, void *arg)
{
    uint64_t *const peak = arg;

    if (row->count > 0 && row->peak_bytes > *peak)
        *peak = row->peak_bytes;
}

static uint64_t
peak_of(struct console *console)
{
    struct history *history;
    uint64_t peak = 0;

    history_open(path_join(console->arena, console->config.dir, HISTORY_FILE), -1, true,
                 &history);
    history_each(history, note_peak, &peak);
    history_close(history);
    return peak;
}

/* The directory is made if it is missing, as a compile would: only so is it certain that
 * a page without counts means "nothing compiled yet" and not "nothing can be counted". */
static int
gather(struct console *console, struct stats *out)
{
    struct stats stats = {.dir = console->config.dir};
    struct store *const store = console_open_store(console, console->config.read_only);
    enum nvc_status st;

    if (store == NULL)
        return EXIT_FAULT;
    stats.is_read_only = store_is_read_only(store);
    st = store_get_usage(store, &stats.usage);
    store_close(store);
    if (st == NVC_OK)
        st = counters_read(stats.dir, &stats.counters);
    if (st != NVC_OK) {
        complain_of_store(console, st);
        return EXIT_FAULT;
    }
    stats.peak_bytes = peak_of(console);
    *out = stats;
    return EXIT_OK;
}

static bool
wants_colour(void)
{
    const char *const no_color = getenv("NO_COLOR");
    const char *const term = getenv("TERM");

    return isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0') &&
           term != NULL && !str_equal(term, "dumb");
}

static int
show(struct console *console, bool as_json)
{
    AUTO_BUF out = BUF_INIT;
    struct stats stats;

    if (gather(console, &stats) != EXIT_OK)
        return EXIT_FAULT;
    if (as_json)
        stats_put_json(&out, &stats);
    else
        stats_put_page(&out, &stats, wants_colour());
    return print_out(&out);
}

static int
zero(struct console *console)
{
    AUTO_BUF out = BUF_INIT;
    enum nvc_status st = NVC_OK;

    if (console_has_cache(console))
        st = counters_zero(console->config.dir, console->config.umask);
    if (st != NVC_OK) {
        complain_of_store(console, st);
        return EXIT_FAULT;
    }
    buf_append_str(&out, "The counters are at zero.\n");
    return print_out(&out);
}

int
run_stats(struct console *console, const struct arguments *arguments)
{
    const bool is_good = console_settings_are_good(console);
    const bool as_json = (arguments->options & OPTION_JSON) != 0;
    int code;

    if (console->config.dir == NULL)
        return EXIT_FAULT;
    if ((arguments->options & OPTION_ZERO) == 0) {
        code = show(console, as_json);
        return is_good ? code : EXIT_FAULT;
    }
    if (as_json) {
        complain("stats: --zero shows nothing, so --json has no use with it");
        return EXIT_MISUSE;
    }
    return is_good ? zero(console) : EXIT_FAULT;
}
