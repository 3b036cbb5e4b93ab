/* The end of an invocation: one counted outcome.  What is open is left to the end of the
 * process, which is next: unmapping by hand costs twice. */

#include "session_priv.h"

#include "nvcache/base/log.h"
#include "nvcache/cache/config.h"
#include "nvcache/store/store.h"

void
session_error(struct session *session, enum nvc_status status)
{
    for (size_t i = 0; i < COUNTERS_MAX_ERRORS; i++) {
        if (session->event.errors[i] == status)
            return;
        if (session->event.errors[i] == NVC_OK) {
            session->event.errors[i] = status;
            return;
        }
    }
}

static void
count_damage(struct session *session)
{
    struct store_damage damage;

    store_get_damage(session->store, &damage);
    if (damage.records > 0)
        session_error(session, NVC_ERR_CORRUPT);
    if (damage.generations > 0)
        session_error(session, NVC_ERR_GENERATION);
    if (damage.crashes > 0)
        session_error(session, NVC_ERR_CRASH);
    if (damage.lock_waits > 0)
        session_error(session, NVC_ERR_LOCK);
}

void
session_end(struct session *session)
{
    const struct config *config = session->config;
    enum nvc_status st = NVC_OK;

    if (session->store != NULL)
        count_damage(session);
    if (config->problems.n > 0)
        session_error(session, NVC_ERR_CONFIG);
    if (session->store != NULL)
        st = counters_add_to(session->store, &session->event);
    else if (config->dir != NULL)
        st = counters_add(config->dir, config->umask, &session->event);
    log_event("end", "outcome=%s%s%s nostore=%s unplanned=%s counters=%s",
              status_word(session->event.outcome),
              session->culprit != NULL ? " culprit=" : "",
              session->culprit != NULL ? session->culprit : "",
              status_word(session->event.nostore), status_word(session->event.unplanned),
              status_word(st));
}
