/* Steps as records: what a step made, under the digest of everything it was made from.
 *
 *   version u16 | wall_us u64 | a result record: the step's outputs in order, its streams
 *
 * A step has up to two keys.  One leaves out the positions in preprocessed text, and is
 * only used for steps that printed nothing: messages name lines.  The other is over the
 * bytes as they are: for a step that has printed something, a result without parts under
 * the first key says so, and nobody else needs to read and hash those bytes.  Must never
 * hand out a stream that names a place where it was not printed. */

#include "planrun_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/log.h"
#include "nvcache/base/mapped.h"
#include "nvcache/base/path.h"
#include "nvcache/cache/config.h"
#include "nvcache/digest/filedigest.h"
#include "nvcache/entry/result.h"
#include "nvcache/entry/wire.h"
#include "nvcache/nvcc/variables.h"
#include "nvcache/plan/image.h"
#include "nvcache/store/store.h"
#include "session_priv.h"
#include "unlisted_priv.h"
#include "stepfile_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- files ---- */

/* Where the tokens will do, the bytes need not be hashed. */
static void
learn(const struct planned *run, struct planned_file *file, const struct mapped *text,
      struct text_passages *known, bool tokens)
{
    if (tokens && !file->is_scanned) {
        file->is_scanned = true;
        file->has_tokens =
            !run->has_positions &&
            text_digest_tokens(text->text, text->len, known, &file->tokens, NULL);
    }
    if (tokens && file->has_tokens)
        return;
    filedigest_of_bytes(text->text, text->len, &file->raw);
    file->has_raw = true;
}

static bool
look(const struct planned *run, const char *path, struct planned_file *file, bool tokens)
{
    AUTO_MAPPED text = MAPPED_INIT;

    if (tokens ? file->is_scanned : file->has_raw)
        return true;
    if (mapped_open(path, FILEDIGEST_MAX_SIZE, &text) != NVC_OK)
        return false;
    learn(run, file, &text, NULL, tokens);
    return true;
}

void
plan_file_learn(struct planned *run, unsigned file, const struct mapped *text,
                struct text_passages *known)
{
    learn(run, &run->files[file], text, known, true);
}

bool
plan_file_look(struct planned *run, unsigned file, bool tokens)
{
    return look(run, plan_file_path(run->session->arena, &run->plan, file, &run->names),
                &run->files[file], tokens);
}

/* ---- keys ---- */

static void
begin_key(const struct planned *run, const struct task *task, const char *kind,
          struct hasher *hasher)
{
    hasher_init(hasher, "nvcache step v5");
    hasher_str(hasher, kind);
    hasher_digest(hasher, &run->session->toolchain);
    variables_hash(hasher);
    plan_step_hash(task->step, &run->names, run->has_positions, hasher);
    if (run->has_positions)
        hasher_str(hasher, run->session->cwd);
}

/* The module id and the source's stem are in what these make.  False: the id cannot be
 * read. */
static bool
hash_names(struct planned *run, const struct task *task, struct hasher *hasher)
{
    const int id = plan_id_file(run);

    hasher_str(hasher, plan_stem(run->session->arena, run->names.source));
    if (plan_id_is_made_by(run, task)) {
        hasher_str(hasher, run->names.source_path);
        hasher_digest(hasher, &run->session->key.module);
        return true;
    }
    if (plan_guess_is_open(run)) {
        hasher_digest(hasher, &run->guess.digest);
        return true;
    }
    if (id < 0 || !plan_file_look(run, (unsigned)id, false))
        return false;
    hasher_digest(hasher, &run->files[id].raw);
    return true;
}

static void
finish_key(const struct task *task, const char *kind, const struct digest *text,
           struct digest *out)
{
    struct hasher hasher = task->begun;

    hasher_str(&hasher, kind);
    hasher_digest(&hasher, text);
    hasher_final(&hasher, out);
}

static bool
find_raw_key(struct planned *run, struct task *task)
{
    if (task->has_raw_key || !task->has_begun)
        return task->has_raw_key;
    if (!plan_file_look(run, task->key_file, false))
        return false;
    finish_key(task, "raw", &run->files[task->key_file].raw, &task->raw_key);
    task->has_raw_key = true;
    return true;
}

static void
key_by_file(struct planned *run, struct task *task, enum plan_role role)
{
    const int file =
        plan_find_role(&run->plan, task->step->inputs, task->step->n_inputs, role);

    if (file < 0 || !plan_file_look(run, (unsigned)file, role == PLAN_TEXT))
        return;
    begin_key(run, task, plan_tool_word(task->step->tool), &task->begun);
    if (role == PLAN_TEXT && !hash_names(run, task, &task->begun))
        return;
    task->has_begun = true;
    task->key_file = (unsigned)file;
    task->has_tokens_key = run->files[file].has_tokens;
    if (task->has_tokens_key)
        finish_key(task, "tokens", &run->files[file].tokens, &task->tokens_key);
}

/* The host's object without its image, by what the compiler gets without it. */
static void
key_by_host_text(struct planned *run, struct task *task)
{
    AUTO_BUF image = BUF_INIT;
    struct digest text;
    struct digest frame;
    struct hasher hasher;

    if (!planhost_digest(run, &text) ||
        !stepfile_read_image(run, task->step, &image, &frame))
        return;
    begin_key(run, task, "host by parts", &hasher);
    if (!unlisted_hash(run->session, &hasher) || !hash_names(run, task, &hasher))
        return;
    hasher_digest(&hasher, &frame);
    hasher_digest(&hasher, &text);
    hasher_final(&hasher, &task->tokens_key);
    task->has_tokens_key = true;
}

