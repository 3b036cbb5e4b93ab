/* `nvcache stats --json`: the statistics for programs, as docs/stats-json.md describes
 * them.
 *
 * A reason that did not occur is left out of its object, so that `{}` means none. */

#include "stats_priv.h"

#include "json_priv.h"

#include <time.h>

/* "2025-11-20T14:03:00Z"; null when unknown. */
static void
put_since(struct json *json, int64_t since_s)
{
    const time_t moment = (time_t)since_s;
    char text[32] = "";
    struct tm parts;

    if (since_s > 0 && gmtime_r(&moment, &parts) != NULL)
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    json_string(json, "since", text[0] != '\0' ? text : NULL);
}

static void
put_reasons(struct json *json, const char *key, const struct counters *counters,
            enum nvc_kind kind)
{
    json_open(json, key, '{');
    for (int i = 0; i < NVC_STATUS_LIMIT; i++) {
        const enum nvc_status status = (enum nvc_status)i;

        if (status_kind(status) == kind && counters->by_status[i] > 0)
            json_count(json, status_word(status), counters->by_status[i]);
    }
    json_close(json, '}');
}

/* Every level is there, with 0 when it had no hit. */
static void
put_hits(struct json *json, const struct counters *counters)
{
    json_open(json, "hits", '{');
    for (int i = 0; i < NVC_STATUS_LIMIT; i++) {
        const enum nvc_status status = (enum nvc_status)i;

        if (status_kind(status) == NVC_KIND_HIT)
            json_count(json, status_word(status), counters->by_status[i]);
    }
    json_close(json, '}');
}

/* What was reused and what ran of the steps of compiles that were run one by one. */
static void
put_steps(struct json *json, const struct counters *counters)
{
    static const char *const names[COUNTERS_STEPS] = {"cicc", "ptxas", "cudafe", "host"};

    json_open(json, "steps", '{');
    for (int i = 0; i < COUNTERS_STEPS; i++) {
        json_open(json, names[i], '{');
        json_count(json, "reused", counters->steps_reused[i]);
        json_count(json, "run", counters->steps_run[i]);
        json_close(json, '}');
    }
    json_close(json, '}');
}

static void
put_store(struct json *json, const struct stats *stats)
{
    json_open(json, "store", '{');
    json_string(json, "dir", stats->dir);
    json_count(json, "bytes", stats->usage.bytes);
    json_count(json, "max_bytes", stats->usage.max_bytes);
    json_count(json, "entries", stats->usage.entries);
    json_count(json, "generations", stats->usage.generations);
    json_bool(json, "read_only", stats->is_read_only);
    json_close(json, '}');
}

/* Every count is there, with 0 when it did not happen. */
static void
put_memory(struct json *json, const struct stats *stats)
{
    json_open(json, "memory", '{');
    for (int i = 0; i < NVC_STATUS_LIMIT; i++) {
        const enum nvc_status status = (enum nvc_status)i;

        if (status_kind(status) == NVC_KIND_MEMORY)
            json_count(json, status_word(status), stats->counters.by_status[i]);
    }
    json_seconds(json, "wait_seconds", stats->counters.wait_us);
    json_count(json, "peak_bytes", stats->peak_bytes);
    json_close(json, '}');
}

void
stats_put_json(struct buf *out, const struct stats *stats)
{
    const struct counters *const counters = &stats->counters;
    struct json json;

    json_begin(&json, out);
    json_open(&json, NULL, '{');
    json_int(&json, "format", STATS_JSON_FORMAT);
    put_since(&json, counters->since_s);
    put_hits(&json, counters);
    json_count(&json, "misses", stats_sum(counters, NVC_KIND_MISS));
    put_reasons(&json, "miss_reasons", counters, NVC_KIND_MISS);
    put_reasons(&json, "not_stored", counters, NVC_KIND_NOSTORE);
    put_reasons(&json, "unplanned", counters, NVC_KIND_UNPLANNED);
    put_steps(&json, counters);
    put_reasons(&json, "bypassed", counters, NVC_KIND_BYPASS);
    json_count(&json, "failed_compiles", stats_sum(counters, NVC_KIND_FAILED));
    put_reasons(&json, "errors", counters, NVC_KIND_ERROR);
    put_reasons(&json, "cleaned", counters, NVC_KIND_CLEANED);
    json_count(&json, "damaged_counts", counters->damaged);
    json_seconds(&json, "saved_seconds", counters->saved_us);
    json_seconds(&json, "compile_seconds", counters->compile_us);
    json_count(&json, "bytes_replayed", counters->bytes_replayed);
    json_count(&json, "bytes_recorded", counters->bytes_recorded);
    put_memory(&json, stats);
    put_store(&json, stats);
    json_close(&json, '}');
}
