/* Looking for a recorded run of this command whose inputs are all unchanged.  One command
 * has a record for each set of inputs it was run with (branches are switched back and
 * forth); the newest come first. */

#include "lookup_priv.h"

#include "nvcache/base/log.h"
#include "nvcache/cache/config.h"
#include "nvcache/store/store.h"
#include "session_priv.h"
#include "validate_priv.h"

/* More are not worth their stats; the oldest of so many will hardly come back. */
enum {
    TRIES_MAX = 64
};

struct attempt {
    struct session *session;
    struct manifest *out;
    enum nvc_status status;
    const char *culprit; /* of the newest record */
    int tries;
};

static bool
try_record(const struct record_key *key, struct store_value value, void *arg)
{
    struct attempt *attempt = arg;
    struct manifest manifest;
    enum nvc_status st =
        manifest_unpack(attempt->session->arena, value.data, value.len, &manifest);

    (void)key;
    if (st != NVC_OK)
        session_error(attempt->session, st);
    else
        st = validate(attempt->session, &manifest);
    log_event("lookup.try", "n=%d status=%s culprit=%s", attempt->tries, status_word(st),
              attempt->session->culprit != NULL ? attempt->session->culprit : "-");
    if (st == NVC_OK) {
        *attempt->out = manifest;
        attempt->status = NVC_HIT_MANIFEST;
        return false;
    }
    if (attempt->tries++ == 0) {
        attempt->status = status_kind(st) == NVC_KIND_MISS ? st : NVC_MISS_LOST;
        attempt->culprit = attempt->session->culprit;
    }
    return attempt->tries < TRIES_MAX;
}

enum nvc_status
lookup(struct session *session, struct manifest *out)
{
    struct attempt attempt = {.session = session, .out = out, .status = NVC_MISS_NEW};
    const struct record_key prefix = key_record(RECORD_MANIFEST, &session->key.digest);
    enum nvc_status st;

    if (session->config->recache)
        return NVC_MISS_FORCED;
    st = store_scan(session->store, &prefix, try_record, &attempt);
    if (st != NVC_OK)
        session_error(session, st);
    session->culprit = attempt.status == NVC_HIT_MANIFEST ? NULL : attempt.culprit;
    return attempt.status;
}
