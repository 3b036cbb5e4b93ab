/* The bytes of a plan.
 *
 *   version u16, and nothing else: there is no plan; or
 *   version u16 | notice str | n u32, environment str...
 *   | n u32, files: role u8, producer u32 (plus 1), name str
 *   | n u32, steps: tool u8, arch str, n u32 words str..., n u32 inputs u16...,
 *     n u32 outputs u16...
 *
 * Must never give a plan in which a number points nowhere: words are expanded without
 * further checks. */

#include "plan_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/entry/wire.h"

#include <stdlib.h>
#include <string.h>

#define WORD_MAX ((size_t)1 << 20)

static void
put_files(struct buf *out, const uint16_t *files, size_t n)
{
    wire_put_u32(out, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        wire_put_u16(out, files[i]);
}

static void
put_words(struct buf *out, const struct strlist *words)
{
    wire_put_u32(out, (uint32_t)words->n);
    for (size_t i = 0; i < words->n; i++)
        wire_put_str(out, words->v[i]);
}

void
plan_encode_refusal(struct buf *out)
{
    wire_put_u16(out, PLAN_VERSION);
}

void
plan_encode(const struct plan *plan, struct buf *out)
{
    wire_put_u16(out, PLAN_VERSION);
    wire_put_str(out, plan->notice);
    put_words(out, &plan->environment);
    wire_put_u32(out, (uint32_t)plan->n_files);
    for (size_t i = 0; i < plan->n_files; i++) {
        wire_put_u8(out, (uint8_t)plan->files[i].role);
        wire_put_u32(out, (uint32_t)(plan->files[i].producer + 1));
        wire_put_str(out, plan->files[i].name);
    }
    wire_put_u32(out, (uint32_t)plan->n_steps);
    for (size_t i = 0; i < plan->n_steps; i++) {
        const struct plan_step *step = &plan->steps[i];

        wire_put_u8(out, (uint8_t)step->tool);
        wire_put_str(out, step->arch);
        put_words(out, &step->argv);
        put_files(out, step->inputs, step->n_inputs);
        put_files(out, step->outputs, step->n_outputs);
    }
}

static void
read_words(struct wire_reader *reader, struct arena *arena, struct strlist *out)
{
    const uint32_t n = wire_count(reader, PLAN_MAX_WORDS, 5);

    strlist_init(out, arena);
    for (uint32_t i = 0; i < n && !reader->bad; i++)
        strlist_add_copy(out, wire_str(reader, WORD_MAX));
}

static uint16_t *
read_files(struct wire_reader *reader, struct arena *arena, size_t n_files, size_t *out_n)
{
    const uint32_t n = wire_count(reader, PLAN_MAX_FILES, 2);
    uint16_t *files = arena_array(arena, n, sizeof(*files));

    for (uint32_t i = 0; i < n; i++) {
        files[i] = wire_u16(reader);
        if (files[i] >= n_files)
            reader->bad = true;
    }
    *out_n = n;
    return files;
}

static bool
is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Is the placeholder in the word, if there is one, whole and the word's end? */
static bool
is_good_word(const char *word, size_t n_files)
{
    const char *at = strchr(word, PLACEHOLDER);

    if (at == NULL)
        return true;
    if (at[1] == PLACE_SOURCE || at[1] == PLACE_REAL)
        return at[2] == '\0';
    if (at[1] != PLACE_FILE && at[1] != PLACE_FILE_NAME)
        return false;
    for (int i = 2; i < 5; i++)
        if (!is_hex(at[i]))
            return false;
    return at[5] == '\0' && strtoul(at + 2, NULL, 16) < n_files;
}

static bool
is_good_variable(const char *text)
{
    const char *at = strchr(text, PLACEHOLDER);

    return strchr(text, '=') != NULL &&
           (at == NULL || (at[1] == PLACE_OWN && at[2] == '\0'));
}

static void
read_step(struct wire_reader *reader, struct arena *arena, size_t n_files,
          struct plan_step *out)
{
    out->tool = (enum plan_tool)wire_u8(reader);
    out->arch = arena_strdup(arena, wire_str(reader, WORD_MAX));
    read_words(reader, arena, &out->argv);
    out->inputs = read_files(reader, arena, n_files, &out->n_inputs);
    out->outputs = read_files(reader, arena, n_files, &out->n_outputs);
    if (out->tool >= PLAN_TOOLS || out->argv.n == 0)
        reader->bad = true;
    for (size_t i = 0; i < out->argv.n; i++)
        if (!is_good_word(out->argv.v[i], n_files))
            reader->bad = true;
}

static void
read_file_rows(struct wire_reader *reader, struct arena *arena, struct plan *out)
{
    out->n_files = wire_count(reader, PLAN_MAX_FILES, 10);
    out->files = arena_array(arena, out->n_files, sizeof(*out->files));
    for (size_t i = 0; i < out->n_files; i++) {
        struct plan_file *file = &out->files[i];
        uint32_t producer;

        file->role = (enum plan_role)wire_u8(reader);
        producer = wire_u32(reader);
        file->name = arena_strdup(arena, wire_str(reader, WORD_MAX));
        file->producer = producer > PLAN_MAX_STEPS ? -1 : (int)producer - 1;
        if (file->role >= PLAN_ROLES || producer > PLAN_MAX_STEPS ||
            strchr(file->name, '/') != NULL)
            reader->bad = true;
    }
}

/* Every file is made by the step that says so, and by no other; the last makes the
 * output. */
static bool
is_consistent(const struct plan *plan)
{
    const struct plan_step *last;

    for (size_t i = 0; i < plan->n_steps; i++)
        for (size_t k = 0; k < plan->steps[i].n_outputs; k++)
            if (plan->files[plan->steps[i].outputs[k]].producer != (int)i)
                return false;
    for (size_t i = 0; i < plan->n_steps; i++)
        for (size_t k = 0; k < plan->steps[i].n_inputs; k++)
            if (plan->files[plan->steps[i].inputs[k]].producer >= (int)i)
                return false;
    for (size_t i = 0; i < plan->n_files; i++)
        if (plan->files[i].producer >= (int)plan->n_steps)
            return false;
    if (plan->n_steps == 0)
        return false;
    last = &plan->steps[plan->n_steps - 1];
    return plan_find_role(plan, last->outputs, last->n_outputs, PLAN_OUTPUT) >= 0;
}

enum nvc_status
plan_decode(struct arena *arena, const void *data, size_t len, struct plan *out)
{
    struct plan plan = {0};
    struct wire_reader reader;

    wire_read_init(&reader, data, len);
    if (wire_u16(&reader) != PLAN_VERSION)
        return NVC_ERR_FORMAT;
    if (wire_done(&reader))
        return NVC_UNPLANNED_LINE;
    plan.notice = arena_strdup(arena, wire_str(&reader, WORD_MAX));
    read_words(&reader, arena, &plan.environment);
    for (size_t i = 0; i < plan.environment.n; i++)
        if (!is_good_variable(plan.environment.v[i]))
            reader.bad = true;
    read_file_rows(&reader, arena, &plan);
    plan.n_steps = wire_count(&reader, PLAN_MAX_STEPS, 18);
    plan.steps = arena_array(arena, plan.n_steps, sizeof(*plan.steps));
    for (size_t i = 0; i < plan.n_steps && !reader.bad; i++)
        read_step(&reader, arena, plan.n_files, &plan.steps[i]);
    if (!wire_done(&reader) || !is_consistent(&plan))
        return NVC_ERR_CORRUPT;
    *out = plan;
    return NVC_OK;
}
