/* `nvcache stats --json`: programs rely on its keys.  The list here is tied to the
 * format's number, and docs/stats-json.md must describe every key. */

#include "stats_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* The keys of each format, one row per number, in the order they are written.
 *
 * When this test fails because a key is new: add it to the row and to docs/stats-json.md.
 * When a key went away, was renamed or means something else: raise STATS_JSON_FORMAT, add
 * a row for the new number, and leave this one as it is. */
static const struct {
    int format;
    const char *keys;
} golden[] = {
    {1,
     "format since hits hits.manifest hits.text hits.partial misses miss_reasons "
     "not_stored unplanned steps steps.cicc steps.cicc.reused steps.cicc.run steps.ptxas "
     "steps.ptxas.reused steps.ptxas.run steps.cudafe steps.cudafe.reused "
     "steps.cudafe.run steps.host steps.host.reused steps.host.run bypassed "
     "failed_compiles errors cleaned damaged_counts saved_seconds compile_seconds "
     "bytes_replayed "
     "bytes_recorded memory memory.waited memory.fewer_threads memory.rescued "
     "memory.out_of_memory memory.paused memory.set_back memory.wait_seconds "
     "memory.peak_bytes store store.dir "
     "store.bytes store.max_bytes store.entries "
     "store.generations store.read_only"},
};

/* The keys of our own indented form: a path for each line `  "key": ...`. */
static void
collect_keys(const char *json, struct buf *out)
{
    char path[256] = "";
    size_t ends[8] = {0}; /* where the path of each depth ends */

    for (const char *line = json; *line != '\0'; line += strcspn(line, "\n") + 1) {
        const size_t indent = strspn(line, " ");
        const size_t depth = indent / 2;
        const char *const name = line + indent + 1;
        const int len = (int)strcspn(name, "\"");

        if (line[indent] != '"')
            continue;
        if (out->len > 0)
            buf_append_char(out, ' ');
        snprintf(path + ends[depth - 1], sizeof(path) - ends[depth - 1], "%s%.*s",
                 depth == 1 ? "" : ".", len, name);
        ends[depth] = strlen(path);
        buf_append_str(out, path);
    }
}

static void
the_keys_are_those_of_the_format(void **state)
{
    const struct stats stats = {.dir = "/c"};
    AUTO_BUF json = BUF_INIT;
    AUTO_BUF keys = BUF_INIT;
    const char *want = NULL;

    (void)state;
    stats_put_json(&json, &stats);
    collect_keys(buf_str(&json), &keys);
    for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++)
        if (golden[i].format == STATS_JSON_FORMAT)
            want = golden[i].keys;
    assert_non_null(want);
    assert_string_equal(buf_str(&keys), want);
}

static void
assert_described(const struct buf *text, const char *word, size_t len)
{
    AUTO_BUF quoted = BUF_INIT;

    buf_printf(&quoted, "\n| `%.*s` |", (int)len, word);
    if (memmem(text->data, text->len, quoted.data, quoted.len) == NULL)
        fail_msg("docs/stats-json.md needs a row | `%.*s` | ... |", (int)len, word);
}

static void
every_key_and_every_reason_has_a_row_in_the_document(void **state)
{
    struct arena arena = ARENA_INIT;
    const char *const root = path_dir(&arena, path_dir(&arena, NVC_TEST_DATA));
    AUTO_BUF text = BUF_INIT;
    const char *keys = golden[sizeof(golden) / sizeof(golden[0]) - 1].keys;

    (void)state;
    assert_int_equal(
        fs_read(path_join(&arena, root, "docs/stats-json.md"), 1 << 20, &text), NVC_OK);
    arena_fini(&arena);
    while (*keys != '\0') {
        const size_t len = strcspn(keys, " ");

        assert_described(&text, keys, len);
        keys += keys[len] == '\0' ? len : len + 1;
    }
    for (int i = 0; i < NVC_STATUS_LIMIT; i++) {
        const enum nvc_status status = (enum nvc_status)i;
        const char *const word = status_word(status);

        if (status_kind(status) > NVC_KIND_HIT && status_kind(status) != NVC_KIND_FAILED)
            assert_described(&text, word, strlen(word));
    }
}

/* Take the object `steps` out of the text. */
static char *
without_steps(char *json)
{
    char *from = strstr(json, "  \"steps\"");
    char *to = strstr(json, "  \"bypassed\"");

    assert_non_null(from);
    assert_non_null(to);
    memmove(from, to, strlen(to) + 1);
    return json;
}

