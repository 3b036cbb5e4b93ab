/* Recording a finished compile: closure, manifest, result.  The result is stored first,
 * so that a manifest never points to nothing because of us. */

#include "recorder_priv.h"

#include "closure_priv.h"
#include "deptext_priv.h"
#include "explain_priv.h"
#include "native_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/log.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/cache/config.h"
#include "nvcache/entry/manifest.h"
#include "nvcache/entry/result.h"
#include "nvcache/entry/template.h"
#include "nvcache/nvcc/depfile.h"
#include "nvcache/store/store.h"
#include "listing_priv.h"
#include "outfile_priv.h"
#include "session_priv.h"
#include "shown_priv.h"
#include "steady_priv.h"
#include "ties_priv.h"
#include "watched_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- the manifest ---- */

/* Files sorted by path come grouped by directory. */
static void
fill_files(struct session *session, const struct closure *closure, struct manifest *out)
{
    struct arena *arena = session->arena;
    const char *last = NULL;
    struct hasher hasher;

    hasher_init(&hasher, MANIFEST_INPUTS);
    out->dirs = arena_array(arena, closure->n, sizeof(*out->dirs));
    out->files = arena_array(arena, closure->n, sizeof(*out->files));
    for (size_t i = 0; i < closure->n; i++) {
        const char *path = closure->files[i].path;
        const char *dir = strchr(path, '/') == NULL ? "" : path_dir(arena, path);

        if (last == NULL || strcmp(last, dir) != 0)
            out->dirs[out->n_dirs++] = roots_place(&session->roots, dir);
        last = dir;
        out->files[out->n_files++] =
            (struct manifest_file){.dir = (uint32_t)out->n_dirs - 1,
                                   .mark = manifest_mark(&closure->files[i].digest),
                                   .name = path_base(path)};
        hasher_digest(&hasher, &closure->files[i].digest);
    }
    hasher_final(&hasher, &out->inputs);
}

/* Builds write into these directories all the time. */
static bool
is_busy(const struct session *session, const char *dir)
{
    const struct nvcc_command *command = &session->command;

    return str_equal(dir, ".") || str_equal(dir, session->cwd) ||
           str_equal(dir, path_dir(session->arena, command->output)) ||
           (command->deps != DEPS_NONE &&
            str_equal(dir, path_dir(session->arena, command->depfile)));
}

/* The busy ones first. */
static void
order_watched(const struct session *session, const struct strlist *dirs,
              struct watched *out)
{
    out->paths = arena_array(session->arena, dirs->n, sizeof(*out->paths));
    for (int busy = 1; busy >= 0; busy--) {
        for (size_t i = 0; i < dirs->n; i++)
            if (is_busy(session, dirs->v[i]) == busy)
                out->paths[out->n++] = dirs->v[i];
        if (busy)
            out->n_busy = out->n;
    }
}

/* A header that came while the compiler ran: it may have looked before or after. */
static enum nvc_status
fill_watched(struct session *session, struct listings *listings,
             const struct closure *closure, struct manifest *out)
{
    struct watched watched = {.names = &closure->names, .search = &closure->search};
    const char *news;

    order_watched(session, &closure->watched, &watched);
    watched_stamp(session->arena, &watched);
    news = watched_since(session->arena, listings, &watched, session->begin_ns);
    if (news != NULL) {
        session->culprit = news;
        return NVC_NOSTORE_MOVED;
    }
    watched_digest(session->arena, listings, &watched, session->memo, clock_file_ns(),
                   &out->seen);
    out->names = closure->names;
    out->n_busy = watched.n_busy;
    out->watched = arena_array(session->arena, watched.n, sizeof(*out->watched));
    for (size_t i = 0; i < watched.n; i++)
        out->watched[out->n_watched++] = roots_place(&session->roots, watched.paths[i]);
    return NVC_OK;
}

static void
hash_place(struct hasher *hasher, const struct place *place)
{
    hasher_u64(hasher, (uint64_t)place->kind << 8 | place->index);
    hasher_str(hasher, place->rest);
}

/* The texts of a result are written relative to roots, so those must be the same. */
static void
hash_places(struct hasher *hasher, const struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->n_dirs; i++)
        hash_place(hasher, &manifest->dirs[i]);
    for (size_t i = 0; i < manifest->n_ties; i++) {
        hash_place(hasher, &manifest->ties[i].at);
        hash_place(hasher, &manifest->ties[i].is);
        hasher_u64(hasher, manifest->ties[i].kind);
    }
}

/* Equal inputs give one result record, however many processes compile them at once. */
static void
compute_result_key(const struct session *session, struct manifest *manifest)
{
    struct hasher hasher;

    hasher_init(&hasher, "nvcache result v3");
    hasher_digest(&hasher, &session->key.digest);
    hasher_digest(&hasher, &manifest->inputs);
    hasher_digest(&hasher, &manifest->searched);
    hash_places(&hasher, manifest);
    hasher_final(&hasher, &manifest->result);
}

/* ---- the result ---- */

struct texts {
    struct buf output;
    struct buf depfile;
    struct buf out;
    struct buf err;
    struct buf record;
};

