/* The page of `nvcache explain`, from the log of one compile.
 *
 * Must never guess: a line that is not understood is left out. */

#include "explain_page_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/status.h"
#include "nvcache/base/strlist.h"
#include "nvcache/base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct page {
    struct arena *arena;
    const char *pid;  /* of the first line */
    struct buf first; /* what the last line of the log says */
    struct buf rest;
};

/* The value of `name`: up to the next blank, or up to the word `until`. */
static const char *
value_of(struct arena *arena, const char *text, const char *name, const char *until)
{
    const char *sought = arena_printf(arena, "%s=", name);
    const char *begin = strstr(text, sought);
    const char *end;

    while (begin != NULL && begin != text && begin[-1] != ' ')
        begin = strstr(begin + 1, sought);
    if (begin == NULL)
        return "";
    begin += strlen(sought);
    end = strstr(begin, until);
    return arena_strndup(arena, begin,
                         end != NULL ? (size_t)(end - begin) : strlen(begin));
}

static uint64_t
number_of(struct arena *arena, const char *text, const char *name)
{
    uint64_t number = 0;

    (void)sscanf(value_of(arena, text, name, " "), "%" SCNu64, &number);
    return number;
}

/* A kind's text for a word of the log, or NULL. */
static const char *
text_of(const char *word, enum nvc_kind kind)
{
    for (int i = 1; i < NVC_STATUS_LIMIT; i++)
        if (status_kind((enum nvc_status)i) == kind &&
            str_equal(status_word((enum nvc_status)i), word))
            return status_text((enum nvc_status)i);
    return NULL;
}

/* "hit: every input unchanged" */
static void
put_outcome(struct buf *out, const char *word)
{
    static const struct {
        enum nvc_kind kind;
        const char *name;
    } rows[] = {
        {NVC_KIND_HIT, "hit"},
        {NVC_KIND_MISS, "miss"},
        {NVC_KIND_FAILED, "failed"},
        {NVC_KIND_BYPASS, "not for the cache"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *text = text_of(word, rows[i].kind);

        if (text != NULL)
            buf_printf(out, "%s: %s", rows[i].name, text);
    }
}

/* ---- the lines of the log ---- */

static const char *
why_it_ran(const char *word)
{
    static const struct {
        const char *word;
        const char *text;
    } rows[] = {
        {"text", "its preprocessed text is new"},
        {"ptx", "its PTX is new"},
        {"host_text", "what it reads besides the device code is new"},
        {"positions", "the result shows line numbers"},
        {"lines", "it had something to say about lines that have moved"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (str_equal(rows[i].word, word))
            return rows[i].text;
    return "it always runs";
}

/* "cicc compute_90" */
static const char *
step_name(struct page *page, const char *text)
{
    const char *tool = value_of(page->arena, text, "tool", " ");
    const char *arch = value_of(page->arena, text, "arch", " ");

    return arch[0] == '\0' ? tool : arena_printf(page->arena, "%s %s", tool, arch);
}

static void
put_step(struct page *page, const char *text)
{
    const char *name = step_name(page, text);

    if (!str_equal(value_of(page->arena, text, "result", " "), "run")) {
        buf_printf(&page->rest, "  reused  %s\n", name);
        return;
    }
    buf_printf(&page->rest, "  ran     %-20s %7" PRIu64 " ms  %s\n", name,
               number_of(page->arena, text, "wall_ms"),
               why_it_ran(value_of(page->arena, text, "new", " ")));
}

static void
put_memory(struct page *page, const char *text)
{
    const uint64_t paused_ms = number_of(page->arena, text, "paused_ms");

    buf_append_str(&page->rest, "memory: ");
    units_put_size(&page->rest, number_of(page->arena, text, "mib") << 20);
    buf_append_str(&page->rest, " at most; ");
    units_put_size(&page->rest, number_of(page->arena, text, "need_mib") << 20);
    buf_append_str(&page->rest, " were expected");
    if (paused_ms > 0) {
        buf_append_str(&page->rest, "; stopped for ");
        units_put_duration(&page->rest, paused_ms * 1000);
    }
    buf_append_char(&page->rest, '\n');
}

static void
put_reason(struct buf *out, const char *about, enum nvc_kind kind, const char *word)
{
    const char *text = text_of(word, kind);

    if (text != NULL)
        buf_printf(out, "%s: %s\n", about, text);
}

static void
put_end(struct page *page, const char *text)
{
    struct arena *arena = page->arena;
    const char *culprit = value_of(arena, text, "culprit", " nostore=");

    put_outcome(&page->first, value_of(arena, text, "outcome", " "));
    if (culprit[0] != '\0')
        buf_printf(&page->first, " (%s)", culprit);
    buf_append_char(&page->first, '\n');
    put_reason(&page->first, "not kept", NVC_KIND_NOSTORE,
               value_of(arena, text, "nostore", " "));
    put_reason(&page->first, "nvcc ran as a whole", NVC_KIND_UNPLANNED,
               value_of(arena, text, "unplanned", " "));
}

static void
put_refused(struct page *page, const char *text)
{
    const char *culprit = value_of(page->arena, text, "culprit", "\n");

    if (str_equal(value_of(page->arena, text, "result", " "), "refused"))
        buf_printf(&page->rest, "not understood in nvcc's steps: %s\n", culprit);
}

static void
put_failed(struct page *page, const char *text)
{
    buf_printf(&page->rest, "  failed  %s\n", step_name(page, text));
}

static void
put_event(struct page *page, const char *event, const char *text)
{
    static const struct {
        const char *event;
        void (*put)(struct page *page, const char *text);
    } rows[] = {
        {"plan.template", put_refused},
        {"plan.step", put_step},
        {"plan.failed", put_failed},
        {"memory.peak", put_memory},
        {"end", put_end},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (str_equal(rows[i].event, event))
            rows[i].put(page, text);
}

/* TIME PID EVENT key=value... */
static void
put_line(struct page *page, char *line)
{
    char *rest = NULL;
    const char *pid;
    const char *event;

    if (strtok_r(line, " ", &rest) == NULL)
        return;
    pid = strtok_r(NULL, " ", &rest);
    event = strtok_r(NULL, " ", &rest);
    if (event == NULL)
        return;
    if (page->pid == NULL)
        page->pid = pid;
    if (str_equal(page->pid, pid))
        put_event(page, event, rest);
}

void
explain_put_page(struct buf *out, const char *log)
{
    struct arena arena = ARENA_INIT;
    struct page page = {.arena = &arena};
    char *rest = arena_strdup(&arena, log);

    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
        put_line(&page, line);
    if (page.first.len == 0 && page.pid != NULL)
        buf_append_str(&page.first, "It did not come to its end.\n");
    buf_append_str(out, buf_str(&page.first));
    buf_append_str(out, buf_str(&page.rest));
    buf_fini(&page.first);
    buf_fini(&page.rest);
    arena_fini(&arena);
}
