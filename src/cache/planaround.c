/* What the headers of the host compiler's last pass are to the directives by which it
 * reads them: macros and a little text, the same for all units with the same options.
 * Asking the preprocessor takes as long as reading this costs nothing.
 *
 *   version u16 | asks u8 | digest of the tokens | digest of the headers |
 *   count u32, path of each
 *
 * Must never serve when a header is another one than it was: contents count, and so do
 * all files of these names in the other directories where headers are searched.  What
 * could stand before them in a directory of the user's counts by its contents already
 * (unlisted.c). */

#include "planrun_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/log.h"
#include "nvcache/base/path.h"
#include "nvcache/digest/filedigest.h"
#include "nvcache/digest/stamp.h"
#include "nvcache/entry/wire.h"
#include "nvcache/nvcc/variables.h"
#include "nvcache/store/store.h"
#include "names_priv.h"
#include "searchpath_priv.h"
#include "session_priv.h"
#include "unlisted_priv.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    AROUND_VERSION = 1,
    HEADERS_MAX = 4096,
    HEADER_MIN = 5 /* bytes of its path's record */
};

static bool
find_key(struct planned *run, const struct plan_step *host, struct record_key *out)
{
    const struct session *session = run->session;
    struct hasher hasher;
    struct digest digest;

    hasher_init(&hasher, "nvcache around v1");
    hasher_digest(&hasher, &session->toolchain);
    hasher_str(&hasher, session->cwd);
    variables_hash(&hasher);
    for (size_t i = 0; i < host->argv.n; i++)
        hasher_str(&hasher, host->argv.v[i]);
    hasher_bytes(&hasher, run->host.directives.data, run->host.directives.len);
    if (!unlisted_hash(session, &hasher))
        return false;
    hasher_final(&hasher, &digest);
    *out = key_record(RECORD_AROUND, &digest);
    return true;
}

/* ---- the headers ---- */

/* In which searched directories is there a file of the names by which this one can have
 * been found? */
static void
hash_places(const struct session *session, const struct search *search, const char *path,
            struct hasher *hasher)
{
    for (size_t i = 0; i < search->n_chain; i++) {
        const char *name =
            search->chain[i] != NULL ? path_below(search->chain[i], path) : NULL;

        for (size_t k = 0; name != NULL && k < search->n_chain; k++)
            if (search->chain[k] != NULL &&
                access(path_join(session->arena, search->chain[k], name), F_OK) == 0)
                hasher_u64(hasher, k);
    }
}

bool
planaround_header(struct session *session, const char *path, struct digest *out)
{
    struct stat info;
    struct stamp stamp;

    if (stat(path, &info) != 0)
        return false;
    stamp = stamp_of(&info);
    return !stamp_is_since(&stamp, session->begin_ns) &&
           filedigest_get(session->memo, path, &stamp, session->begin_ns, out) == NVC_OK;
}

static bool
headers_digest(struct session *session, const struct strlist *paths, struct digest *out)
{
    struct search search = {0};
    struct hasher hasher;

    searchpath_build(session, &search);
    hasher_init(&hasher, "nvcache headers around v1");
    for (size_t i = 0; i < paths->n; i++) {
        struct digest digest;

        if (!planaround_header(session, paths->v[i], &digest))
            return false;
        hasher_str(&hasher, paths->v[i]);
        hasher_digest(&hasher, &digest);
        hash_places(session, &search, path_clean(session->arena, paths->v[i]), &hasher);
    }
    hasher_final(&hasher, out);
    return true;
}

/* ---- the record ---- */

static enum nvc_status
take_record(struct session *session, const struct store_value *value,
            struct plan_around *around)
{
    struct wire_reader reader;
    struct strlist paths;
    struct digest then;
    struct digest now;
    uint32_t n;

    wire_read_init(&reader, value->data, value->len);
    if (wire_u16(&reader) != AROUND_VERSION)
        return NVC_ERR_FORMAT;
    around->asks = wire_u8(&reader) != 0;
    around->tokens = wire_digest(&reader);
    then = wire_digest(&reader);
    strlist_init(&paths, session->arena);
    n = wire_count(&reader, HEADERS_MAX, HEADER_MIN);
    for (uint32_t i = 0; i < n; i++)
        strlist_add_copy(&paths, wire_str(&reader, PLACE_MAX));
    if (!wire_done(&reader))
        return NVC_ERR_CORRUPT;
    around->is_known = headers_digest(session, &paths, &now) && digest_equal(&now, &then);
    return around->is_known ? NVC_OK : NVC_MISS;
}

bool
planaround_find(struct planned *run, const struct plan_step *host)
{
    struct session *session = run->session;
    struct plan_around *around = &run->host.around;
    struct store_value value;
    enum nvc_status st;

    if (!find_key(run, host, &around->key))
        return false;
    around->has_key = true;
    if (!run->may_reuse)
        return false;
    st = store_get(session->store, &around->key, &value);
    if (st == NVC_OK)
        st = take_record(session, &value, around);
    if (st != NVC_OK && st != NVC_MISS)
        session_error(session, st);
    return st == NVC_OK;
}

void
planaround_encode(const struct plan_around *around, const struct digest *headers,
                  struct buf *out)
{
    const struct strlist *paths = &around->headers.files;

    wire_put_u16(out, AROUND_VERSION);
    wire_put_u8(out, around->asks);
    wire_put_digest(out, &around->tokens);
    wire_put_digest(out, headers);
    wire_put_u32(out, (uint32_t)paths->n);
    for (size_t i = 0; i < paths->n; i++)
        wire_put_str(out, paths->v[i]);
}

void
planaround_store(struct planned *run)
{
    struct session *session = run->session;
    const struct plan_around *around = &run->host.around;
    const struct strlist *paths = &around->headers.files;
    AUTO_BUF record = BUF_INIT;
    struct digest headers;
    enum nvc_status st;

    if (!around->has_key || !around->is_listed || paths->n > HEADERS_MAX ||
        !headers_digest(session, paths, &headers))
        return;
    planaround_encode(around, &headers, &record);
    st = store_put(session->store, &around->key, record.data, record.len);
    if (st != NVC_OK)
        session_error(session, st);
}
