/* A run of a plan from its beginning to its end: preprocess; is all of the text known?;
 * then the other steps; then outputs, messages, counters, records. */

#include "planrun_priv.h"

#include "compile_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/environment.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/log.h"
#include "nvcache/base/mapped.h"
#include "nvcache/base/path.h"
#include "nvcache/cache/config.h"
#include "nvcache/digest/filedigest.h"
#include "nvcache/entry/result.h"
#include "nvcache/nvcc/scan.h"
#include "nvcache/store/store.h"
#include "session_priv.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static enum nvc_status
read_text(struct planned *run, unsigned file, struct text_passages *known,
          struct mapped *out)
{
    const char *path = plan_file_path(run->session->arena, &run->plan, file, &run->names);

    if (mapped_open(path, FILEDIGEST_MAX_SIZE, out) != NVC_OK ||
        !text_inputs_add(&run->inputs, out->text, out->len))
        return NVC_UNPLANNED_INPUTS;
    plan_file_learn(run, file, out, known);
    return NVC_OK;
}

/* Each text is read once: for what was read for it, and for its identity. */
static enum nvc_status
read_texts(struct planned *run)
{
    struct arena *arena = run->session->arena;
    uint16_t *passes;
    const size_t n = plan_passes(arena, &run->plan, &passes);
    struct mapped *texts = arena_array(arena, n, sizeof(*texts));
    struct text_passages *known = text_passages_new(arena);
    enum nvc_status st = NVC_OK;

    text_inputs_init(&run->inputs, arena);
    for (size_t i = 0; i < n && st == NVC_OK; i++)
        st = read_text(run, run->plan.steps[passes[i]].outputs[0], known, &texts[i]);
    for (size_t i = 0; i < n; i++)
        mapped_fini(&texts[i]);
    return st;
}

static bool
is_complete(const struct planned *run)
{
    for (size_t i = 0; i < run->n_tasks; i++)
        if (run->tasks[i].state != TASK_DONE)
            return false;
    return true;
}

static enum nvc_status
read_output(struct planned *run, struct buf *out)
{
    const char *path = path_join(run->session->arena, run->names.dir, "output");

    return fs_read(path, RESULT_MAX_PLAIN, out) == NVC_OK ? NVC_OK : NVC_UNPLANNED_FILES;
}

static enum nvc_status
make_output(struct planned *run, struct buf *out)
{
    enum nvc_status st = plan_tasks_run(run, true);

    if (st == NVC_OK)
        st = read_texts(run);
    if (st != NVC_OK)
        return st;
    plan_text_key(run);
    if (plan_text_replay(run, out)) {
        run->session->event.outcome = NVC_HIT_TEXT;
        return NVC_OK;
    }
    plan_guess_begin(run);
    buf_give_back();
    do
        st = plan_tasks_run(run, false);
    while (st == NVC_OK && plan_tasks_repeat(run));
    if (st == NVC_OK && !is_complete(run))
        st = NVC_UNPLANNED_STEP;
    return st == NVC_OK ? read_output(run, out) : st;
}

/* ---- before and after ---- */

static void
make_environment(struct planned *run)
{
    struct arena *arena = run->session->arena;
    struct strlist variables;
    struct strlist last;

    plan_environment(arena, &run->plan, &variables);
    run->path = plan_variable(&variables, "PATH");
    strlist_init(&last, arena);
    for (size_t i = 0; i < variables.n; i++) {
        const char *name =
            arena_strndup(arena, variables.v[i], strcspn(variables.v[i], "="));

        strlist_add(&last,
                    arena_printf(arena, "%s=%s", name, plan_variable(&variables, name)));
    }
    strlist_add(&last, arena_printf(arena, "TMPDIR=%s", run->names.dir));
    run->envp = environment_with(arena, (const char *const *)last.v, (unsigned)last.n);
}