static void
texts_fini(struct texts *texts)
{
    buf_fini(&texts->output);
    buf_fini(&texts->depfile);
    buf_fini(&texts->out);
    buf_fini(&texts->err);
    buf_fini(&texts->record);
}

static void
make_template(const struct session *session, const struct buf *text, struct buf *out)
{
    template_make((const char *)text->data, text->len, session->roots.template_roots,
                  session->roots.n, out);
}

static enum nvc_status
store_result(struct session *session, const struct compiled *compiled,
             const struct manifest *manifest, struct texts *texts)
{
    const struct record_key key = key_record(RECORD_RESULT, &manifest->result);
    struct result result = {.n = 0};
    enum nvc_status st;

    if (compiled->depfile.len > 0 &&
        deptext_pack(session, &compiled->depfile, &texts->depfile) != NVC_OK)
        return NVC_NOSTORE_CLOSURE;
    make_template(session, &compiled->process.out, &texts->out);
    make_template(session, &compiled->process.err, &texts->err);
    if (!result_add(&result, ROLE_OUTPUT, texts->output.data, texts->output.len) ||
        !result_add(&result, ROLE_STDOUT, texts->out.data, texts->out.len) ||
        !result_add(&result, ROLE_STDERR, texts->err.data, texts->err.len) ||
        !result_add(&result, ROLE_DEPFILE, texts->depfile.data, texts->depfile.len))
        return NVC_NOSTORE_LARGE;
    result_encode(&result, session->config->compression_level, &texts->record);
    st = store_put(session->store, &key, texts->record.data, texts->record.len);
    session->event.bytes = texts->record.len;
    if (st == NVC_OK)
        return NVC_OK;
    session_error(session, st);
    return st == NVC_ERR_LIMIT ? NVC_NOSTORE_LARGE : NVC_NOSTORE_STORE;
}

static enum nvc_status
store_manifest(struct session *session, const struct manifest *manifest)
{
    const struct record_key key =
        key_record_at(RECORD_MANIFEST, &session->key.digest, clock_wall_ns());
    AUTO_BUF record = BUF_INIT;
    enum nvc_status st;

    manifest_pack(manifest, session->config->compression_level, &record);
    st = store_put(session->store, &key, record.data, record.len);
    if (st == NVC_OK)
        return NVC_OK;
    session_error(session, st);
    return NVC_NOSTORE_STORE;
}

/* ---- both ---- */

static enum nvc_status
read_output(const struct session *session, struct buf *out)
{
    const char *path = session->command.output;
    struct stat info;

    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return NVC_NOSTORE_OUTPUT;
    if ((uint64_t)info.st_size > RESULT_MAX_PLAIN)
        return NVC_NOSTORE_LARGE;
    return fs_read(path, RESULT_MAX_PLAIN, out) == NVC_OK ? NVC_OK : NVC_NOSTORE_OUTPUT;
}

static enum nvc_status
record(struct session *session, const struct compiled *compiled, struct texts *texts)
{
    struct listings *listings = listings_new(session->arena);
    struct closure closure;
    struct manifest manifest = {0};
    enum nvc_status st = read_output(session, &texts->output);

    if (st == NVC_OK)
        st = closure_build(session, listings, compiled->dependencies.v,
                           compiled->dependencies.n, &closure);
    if (st == NVC_OK)
        st = steady_check(session, &closure);
    if (st == NVC_OK)
        st = fill_watched(session, listings, &closure, &manifest);
    if (st != NVC_OK)
        return st;
    manifest.compile_us = (uint64_t)(compiled->process.wall_ns / 1000);
    manifest.created_s = (uint64_t)(clock_wall_ns() / 1000000000);
    fill_files(session, &closure, &manifest);
    manifest.searched = closure.searched;
    shown_messages(&session->roots, &compiled->process.out, &closure);
    shown_messages(&session->roots, &compiled->process.err, &closure);
    st = ties_fill(session, &closure, &compiled->dependencies, &manifest);
    if (st != NVC_OK)
        return st;
    compute_result_key(session, &manifest);
    session->result = manifest.result;
    st = store_result(session, compiled, &manifest, texts);
    if (st == NVC_OK)
        st = store_manifest(session, &manifest);
    if (st == NVC_OK)
        explain_remember(session);
    return st;
}

enum nvc_status
recorder_store(struct session *session, const struct compiled *compiled)
{
    struct texts texts = {BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT};
    enum nvc_status st;

    if (session->config->read_only || store_is_read_only(session->store))
        return NVC_NOSTORE_READONLY;
    if (compiled->process.truncated)
        return NVC_NOSTORE_STREAM;
    if (!compiled->has_dependencies)
        return NVC_NOSTORE_CLOSURE;
    if (compiled->takes_files) {
        session->culprit = "a file for the assembler";
        return NVC_NOSTORE_HIDDEN;
    }
    st = native_check(session, &compiled->process);
    if (st != NVC_OK)
        return st;
    st = record(session, compiled, &texts);
    texts_fini(&texts);
    return st;
}
