/* The module id of the last run of a unit, for cicc to begin with while cudafe++ still
 * makes that of this run: an edit seldom makes another one.  (They take about as long as
 * each other, a quarter to a third of a compile.)
 *
 *   version u16 | id str, under the unit and the time
 *
 * Must never let anything stay that was made with an id which turned out to be another.
 */

#include "planrun_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/log.h"
#include "nvcache/base/path.h"
#include "nvcache/digest/filedigest.h"
#include "nvcache/entry/wire.h"
#include "nvcache/store/store.h"
#include "session_priv.h"

#include <string.h>

enum {
    GUESS_VERSION = 1
};

static void
unit_digest(const struct session *session, struct digest *out)
{
    struct hasher hasher;

    hasher_init(&hasher, "nvcache last module id v1");
    hasher_digest(&hasher, &session->toolchain);
    hasher_digest(&hasher, &session->key.module);
    hasher_final(&hasher, out);
}

/* The newest record decides. */
static bool
take_record(const struct record_key *key, struct store_value value, void *arg)
{
    struct buf *id = arg;
    struct wire_reader reader;
    const char *text;

    (void)key;
    wire_read_init(&reader, value.data, value.len);
    if (wire_u16(&reader) != GUESS_VERSION)
        return true;
    text = wire_str(&reader, PLAN_ID_MAX);
    if (wire_done(&reader))
        buf_append_str(id, text);
    return false;
}

static enum nvc_status
read_last(struct session *session, struct buf *out)
{
    struct record_key prefix;
    struct digest digest;

    unit_digest(session, &digest);
    prefix = key_record(RECORD_ID, &digest);
    return store_scan(session->store, &prefix, take_record, out);
}

/* Does cudafe++ make the id, for cicc to read? */
static bool
is_made_for_cicc(const struct planned *run)
{
    const int file = plan_id_file(run);

    return file >= 0 &&
           run->plan.steps[run->plan.files[file].producer].tool == PLAN_CUDAFE;
}

/* Not with --threads: nvcc never runs cudafe++ beside cicc, and both together need more
 * memory than two ciccs (1.3 times nvcc's peak, seen with CUTLASS). */
static bool
is_guest_welcome(const struct planned *run)
{
    return run->lanes.own == 1 && run->lanes.most > 1;
}

void
plan_guess_begin(struct planned *run)
{
    struct session *session = run->session;
    const char *path = path_join(session->arena, run->names.dir, "guess");
    AUTO_BUF id = BUF_INIT;
    enum nvc_status st;

    if (!run->may_reuse || !is_guest_welcome(run) || !is_made_for_cicc(run))
        return;
    st = read_last(session, &id);
    if (st != NVC_OK)
        session_error(session, st);
    if (id.len == 0 || !plan_id_write(path, buf_str(&id)))
        return;
    run->guess.path = path;
    filedigest_of_bytes(id.data, id.len, &run->guess.digest);
}

bool
plan_guess_is_open(const struct planned *run)
{
    return run->guess.path != NULL && !run->files[plan_id_file(run)].is_there;
}

/* While the id is being made: what need not run to make it has made it at once. */
bool
plan_guess_serves(const struct planned *run, const struct task *task, unsigned file)
{
    return plan_guess_is_open(run) && (int)file == plan_id_file(run) &&
           task->step->tool == PLAN_CICC &&
           run->tasks[run->plan.files[file].producer].state == TASK_RUNNING;
}

char **
plan_guess_argv(struct planned *run, char **argv)
{
    char *path;

    if (!plan_guess_is_open(run))
        return argv;
    path = plan_file_path(run->session->arena, &run->plan, (unsigned)plan_id_file(run),
                          &run->names);
    for (char **word = argv; *word != NULL; word++)
        if (str_equal(*word, path))
            *word = arena_strdup(run->session->arena, run->guess.path);
    return argv;
}

static bool
is_right(struct planned *run)
{
    const unsigned id = (unsigned)plan_id_file(run);

    return run->guess.path != NULL && plan_file_look(run, id, false) &&
           memcmp(&run->files[id].raw, &run->guess.digest, sizeof(struct digest)) == 0;
}

bool
plan_guess_is_wrong(struct planned *run)
{
    if (run->guess.path == NULL)
        return false;
    log_event("plan.guess", "result=%s", is_right(run) ? "right" : "wrong");
    return !is_right(run);
}

/* An id of nvcache's own has a checksum of the text in it, which every edit changes. */
static bool
is_worth_keeping(struct planned *run)
{
    const int file = plan_id_file(run);

    return is_made_for_cicc(run) && run->files[file].is_there &&
           !run->tasks[run->plan.files[file].producer].has_own_id && !is_right(run);
}

void
plan_guess_store(struct planned *run)
{
    struct session *session = run->session;
    AUTO_BUF id = BUF_INIT;
    AUTO_BUF record = BUF_INIT;
    struct record_key key;
    struct digest digest;
    enum nvc_status st;

    if (!is_worth_keeping(run) ||
        fs_read(plan_file_path(session->arena, &run->plan, (unsigned)plan_id_file(run),
                               &run->names),
                PLAN_ID_MAX, &id) != NVC_OK)
        return;
    unit_digest(session, &digest);
    key = key_record_at(RECORD_ID, &digest, clock_wall_ns());
    wire_put_u16(&record, GUESS_VERSION);
    wire_put_str(&record, buf_str(&id));
    st = store_put(session->store, &key, record.data, record.len);
    if (st != NVC_OK)
        session_error(session, st);
}