static void
steps_are_counted_apart(void **state)
{
    const struct stats stats = {
        .dir = "/c",
        .counters = {.steps_reused = {1, 3, 0, 5}, .steps_run = {2, 4, 0, 6}}};
    AUTO_BUF json = BUF_INIT;

    (void)state;
    stats_put_json(&json, &stats);
    assert_non_null(strstr(buf_str(&json), "  \"steps\": {\n"
                                           "    \"cicc\": {\n"
                                           "      \"reused\": 1,\n"
                                           "      \"run\": 2\n"
                                           "    },\n"
                                           "    \"ptxas\": {\n"
                                           "      \"reused\": 3,\n"
                                           "      \"run\": 4\n"
                                           "    },\n"
                                           "    \"cudafe\": {\n"
                                           "      \"reused\": 0,\n"
                                           "      \"run\": 0\n"
                                           "    },\n"
                                           "    \"host\": {\n"
                                           "      \"reused\": 5,\n"
                                           "      \"run\": 6\n"
                                           "    }\n"
                                           "  },\n"));
}

static void
a_busy_cache_gives_this_text(void **state)
{
    struct stats stats = {
        .dir = "/home/m\"k/.cache",
        .counters = {.saved_us = 1234567,
                     .compile_us = UINT64_C(2460000000),
                     .bytes_replayed = 7,
                     .bytes_recorded = 8,
                     .damaged = 9,
                     .since_s = 1763647380},
        .usage = {.bytes = 1, .max_bytes = 2, .entries = 3, .generations = 4},
        .is_read_only = true,
    };
    AUTO_BUF json = BUF_INIT;

    (void)state;
    stats.counters.by_status[NVC_HIT_MANIFEST] = 10;
    stats.counters.by_status[NVC_HIT_PARTIAL] = 11;
    stats.counters.by_status[NVC_UNPLANNED_LINE] = 2;
    stats.counters.by_status[NVC_MISS_NEW] = 2;
    stats.counters.by_status[NVC_MISS_INPUT] = 3;
    stats.counters.by_status[NVC_NOSTORE_TIME] = 1;
    stats.counters.by_status[NVC_BYPASS_LINK] = 4;
    stats.counters.by_status[NVC_COMPILE_FAILED] = 5;
    stats.counters.by_status[NVC_COMPILE_KILLED] = 1;
    stats.counters.by_status[NVC_ERR_LOCK] = 6;
    stats.counters.by_status[NVC_MEMORY_WAITED] = 12;
    stats.counters.by_status[NVC_MEMORY_RESCUED] = 1;
    stats.counters.wait_us = 61500000;
    stats.peak_bytes = UINT64_C(6) << 30;
    stats_put_json(&json, &stats);
    assert_string_equal(without_steps(buf_str(&json)),
                        "{\n"
                        "  \"format\": 1,\n"
                        "  \"since\": \"2025-11-20T14:03:00Z\",\n"
                        "  \"hits\": {\n"
                        "    \"manifest\": 10,\n"
                        "    \"text\": 0,\n"
                        "    \"partial\": 11\n"
                        "  },\n"
                        "  \"misses\": 5,\n"
                        "  \"miss_reasons\": {\n"
                        "    \"new\": 2,\n"
                        "    \"input_changed\": 3\n"
                        "  },\n"
                        "  \"not_stored\": {\n"
                        "    \"time_macro\": 1\n"
                        "  },\n"
                        "  \"unplanned\": {\n"
                        "    \"plan_line\": 2\n"
                        "  },\n"
                        "  \"bypassed\": {\n"
                        "    \"link\": 4\n"
                        "  },\n"
                        "  \"failed_compiles\": 6,\n"
                        "  \"errors\": {\n"
                        "    \"lock_timeout\": 6\n"
                        "  },\n  \"cleaned\": {},\n"
                        "  \"damaged_counts\": 9,\n"
                        "  \"saved_seconds\": 1.234,\n"
                        "  \"compile_seconds\": 2460.000,\n"
                        "  \"bytes_replayed\": 7,\n"
                        "  \"bytes_recorded\": 8,\n"
                        "  \"memory\": {\n"
                        "    \"waited\": 12,\n    \"fewer_threads\": 0,\n"
                        "    \"rescued\": 1,\n    \"out_of_memory\": 0,\n"
                        "    \"paused\": 0,\n    \"set_back\": 0,\n"
                        "    \"wait_seconds\": 61.500,\n"
                        "    \"peak_bytes\": 6442450944\n"
                        "  },\n"
                        "  \"store\": {\n"
                        "    \"dir\": \"/home/m\\\"k/.cache\",\n"
                        "    \"bytes\": 1,\n"
                        "    \"max_bytes\": 2,\n"
                        "    \"entries\": 3,\n"
                        "    \"generations\": 4,\n"
                        "    \"read_only\": true\n"
                        "  }\n"
                        "}\n");
}

int test_stats_json(void);

int
test_stats_json(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keys_are_those_of_the_format),
        cmocka_unit_test(every_key_and_every_reason_has_a_row_in_the_document),
        cmocka_unit_test(steps_are_counted_apart),
        cmocka_unit_test(a_busy_cache_gives_this_text),
    };

    return cmocka_run_group_tests_name("stats json", tests, NULL, NULL);
}