void
plan_step_keys(struct planned *run, struct task *task)
{
    if (task->is_host_text || task->has_begun || task->has_tokens_key)
        return;
    switch (task->step->tool) {
    case PLAN_CUDAFE:
    case PLAN_CICC:
        key_by_file(run, task, PLAN_TEXT);
        break;
    case PLAN_PTXAS:
        key_by_file(run, task, PLAN_PTX);
        break;
    case PLAN_HOST:
        key_by_host_text(run, task);
        break;
    case PLAN_PREPROCESS:
    case PLAN_FATBINARY:
    case PLAN_TOOLS:
        break;
    }
}

/* ---- reuse ---- */

static bool
take_record(struct planned *run, struct task *task, const struct store_value *value)
{
    struct wire_reader reader;
    struct result result;
    uint64_t wall_us;
    enum nvc_status st;

    wire_read_init(&reader, value->data, value->len);
    if (wire_u16(&reader) != STEP_VERSION)
        return false;
    wall_us = wire_u64(&reader);
    if (reader.bad)
        return false;
    st = result_decode(reader.at, (size_t)(reader.end - reader.at), &result);
    task->is_by_bytes = st == NVC_OK && result.n == 0;
    if (task->is_by_bytes)
        return false;
    if (st == NVC_OK)
        st = stepfile_put_outputs(run, task, &result);
    if (st != NVC_OK) {
        if (st == NVC_MISS)
            log_event("plan.gone", "tool=%s", plan_tool_word(task->step->tool));
        else
            session_error(run->session, st);
        return false;
    }
    task->saved_us = wall_us;
    run->saved_us += wall_us;
    return true;
}

static bool
take_key(struct planned *run, struct task *task, const struct digest *digest)
{
    const struct record_key key = key_record(RECORD_STEP, digest);
    struct store_value value;
    enum nvc_status st = store_get(run->session->store, &key, &value);
    bool taken = false;

    if (st == NVC_OK)
        taken = take_record(run, task, &value);
    else if (st != NVC_MISS)
        session_error(run->session, st);
    return taken;
}

/* It will not do. */
static void
give_back(struct planned *run, struct task *task)
{
    run->saved_us -= task->saved_us;
    task->saved_us = 0;
    task->is_reused = task->is_elsewhere = false;
    process_result_fini(&task->result);
}

bool
plan_step_reuse(struct planned *run, struct task *task)
{
    if (!run->may_reuse || task->wants_files)
        return false;
    task->is_by_bytes = !task->has_tokens_key || task->wants_position;
    task->is_elsewhere = !task->is_by_bytes && take_key(run, task, &task->tokens_key);
    task->is_reused =
        task->is_elsewhere || (task->is_by_bytes && find_raw_key(run, task) &&
                               take_key(run, task, &task->raw_key));
    if (task->is_reused && plan_id_is_made_by(run, task) && !plan_id_serves(run, task))
        give_back(run, task);
    if (!task->is_reused)
        plan_unwritten_forget(run, task);
    return task->is_reused;
}

/* ---- store ---- */

/* A directory of this run must not be printed by another. */
static bool
has_private_path(const struct planned *run, const struct buf *text)
{
    return text->len > 0 &&
           memmem(text->data, text->len, run->names.dir, strlen(run->names.dir)) != NULL;
}

static bool
is_silent(const struct task *task)
{
    return task->result.out.len + task->result.err.len == 0;
}

static const struct digest *
key_to_store(struct planned *run, struct task *task)
{
    if (is_silent(task) && task->has_tokens_key)
        return &task->tokens_key;
    return find_raw_key(run, task) ? &task->raw_key : NULL;
}

static void
put_record(struct planned *run, const struct digest *digest, int64_t wall_ns,
           const struct result *result)
{
    struct session *session = run->session;
    const struct record_key key = key_record(RECORD_STEP, digest);
    AUTO_BUF record = BUF_INIT;
    enum nvc_status st;

    wire_put_u16(&record, STEP_VERSION);
    wire_put_u64(&record, (uint64_t)(wall_ns / 1000));
    result_encode(result, session->config->compression_level, &record);
    st = store_put(session->store, &key, record.data, record.len);
    if (st != NVC_OK)
        session_error(session, st);
}

/* That the bytes tell. */
static void
put_mark(struct planned *run, struct task *task)
{
    const struct result nothing = {.n = 0};

    if (!is_silent(task) && task->has_tokens_key && !task->is_by_bytes)
        put_record(run, &task->tokens_key, 0, &nothing);
}

void
plan_step_store(struct planned *run, struct task *task)
{
    struct stepfile_texts texts = {0};
    struct result result = {.n = 0};
    const struct digest *digest;

    if (task->is_reused || task->wants_files ||
        has_private_path(run, &task->result.out) ||
        has_private_path(run, &task->result.err))
        return;
    digest = key_to_store(run, task);
    if (digest == NULL)
        return;
    if (stepfile_get_outputs(run, task, &texts, &result)) {
        put_record(run, digest, task->result.wall_ns, &result);
        put_mark(run, task);
    }
    stepfile_texts_fini(&texts);
}
