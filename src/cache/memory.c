/* Memory for one command: a lease before it runs, and a second try when the kernel killed
 * it.
 *
 * Must never print in a build that went well, but when somebody has to wait or was saved;
 * and never take a kill for the kernel's that was the user's. */

#include "memory_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/log.h"
#include "nvcache/base/path.h"
#include "nvcache/base/process.h"
#include "nvcache/base/units.h"
#include "nvcache/cache/config.h"
#include "nvcache/nvcc/chains.h"
#include "nvcache/sched/budget.h"
#include "nvcache/sched/history.h"
#include "session_priv.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Set for everything below a lease. */
#define NESTED_VARIABLE "NVCACHE_LEASE"

bool
memory_matters(enum nvc_status reason)
{
    static const enum nvc_status light[] = {
        NVC_BYPASS_DISABLED,     NVC_BYPASS_NOT_NVCC, NVC_BYPASS_QUERY,
        NVC_BYPASS_PREPROCESS,   NVC_BYPASS_DRYRUN,   NVC_BYPASS_USAGE,
        NVC_BYPASS_DEPENDENCIES, NVC_BYPASS_SETUID,   NVC_BYPASS_NO_SOURCE,
        NVC_BYPASS_SOURCE,
    };

    for (size_t i = 0; i < sizeof(light) / sizeof(light[0]); i++)
        if (reason == light[i])
            return false;
    return true;
}

/* ---- words for the user ---- */

static void
print_line(struct buf *line)
{
    buf_append_char(line, '\n');
    (void)!write(STDERR_FILENO, line->data, line->len);
}

static void
put_what_it_does(struct buf *line, const struct lease_news *news)
{
    buf_printf(line, "nvcache: %s ", news->label);
    if (news->is_paused)
        buf_append_str(line, "is stopped for want of memory");
    else
        buf_printf(line, "%s for memory", news->is_first ? "waits" : "still waits");
    if (!news->is_first) {
        buf_append_str(line, news->is_paused ? " since " : " after ");
        units_put_duration(line, (uint64_t)(news->waited_ns / 1000));
    }
}

static void
tell_waiting(void *arg, const struct lease_news *news)
{
    const struct session *const session = arg;
    AUTO_BUF line = BUF_INIT;

    if (session->config->quiet)
        return;
    put_what_it_does(&line, news);
    buf_append_str(&line, ": it needs about ");
    units_put_size(&line, news->need_bytes);
    buf_append_str(&line, ", ");
    units_put_size(&line, news->free_bytes);
    buf_append_str(&line, " of ");
    units_put_size(&line, news->total_bytes);
    buf_printf(&line, " can be given now (%zu running)", news->running);
    print_line(&line);
}

static void
tell_rescue(const struct session *session)
{
    AUTO_BUF line = BUF_INIT;

    if (session->config->quiet)
        return;
    buf_printf(&line,
               "nvcache: %s was killed for want of memory; it is compiled again, "
               "alone, when the others are done",
               session->memory.spec.label);
    print_line(&line);
}

static void
tell_lost(const struct session *session, uint64_t peak)
{
    AUTO_BUF line = BUF_INIT;

    if (session->config->quiet)
        return;
    buf_printf(&line, "nvcache: %s was killed for want of memory again: it had ",
               session->memory.spec.label);
    units_put_size(&line, peak);
    buf_append_str(&line, " and needs more; there are ");
    units_put_size(&line, session->memory.facts.total_bytes);
    buf_append_str(&line, " in all. Compile for fewer architectures, add swap or raise "
                          "the memory limit");
    print_line(&line);
}

/* ---- the lease ---- */

static struct checksum
hash_text(struct buf *text, uint64_t kind)
{
    return checksum128(text->data, text->len, kind);
}

static void
put_field(struct buf *out, const char *text)
{
    buf_append(out, text, strlen(text) + 1);
}

/* A command that was not understood to the end is known by its words. */
static void
name_by_words(const struct session *session, const char *here, struct lease_spec *spec)
{
    AUTO_BUF text = BUF_INIT;

    put_field(&text, here);
    spec->project = hash_text(&text, 2);
    for (int i = 0; i < session->argc; i++)
        put_field(&text, session->argv[i]);
    spec->unit = spec->unit_any = hash_text(&text, 0);
    spec->label = session->command.source != NULL ? session->command.source
                                                  : path_base(session->argv[0]);
}

/* By what decides its need: the source, the kind of compile, the architectures. */
static void
name_by_source(const struct session *session, struct lease_spec *spec)
{
    const struct nvcc_command *const command = &session->command;
    AUTO_BUF text = BUF_INIT;
    AUTO_BUF project = BUF_INIT;

    put_field(&project,
              roots_identity_text(&session->roots, session->arena, session->cwd));
    spec->project = hash_text(&project, 2);
    put_field(&text,
              roots_identity_text(&session->roots, session->arena, command->source));
    buf_printf(&text, "%d %d %d", (int)command->phase, command->debug_info,
               command->separable);
    spec->unit_any = hash_text(&text, 1);
    command_put_architectures(command, &text);
    spec->unit = hash_text(&text, 0);
    spec->label = command->source;
    spec->lanes = command_lanes(command);
    spec->may_lower = spec->lanes > 1 &&
                      command_may_lower_threads(command, session->argc, session->argv);
}