static void
make_tasks(struct planned *run)
{
    const struct plan_step *last = &run->plan.steps[run->plan.n_steps - 1];

    run->n_tasks = run->plan.n_steps;
    run->tasks = arena_array(run->session->arena, run->n_tasks + 1, sizeof(*run->tasks));
    for (size_t i = 0; i < run->plan.n_steps; i++)
        run->tasks[i].step = &run->plan.steps[i];
    if (last->tool == PLAN_HOST && !run->has_positions)
        run->tasks[run->n_tasks++] = (struct task){.step = last, .is_host_text = true};
}

/* Link-time code has positions for its messages, and clang writes them into the names of
 * lambdas and unnamed types (__PRETTY_FUNCTION__). */
static bool
has_positions(const struct planned *run)
{
    const struct plan_step *last = &run->plan.steps[run->plan.n_steps - 1];
    const struct strlist *words = &last->argv;

    if (last->tool != PLAN_HOST)
        return run->session->command.debug_info;
    for (size_t i = 0; i < words->n; i++)
        if (str_starts(words->v[i], "-flto"))
            return true;
    return run->session->command.debug_info || !toolchain_has_gcc(&run->session->layout);
}

static enum nvc_status
prepare(struct planned *run)
{
    struct session *session = run->session;
    enum nvc_status st = plan_template_get(run);

    if (st != NVC_OK)
        return st;
    run->begin_ns = clock_mono_ns();
    run->names.source = session->command.source;
    run->names.output = session->command.output;
    run->has_positions = has_positions(run);
    run->names.source_path = plan_id_source(run);
    if (run->names.source_path == NULL)
        return NVC_UNPLANNED_FILES;
    run->may_reuse = !session->config->recache;
    run->files = arena_array(session->arena, run->plan.n_files, sizeof(*run->files));
    make_environment(run);
    make_tasks(run);
    return NVC_OK;
}

/* What the counters know one by one; -1: not counted. */
static int
counted_step(const struct task *task)
{
    if (task->is_host_text || task->state != TASK_DONE)
        return -1;
    switch (task->step->tool) {
    case PLAN_CICC:
        return STEP_CICC;
    case PLAN_PTXAS:
        return STEP_PTXAS;
    case PLAN_CUDAFE:
        return STEP_CUDAFE;
    case PLAN_HOST:
        return STEP_HOST;
    case PLAN_PREPROCESS:
    case PLAN_FATBINARY:
    case PLAN_TOOLS:
        break;
    }
    return -1;
}

/* A hit by text saves them all. */
static void
count_steps(struct planned *run)
{
    struct counters_event *event = &run->session->event;

    for (size_t i = 0; i < run->n_tasks; i++) {
        struct task *task = &run->tasks[i];
        uint8_t *count;
        int step;

        if (event->outcome == NVC_HIT_TEXT && task->state == TASK_WAITING) {
            task->state = TASK_DONE;
            task->is_reused = true;
        }
        step = counted_step(task);
        if (step < 0)
            continue;
        count = task->is_reused ? &event->steps_reused[step] : &event->steps_run[step];
        if (*count < UINT8_MAX)
            ++*count;
        if (task->is_reused && event->outcome != NVC_HIT_TEXT)
            event->outcome = NVC_HIT_PARTIAL;
    }
}

/* All steps behind the preprocessor printed nothing. */
static bool
is_silent(const struct planned *run)
{
    for (size_t i = 0; i < run->n_tasks; i++) {
        const struct task *task = &run->tasks[i];

        if (!task->is_host_text && task->step->tool != PLAN_PREPROCESS &&
            task->result.out.len + task->result.err.len > 0)
            return false;
    }
    return true;
}

bool
plan_may_store(const struct session *session)
{
    return !session->config->read_only && !store_is_read_only(session->store) &&
           !toolchain_is_since(&session->layout, session->begin_ns);
}

static void
store_steps(struct planned *run)
{
    plan_template_store(run);
    plan_guess_store(run);
    planaround_store(run);
    for (size_t i = 0; i < run->n_tasks; i++)
        if (run->tasks[i].state == TASK_DONE)
            plan_step_store(run, &run->tasks[i]);
    if (run->has_text_key && is_silent(run))
        plan_text_store(run);
}

