/* One invocation, as a straight line:
 *
 *   prepare: parse, classify, open the cache, identify the toolchain, compute the key
 *   look up: every input unchanged since a recorded run?     -> replay, done
 *   admit:   wait until there is memory for it (and look again: it may be there by now)
 *   compile: step by step, reusing those whose input is known, or the user's own command
 *   record:  unless an input moved meanwhile
 *
 * and at every point where something is not understood or does not work: hand the command
 * on untouched, counted with its reason.  Must never return, and never fail a build. */

#include "nvcache/cache/invocation.h"

#include "compile_priv.h"
#include "explain_priv.h"
#include "lookup_priv.h"
#include "native_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/guard.h"
#include "nvcache/base/log.h"
#include "nvcache/base/path.h"
#include "nvcache/base/process.h"
#include "nvcache/base/scratch.h"
#include "nvcache/cache/config.h"
#include "nvcache/digest/filedigest.h"
#include "nvcache/digest/memo.h"
#include "nvcache/nvcc/shellwords.h"
#include "nvcache/nvcc/variables.h"
#include "nvcache/store/store.h"
#include "outfile_priv.h"
#include "planrun_priv.h"
#include "recorder_priv.h"
#include "replay_priv.h"
#include "session_priv.h"
#include "tools_priv.h"
#include "vigil_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The working directory as the compiler sees it: $PWD when it is true, as gcc does. */
static const char *
working_directory(struct arena *arena)
{
    const char *pwd = getenv("PWD");
    char here[PLACE_MAX];
    struct stat a;
    struct stat b;

    if (pwd != NULL && path_is_absolute(pwd) && stat(pwd, &a) == 0 &&
        stat(".", &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return path_clean(arena, pwd);
    return getcwd(here, sizeof(here)) != NULL ? arena_strdup(arena, here) : NULL;
}

static _Noreturn void
exec_compiler(const struct session *session)
{
    guard_disarm();
    process_exec(session->program, session->argv);
    fprintf(stderr, "nvcache: cannot run %s: %s\n", session->program, strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

/* Under a lease the compiler cannot take our place: somebody must measure it, and give
 * the memory back. */
static void
run_passed(struct session *session)
{
    struct process_spec spec = {.path = session->program};
    struct process_result last;
    enum nvc_status st;

    spec.argv = memory_argv(session);
    st = process_run(&spec, &last);
    while (st == NVC_OK && memory_rescue(session, &last)) {
        process_result_fini(&last);
        spec.argv = memory_argv(session);
        st = process_run(&spec, &last);
    }
    memory_release(session, st == NVC_OK ? &last : NULL);
    if (st != NVC_OK)
        return;
    guard_arm_exit(process_exit_code(last.wait_status));
    session_end(session);
    process_end_like(last.wait_status);
}

static _Noreturn void
pass(struct session *session, enum nvc_status reason)
{
    session->event.outcome = reason;
    if (session->memory.lease == NULL && memory_matters(reason)) {
        if (session->store != NULL)
            store_release(session->store);
        memory_admit(session, false);
    }
    if (session->memory.lease != NULL)
        run_passed(session);
    session_end(session);
    exec_compiler(session);
}

/* ---- prepare ---- */

/* For a relative source nvcc writes getcwd() into the text of a shell, and what comes out
 * of that into names and line tables: with $x in it, whatever x is then. */
static bool
is_expanded_here(const struct nvcc_command *command)
{
    char here[PLACE_MAX];

    return !path_is_absolute(command->source) && getcwd(here, sizeof(here)) != NULL &&
           text_is_expanded(here);
}

static enum nvc_status
understand(struct session *session)
{
    struct nvcc_command *command = &session->command;
    enum nvc_status st =
        command_parse(session->arena, session->argc, session->argv, command);

    if (st == NVC_OK)
        st = command_classify(session->arena, command);
    session->culprit = command->culprit;
    if (st != NVC_OK)
        return st;
    session->culprit = variables_forbidden(session->arena);
    if (session->culprit != NULL)
        return NVC_BYPASS_ENVIRONMENT;
    if (!outfile_is_regular(command->output) ||
        (command->deps != DEPS_NONE && !outfile_is_regular(command->depfile)))
        return NVC_BYPASS_OUTPUT;
    if (is_expanded_here(command)) {
        session->culprit = "working directory";
        return NVC_BYPASS_SHELL;
    }
    session->cwd = working_directory(session->arena);
    return session->cwd != NULL ? NVC_OK : NVC_BYPASS_SOURCE;
}

static enum nvc_status
open_cache(struct session *session)
{
    const struct config *config = session->config;
    const struct store_config store_config = {
        .dir = config->dir,
        .max_bytes = config->max_size,
        .umask = config->umask,
        .read_wait_ms = (unsigned)config->lock_timeout / 10,
        .write_wait_ms = (unsigned)config->lock_timeout,
        .read_only = config->read_only,
    };
    enum nvc_status st;

    if (config->dir == NULL)
        return NVC_BYPASS_CACHE;
    st = store_open(&store_config, &session->store);
    if (st != NVC_OK) {
        session_error(session, st);
        return st == NVC_ERR_NETWORK_FS ? NVC_BYPASS_NETWORK_FS : NVC_BYPASS_CACHE;
    }
    memo_open(path_join(session->arena, config->dir, MEMO_FILE), config->umask,
              store_is_read_only(session->store), &session->memo);
    store_set_memo(session->store, session->memo);
    return NVC_OK;
}

static enum nvc_status
digest_source(struct session *session)
{
    const char *path = session->command.source;
    struct stat info;
    struct stamp stamp;

    session->culprit = path;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return NVC_BYPASS_SOURCE;
    stamp = stamp_of(&info);
    if (filedigest_get(session->memo, path, &stamp, session->begin_ns,
                       &session->source) != NVC_OK)
        return NVC_BYPASS_SOURCE;
    session->culprit = NULL;
    return NVC_OK;
}

static void
compute_key(struct session *session)
{
    roots_init(session->arena, session->config, session->cwd, session->layout.top,
               &session->command, &session->roots);
    key_compute(session);
}

static enum nvc_status
prepare(struct session *session)
{
    enum nvc_status st = understand(session);

    if (st == NVC_OK)
        st = open_cache(session);
    if (st == NVC_OK)
        st = digest_source(session);
    if (st == NVC_OK)
        st = tools_identify(session);
    if (st == NVC_OK)
        st = native_resolve(session);
    if (st != NVC_OK)
        return st;
    compute_key(session);
    return NVC_OK;
}

/* ---- hit ---- */

static _Noreturn void
finish_hit(struct session *session)
{
    guard_arm_exit(0);
    session->event.outcome = NVC_HIT_MANIFEST;
    store_promote(session->store);
    session_end(session);
    _exit(0);
}

/* Why there is nothing to replay; does not return when there was. */
static enum nvc_status
try_hit(struct session *session)
{
    struct manifest manifest;
    enum nvc_status st = lookup(session, &manifest);

    if (st == NVC_HIT_MANIFEST) {
        st = replay(session, &manifest);
        if (st == NVC_OK)
            finish_hit(session);
        if (st != NVC_MISS_LOST)
            session_error(session, st);
        return NVC_MISS_LOST;
    }
    if (st == NVC_MISS_NEW)
        st = explain_difference(session);
    return st;
}

/* ---- miss ---- */

static _Noreturn void
finish_failed(struct session *session, const struct process_result *run)
{
    memory_release(session, run);
    session->event.outcome =
        WIFSIGNALED(run->wait_status) ? NVC_COMPILE_KILLED : NVC_COMPILE_FAILED;
    session_end(session);
    process_end_like(run->wait_status);
}

/* From here on an input must not change.  The clock that stamps files is coarse: without
 * waiting for its next tick (at most 10 ms) since this command began, a header written
 * just before it could not be told from one that is written while the compiler reads it.
 */
static void
begin_watching(struct session *session)
{
    const struct timespec pause = {.tv_nsec = 500000};

    vigil_begin(session);
    for (int i = 0; i < 40 && clock_file_ns() <= session->begin_ns; i++)
        nanosleep(&pause, NULL);
    session->begin_ns = clock_file_ns();
}

/* While we waited for memory the source may have changed, and somebody else may have
 * compiled it. */
static enum nvc_status
look_again(struct session *session)
{
    enum nvc_status st;

    session->begin_ns = clock_file_ns();
    st = digest_source(session);
    if (st != NVC_OK)
        pass(session, st);
    compute_key(session);
    st = try_hit(session);
    store_release(session->store);
    return st;
}

/* By the plan of its steps where that is wanted and understood. */
static enum nvc_status
run_steps(struct session *session, struct compiled *out, struct planned **out_run)
{
    if (!session->config->plan || session->native != NULL || session->processor != NULL ||
        session->key.has_fault) /* steps that do not run say nothing of it */
        return NVC_UNPLANNED_FORM;
    begin_watching(session);
    session->event.unplanned = planrun(session, out, out_run);
    return session->event.unplanned;
}

/* A run that was ended because of memory begins anew. */
static bool
begins_anew(struct session *session, enum nvc_status st, struct compiled *compiled,
            struct planned *run)
{
    if (st != NVC_OK)
        return memory_begin_anew(session);
    if (!memory_rescue(session, &compiled->process))
        return false;
    planrun_close(run, NVC_COMPILE_KILLED);
    compiled_fini(compiled);
    return true;
}

static enum nvc_status
run_plan(struct session *session, struct compiled *out, struct planned **out_run)
{
    enum nvc_status st = run_steps(session, out, out_run);

    while (begins_anew(session, st, out, *out_run))
        st = run_steps(session, out, out_run);
    if (st == NVC_OK && out->process.wait_status != 0)
        planout_print(out);
    return st;
}

static void
note_divergence(struct session *session, const struct compiled *compiled)
{
    if (session->event.unplanned == NVC_UNPLANNED_STEP &&
        compiled->process.wait_status == 0)
        session_error(session, NVC_ERR_PLAN_DIVERGENCE);
}

static enum nvc_status
run_compiler(struct session *session, struct compiled *out)
{
    struct compiled killed;
    enum nvc_status st;

    begin_watching(session);
    st = compile_run(session, out);
    while (st == NVC_OK && memory_rescue(session, &out->process)) {
        killed = *out;
        session->memory.killed_run = &killed.process;
        begin_watching(session);
        st = compile_run(session, out);
        session->memory.killed_run = NULL;
        compiled_fini(&killed);
    }
    return st;
}

static _Noreturn void
compile_and_record(struct session *session, enum nvc_status why)
{
    struct compiled compiled;
    struct planned *run = NULL;
    const char *culprit = session->culprit;
    enum nvc_status st;

    store_release(session->store);
    if (memory_admit(session, true))
        why = look_again(session);
    session->event.outcome = why;
    st = run_plan(session, &compiled, &run);
    if (st != NVC_OK)
        st = run_compiler(session, &compiled);
    if (st != NVC_OK) {
        memory_release(session, NULL);
        session_error(session, st);
        pass(session, NVC_BYPASS_CACHE);
    }
    guard_arm_exit(process_exit_code(compiled.process.wait_status));
    session->event.compile_us = (uint64_t)(compiled.process.wall_ns / 1000);
    if (compiled.process.wait_status != 0) {
        planrun_close(run, NVC_COMPILE_FAILED);
        finish_failed(session, &compiled.process);
    }
    note_divergence(session, &compiled);
    session->event.nostore = recorder_store(session, &compiled);
    planrun_close(run, session->event.nostore);
    /* Not before: who waited for us to end looks for what we recorded. */
    memory_release(session, &compiled.process);
    if (session->culprit == NULL)
        session->culprit = culprit;
    compiled_fini(&compiled);
    if (scratch_sweep() > 0)
        session_error(session, NVC_CLEANED_SCRATCH);
    session_end(session);
    _exit(0);
}

/* ---- entry ---- */

static struct {
    const struct config *config;
} crash_context;

/* Runs in a signal handler: one append, no allocation. */
static void
count_crash(enum nvc_status why)
{
    const struct counters_event event = {.outcome = NVC_BYPASS_CACHE, .errors = {why}};
    enum nvc_status st = NVC_OK;

    if (crash_context.config != NULL && crash_context.config->dir != NULL)
        st = counters_add(crash_context.config->dir, crash_context.config->umask, &event);
    (void)st;
}

static void
session_init(struct session *session, struct arena *arena, const struct config *config,
             const char *program, char **argv)
{
    *session = (struct session){.arena = arena,
                                .config = config,
                                .program = program,
                                .argv = argv,
                                .begin_ns = clock_file_ns()};
    while (argv[session->argc] != NULL)
        session->argc++;
    crash_context.config = config;
    guard_arm_exec(program, argv, count_crash);
}

void
invocation_run(const struct config *config, const char *program, int argc, char **argv)
{
    struct arena arena = ARENA_INIT;
    struct session session;
    enum nvc_status st;

    (void)argc;
    session_init(&session, &arena, config, program, argv);
    st = prepare(&session);
    if (st != NVC_OK)
        pass(&session, st);
    st = try_hit(&session);
    compile_and_record(&session, st);
}

void
invocation_pass(const struct config *config, int reason, const char *program, char **argv)
{
    struct arena arena = ARENA_INIT;
    struct session session;

    session_init(&session, &arena, config, program, argv);
    pass(&session, (enum nvc_status)reason);
}
