/* The plan of a command: remembered for the toolchain and its options, so that nvcc is
 * asked once for all sources that are compiled alike.  That there is none is remembered,
 * too.  Must never give a command the plan of another. */

#include "planrun_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/environment.h"
#include "nvcache/base/log.h"
#include "nvcache/base/path.h"
#include "nvcache/cache/config.h"
#include "nvcache/nvcc/variables.h"
#include "nvcache/store/store.h"
#include "session_priv.h"

#include <stdlib.h>
#include <string.h>

/* Source and output stand for themselves wherever they are. */
static const char *
neutral_word(const struct session *session, const char *word)
{
    if (str_equal(word, session->command.source))
        return "\001source";
    return str_equal(word, session->command.output) ? "\001output" : word;
}

static void
hash_variables(struct hasher *hasher)
{
    static const char *const more[] = {"NVCC_CCBIN"};
    const char *libraries = getenv("LD_LIBRARY_PATH");

    variables_hash(hasher);
    /* nvcc.profile puts its own in front of it: the plan leaves the rest open if there
     * was one when it was made. */
    hasher_u64(hasher, libraries != NULL && libraries[0] != '\0');
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
        hasher_str(hasher, getenv(more[i]) != NULL ? getenv(more[i]) : "\001");
}

static struct record_key
template_key(const struct session *session, char *const *argv)
{
    struct hasher hasher;
    struct digest digest;

    hasher_init(&hasher, "nvcache plan v3");
    hasher_u64(&hasher, PLAN_VERSION);
    hasher_digest(&hasher, &session->toolchain);
    hasher_str(&hasher, session->program);
    hasher_str(&hasher, path_ext(session->command.source));
    hash_variables(&hasher);
    for (; *argv != NULL; argv++)
        hasher_str(&hasher, neutral_word(session, *argv));
    hasher_final(&hasher, &digest);
    return key_record(RECORD_PLAN, &digest);
}

static enum nvc_status
ask_nvcc(struct planned *run, char **argv)
{
    struct session *session = run->session;
    const char *dir = run->names.dir;
    const char *changes[] = {arena_printf(session->arena, "TMPDIR=%s", dir),
                             "NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS"};
    const struct process_spec spec = {
        .path = session->program,
        .argv = argv,
        .envp = environment_with(session->arena, changes, 3),
        .capture_limit = PLAN_MAX_TEXT,
        .no_stdin = true,
    };
    const struct plan_names names = {
        .dir = dir, .source = session->command.source, .output = session->command.output};
    const char *culprit = "";
    struct process_result result;
    enum nvc_status st = process_run(&spec, &result);

    if (st != NVC_OK || result.wait_status != 0 || result.out.len > 0 || result.truncated)
        st = NVC_UNPLANNED_DRYRUN;
    if (st == NVC_OK)
        st = plan_parse(session->arena, buf_str(&result.err), result.err.len, &names,
                        &run->plan, &culprit);
    run->killed = plan_killed_status(&result);
    process_result_fini(&result);
    log_event("plan.template", "result=%s culprit=%s", st == NVC_OK ? "made" : "refused",
              culprit);
    return st;
}

static enum nvc_status
find(struct session *session, const struct record_key *key, struct plan *out)
{
    struct store_value value;
    enum nvc_status st = store_get(session->store, key, &value);

    if (st == NVC_OK)
        st = plan_decode(session->arena, value.data, value.len, out);
    if (st == NVC_OK || st == NVC_UNPLANNED_LINE)
        log_event("plan.template", "result=%s",
                  st == NVC_OK ? "found" : "refused before");
    else if (st != NVC_MISS)
        session_error(session, st);
    return st;
}

static void
keep(struct planned *run, const struct buf *record)
{
    enum nvc_status st =
        store_put(run->session->store, &run->template_key, record->data, record->len);

    if (st != NVC_OK)
        session_error(run->session, st);
}

void
plan_template_store(struct planned *run)
{
    AUTO_BUF record = BUF_INIT;

    if (!run->is_template_new)
        return;
    plan_encode(&run->plan, &record);
    keep(run, &record);
}

/* Another nvcc, or another release of nvcache, asks anew. */
static void
keep_refusal(struct planned *run)
{
    AUTO_BUF record = BUF_INIT;

    if (!plan_may_store(run->session))
        return;
    plan_encode_refusal(&record);
    keep(run, &record);
    store_release(run->session->store);
}

enum nvc_status
plan_template_get(struct planned *run)
{
    struct session *session = run->session;
    char **argv = command_plan_query(session->arena, &session->command, session->argv[0]);
    enum nvc_status st;

    if (argv == NULL)
        return NVC_UNPLANNED_FORM;
    run->template_key = template_key(session, argv);
    st = find(session, &run->template_key, &run->plan);
    store_release(session->store);
    if (st == NVC_OK || st == NVC_UNPLANNED_LINE)
        return st;
    st = ask_nvcc(run, argv);
    run->is_template_new = st == NVC_OK;
    if (st == NVC_UNPLANNED_LINE || st == NVC_UNPLANNED_FILE)
        keep_refusal(run);
    return st;
}