void
planrun_close(struct planned *run, enum nvc_status recorded)
{
    if (run == NULL)
        return;
    store_promote(run->session->store);
    if (recorded == NVC_OK && plan_may_store(run->session)) {
        store_steps(run);
        store_promote(run->session->store); /* pieces that were there already */
    }
    scratch_close(&run->scratch);
    for (size_t i = 0; i < run->n_tasks; i++)
        process_result_fini(&run->tasks[i].result);
    hosttext_fini(&run->host.cpp);
    hosttext_fini(&run->host.stub);
    buf_fini(&run->host.directives);
    within_fini(&run->within);
    buf_fini(&run->output);
}

/* What no source shows, because strings and macros put it together, the host's C++ does:
 * looked for where that is read, or here. */
static enum nvc_status
look_for_files(struct planned *run, struct compiled *out)
{
    const struct plan_step *host = &run->plan.steps[run->plan.n_steps - 1];
    const int file = plan_find_role(&run->plan, host->inputs, host->n_inputs, PLAN_CPP);
    AUTO_BUF text = BUF_INIT;

    if (file < 0 || !run->files[file].is_there)
        return NVC_OK;
    if (run->host.cpp.is_known) {
        out->takes_files = run->host.cpp.takes_files;
        return NVC_OK;
    }
    if (fs_read(
            plan_file_path(run->session->arena, &run->plan, (unsigned)file, &run->names),
            FILEDIGEST_MAX_SIZE, &text) != NVC_OK)
        return NVC_UNPLANNED_FILES;
    out->takes_files = scan_takes_files(buf_str(&text), text.len);
    return NVC_OK;
}

static void
count_run(struct planned *run, struct compiled *out)
{
    struct counters_event *event = &run->session->event;
    const int64_t wall_ns = clock_mono_ns() - run->begin_ns;
    const int64_t saved_us = (int64_t)run->saved_us - wall_ns / 1000;

    count_steps(run);
    out->process.wall_ns = wall_ns;
    if (event->outcome == NVC_HIT_PARTIAL)
        event->saved_us = run->saved_us;
    else if (event->outcome == NVC_HIT_TEXT && saved_us > 0)
        event->saved_us = (uint64_t)saved_us;
}

static enum nvc_status
run_crew(struct planned *run)
{
    enum nvc_status st;

    run->crew = crew_begin(run->session->arena);
    plan_lanes_begin(run);
    st = make_output(run, &run->output);
    crew_end(run->crew);
    return st;
}

static enum nvc_status
run_plan(struct planned *run, struct compiled *out)
{
    enum nvc_status st = prepare(run);

    if (st == NVC_OK)
        st = run_crew(run);
    if (process_signal() != 0) {
        out->process.wait_status = process_signal();
        return NVC_OK;
    }
    if (run->killed != 0) {
        planout_collect_killed(run, out);
        return NVC_OK;
    }
    if (st == NVC_OK)
        st = look_for_files(run, out);
    if (st == NVC_OK)
        st = planout_write(run, &run->output, out);
    if (st == NVC_OK)
        count_run(run, out);
    return st;
}

/* For the log: how the run came to its end. */
static const char *
end_word(const struct planned *run, enum nvc_status st)
{
    if (process_signal() != 0)
        return "signal";
    return run->killed != 0 ? "killed" : status_word(st);
}

enum nvc_status
planrun(struct session *session, struct compiled *out, struct planned **out_run)
{
    struct planned *run = arena_alloc(session->arena, sizeof(*run));
    enum nvc_status st;

    *out = (struct compiled){0};
    run->scratch = (struct scratch)SCRATCH_INIT;
    if (scratch_open(&run->scratch, session->arena) != NVC_OK)
        return NVC_UNPLANNED_FILES;
    run->session = session;
    run->names.dir = run->scratch.path;
    st = run_plan(run, out);
    log_event("plan.end", "result=%s outcome=%s side_by_side=%zu", end_word(run, st),
              status_word(session->event.outcome), run->lanes.highest);
    if (st == NVC_OK) {
        *out_run = run;
        return NVC_OK;
    }
    planrun_close(run, st);
    compiled_fini(out);
    return st;
}
