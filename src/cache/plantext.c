/* The text level: when the tokens of every preprocessor pass are those of a recorded run,
 * so is the object.  Only for runs whose steps printed nothing (messages name lines), and
 * only where no position can reach the object.
 *
 *   version u16 | compile_us u64 | digest of the result record */

#include "planrun_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/log.h"
#include "nvcache/cache/config.h"
#include "nvcache/entry/wire.h"
#include "nvcache/nvcc/variables.h"
#include "nvcache/store/store.h"
#include "names_priv.h"
#include "searchpath_priv.h"
#include "session_priv.h"
#include "unlisted_priv.h"

#include <stdlib.h>
#include <string.h>

enum {
    TEXT_VERSION = 1
};

static bool
hash_context(const struct planned *run, struct hasher *hasher)
{
    hasher_init(hasher, "nvcache text v5");
    hasher_digest(hasher, &run->session->toolchain);
    hasher_str(hasher, run->names.source_path);
    hasher_digest(hasher, &run->session->key.module);
    hasher_str(hasher, plan_stem(run->session->arena, run->names.source));
    variables_hash(hasher);
    return unlisted_hash(run->session, hasher);
}

/* The toolkit's and the system's headers by their bytes: the last pass, whose text is not
 * here, may see in them what the others do not. */
static bool
hash_headers(struct planned *run, struct hasher *hasher)
{
    struct session *session = run->session;
    struct strlist others;

    searchpath_others(session, &others);
    for (size_t i = 0; i < run->inputs.files.n; i++) {
        const char *path = run->inputs.files.v[i];
        struct digest digest;

        if (!searchpath_is_below(&others, path))
            continue;
        if (!planaround_header(session, path, &digest))
            return false;
        hasher_digest(hasher, &digest);
    }
    return true;
}

/* fatbinary's words can name the source: then its spelling counts. */
void
plan_text_key(struct planned *run)
{
    struct hasher hasher;

    unlisted_look(run->session);
    if (!hash_context(run, &hasher))
        return;
    for (size_t i = 0; i < run->plan.n_steps; i++) {
        const struct plan_step *step = &run->plan.steps[i];

        plan_step_hash(step, &run->names, step->tool == PLAN_FATBINARY, &hasher);
        for (size_t k = 0; k < step->n_inputs; k++)
            hasher_str(&hasher, run->plan.files[step->inputs[k]].name);
    }
    for (size_t i = 0; i < run->plan.n_files; i++) {
        if (run->plan.files[i].role != PLAN_TEXT)
            continue;
        if (!plan_file_look(run, (unsigned)i, true) || !run->files[i].has_tokens)
            return;
        hasher_str(&hasher, run->plan.files[i].name);
        hasher_digest(&hasher, &run->files[i].tokens);
    }
    if (!hash_headers(run, &hasher))
        return;
    hasher_final(&hasher, &run->text_key);
    run->has_text_key = true;
}

static enum nvc_status
take(struct planned *run, struct buf *out)
{
    const struct record_key key = key_record(RECORD_TEXT, &run->text_key);
    struct store_value value;
    struct wire_reader reader;
    struct digest digest;
    enum nvc_status st = store_get(run->session->store, &key, &value);

    if (st != NVC_OK)
        return st;
    wire_read_init(&reader, value.data, value.len);
    if (wire_u16(&reader) != TEXT_VERSION)
        return NVC_ERR_FORMAT;
    run->saved_us = wire_u64(&reader);
    digest = wire_digest(&reader);
    if (!wire_done(&reader))
        return NVC_ERR_CORRUPT;
    return within_output(run->session, &digest, out);
}

bool
plan_text_replay(struct planned *run, struct buf *out)
{
    enum nvc_status st = NVC_MISS;

    if (run->may_reuse && run->has_text_key)
        st = take(run, out);
    if (st != NVC_OK && st != NVC_MISS)
        session_error(run->session, st);
    if (st != NVC_OK)
        run->saved_us = 0;
    log_event("plan.text", "result=%s",
              st == NVC_OK        ? "hit"
              : run->has_text_key ? "miss"
                                  : "refused");
    return st == NVC_OK;
}

void
plan_text_store(struct planned *run)
{
    struct session *session = run->session;
    const struct record_key key = key_record(RECORD_TEXT, &run->text_key);
    AUTO_BUF record = BUF_INIT;
    enum nvc_status st;

    wire_put_u16(&record, TEXT_VERSION);
    wire_put_u64(&record, session->event.compile_us);
    wire_put_digest(&record, &session->result);
    st = store_put(session->store, &key, record.data, record.len);
    if (st != NVC_OK)
        session_error(session, st);
}