static void
fill_spec(struct session *session, bool may_begin_anew)
{
    const struct config *const config = session->config;
    struct lease_spec *const spec = &session->memory.spec;
    char here[4096];

    *spec = (struct lease_spec){
        .root = "",
        .setting = config->memory,
        .shared_dir = config->umask >= 0 && session->store != NULL ? config->dir : NULL,
        .umask = config->umask,
        .is_read_only = config->read_only,
        .lanes = 1,
        .may_begin_anew = may_begin_anew,
        .guess = memory_guess,
        .tell = tell_waiting,
        .arg = session,
    };
    if (session->store != NULL)
        spec->history_path = path_join(session->arena, config->dir, HISTORY_FILE);
    if (session->roots.arena != NULL)
        name_by_source(session, spec);
    else
        name_by_words(session, getcwd(here, sizeof(here)) != NULL ? here : "", spec);
    spec->label = path_base(spec->label);
}

bool
memory_admit(struct session *session, bool may_begin_anew)
{
    struct memory *const memory = &session->memory;
    enum nvc_status st;

    if (session->config->memory == BUDGET_OFF || getenv(NESTED_VARIABLE) != NULL)
        return false;
    fill_spec(session, may_begin_anew);
    st = lease_take(&memory->spec, &memory->lease, &memory->facts);
    if (st != NVC_OK)
        session_error(session, st);
    else
        setenv(NESTED_VARIABLE, "1", 1);
    return memory->facts.has_waited;
}

char **
memory_argv(const struct session *session)
{
    const struct memory *const memory = &session->memory;

    if (memory->lease == NULL || !memory->spec.may_lower ||
        memory->facts.lanes >= memory->spec.lanes)
        return session->argv;
    return command_with_threads(session->arena, session->argc, session->argv,
                                memory->facts.lanes);
}

/* ---- rescue ---- */

static bool
says(const struct buf *text, const char *words)
{
    return text->len > 0 && memmem(text->data, text->len, words, strlen(words)) != NULL;
}

/* Does it look like a death by SIGKILL of nvcc or of somebody below it?  nvcc hands its
 * children to sh, which says "Killed": nvcc ends with 137, or with 255 when it ran
 * several at once; gcc says "Killed signal terminated program cc1plus" and ends with 1.
 */
static bool
looks_killed(const struct process_result *run)
{
    const int code = process_exit_code(run->wait_status);

    return code == 128 + SIGKILL || code == 255 || says(&run->err, "Killed") ||
           says(&run->err, "signal 9");
}

static bool
was_killed_for_memory(const struct session *session, const struct process_result *run)
{
    return run->wait_status != 0 && process_signal() == 0 && looks_killed(run) &&
           lease_saw_oom(session->memory.lease);
}

/* We have ended it ourselves; nothing is said, as nothing went wrong. */
bool
memory_begin_anew(struct session *session)
{
    struct memory *const memory = &session->memory;

    if (!lease_was_set_back(memory->lease) || process_signal() != 0)
        return false;
    session_error(session, NVC_MEMORY_SET_BACK);
    lease_retake(memory->lease, &memory->facts);
    return true;
}

bool
memory_rescue(struct session *session, const struct process_result *first)
{
    struct memory *const memory = &session->memory;

    if (first->wait_status != 0 && memory_begin_anew(session))
        return true;
    if (memory->is_retry || !was_killed_for_memory(session, first))
        return false;
    tell_rescue(session);
    memory->is_retry = true;
    lease_retake_alone(memory->lease, &memory->facts);
    return true;
}

static void
count(struct session *session, const struct process_result *last)
{
    const struct memory *const memory = &session->memory;

    if (memory->facts.has_waited) {
        session->event.wait_us = (uint64_t)(memory->facts.waited_ns / 1000);
        session_error(session, NVC_MEMORY_WAITED);
    }
    if (lease_paused_ns(memory->lease) > 0)
        session_error(session, NVC_MEMORY_PAUSED);
    if (memory->facts.lanes < memory->spec.lanes && !memory->is_retry)
        session_error(session, NVC_MEMORY_LOWERED);
    if (memory->is_retry && last != NULL && last->wait_status == 0)
        session_error(session, NVC_MEMORY_RESCUED);
}

void
memory_release(struct session *session, const struct process_result *last)
{
    struct memory *const memory = &session->memory;
    bool is_lost;
    uint64_t peak;

    if (memory->lease == NULL)
        return;
    is_lost = memory->is_retry && last != NULL && was_killed_for_memory(session, last);
    count(session, last);
    peak = lease_release(memory->lease, last != NULL && last->wait_status == 0,
                         last != NULL ? (uint64_t)(last->wall_ns / 1000) : 0);
    memory->lease = NULL;
    if (is_lost) {
        session_error(session, NVC_MEMORY_LOST);
        tell_lost(session, peak);
    }
}
