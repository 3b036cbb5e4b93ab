/* The steps of a plan, each as soon as its inputs are there: taken from the store, or
 * run, as many at a time as there are lanes (planlanes.c). */

#include "planrun_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/log.h"
#include "nvcache/base/path.h"
#include "nvcache/store/store.h"
#include "session_priv.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STREAM_MAX = 4 << 20,
};

static const char *
task_word(const struct task *task)
{
    return task->is_host_text ? "hosttext" : plan_tool_word(task->step->tool);
}

/* The input that made the step run: there was no record with it and the step's words. */
static const char *
new_input(const struct task *task)
{
    if (task->is_reused || task->is_host_text)
        return "-";
    if (task->wants_position)
        return "lines"; /* the same but for these, and it had something to say */
    if (task->wants_files)
        return "-"; /* none, but a file of it is not kept */
    switch (task->step->tool) {
    case PLAN_CUDAFE:
    case PLAN_CICC:
        return "text";
    case PLAN_PTXAS:
        return "ptx";
    case PLAN_HOST:
        return task->has_tokens_key ? "host_text" : "positions";
    case PLAN_PREPROCESS:
    case PLAN_FATBINARY:
    case PLAN_TOOLS:
        break;
    }
    return "-"; /* it always runs */
}

static void
log_task(const struct task *task)
{
    log_event("plan.step", "tool=%s arch=%s result=%s new=%s wall_ms=%lld keys=%s%s",
              task_word(task), task->step->arch, task->is_reused ? "reused" : "run",
              new_input(task), (long long)(task->result.wall_ns / 1000000),
              task->has_tokens_key ? "tokens" : "", task->has_raw_key ? "+bytes" : "");
}

static void
finish(struct planned *run, struct task *task)
{
    task->state = TASK_DONE;
    for (size_t i = 0; !task->is_host_text && i < task->step->n_outputs; i++)
        run->files[task->step->outputs[i]].is_there = true;
    log_task(task);
}

/* It is to run once more. */
static void
reset(struct planned *run, struct task *task)
{
    task->state = TASK_WAITING;
    task->is_looked_up = task->is_reused = task->is_elsewhere = false;
    run->saved_us -= task->saved_us;
    task->saved_us = 0;
    process_result_fini(&task->result);
    task->result = (struct process_result){0};
}

/* It is as if it had never been begun. */
static void
forget(struct planned *run, struct task *task)
{
    reset(run, task);
    task->has_begun = task->has_tokens_key = task->has_raw_key = false;
    task->has_guess = task->is_stale = false;
    for (size_t i = 0; i < task->step->n_outputs; i++)
        run->files[task->step->outputs[i]] = (struct planned_file){0};
}

static void
forget_guessed(struct planned *run)
{
    for (size_t i = 0; i < run->n_tasks; i++) {
        struct task *task = &run->tasks[i];

        if (task->has_guess && task->state == TASK_RUNNING)
            task->is_stale = true;
        else if (task->has_guess)
            forget(run, task);
    }
}

static bool
says(const struct buf *text, const char *words)
{
    return text->len > 0 && memmem(text->data, text->len, words, strlen(words)) != NULL;
}

/* nvcc hands its steps to sh, which ends with 128 and the signal's number; gcc says of
 * its own children that they were ended, and ends with 1. */
int
plan_killed_status(const struct process_result *result)
{
    static const int from_outside[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    const int status = result->wait_status;

    for (size_t i = 0; i < sizeof(from_outside) / sizeof(from_outside[0]); i++)
        if (WIFSIGNALED(status) && WTERMSIG(status) == from_outside[i])
            return process_exit_code(status) << 8;
    if (status != 0 && (says(&result->err, "Killed signal terminated program") ||
                        says(&result->err, "Terminated signal terminated program")))
        return status;
    return 0;
}

static char **
step_argv(struct planned *run, const struct task *task)
{
    char **argv =
        plan_step_argv(run->session->arena, &run->plan, task->step, &run->names);

    argv = plan_id_argv(run, task, argv);
    return task->has_guess ? plan_guess_argv(run, argv) : argv;
}

static enum nvc_status
start(struct planned *run, struct task *task)
{
    struct arena *arena = run->session->arena;
    const unsigned id = (unsigned)(task - run->tasks);

    if (task->is_host_text && !planhost_begin(run, task->step))
        return NVC_UNPLANNED_FILES;
    task->spec = (struct process_spec){
        .argv =
            task->is_host_text ? planhost_argv(run, task->step) : step_argv(run, task),
        .envp = run->envp,
        .capture_limit = STREAM_MAX,
    };
    task->spec.path = fs_find_program(arena, task->spec.argv[0], run->path, NULL, NULL);
    /* What was found near eviction lives on; nothing may be open while a step runs. */
    store_promote(run->session->store);
    store_release(run->session->store);
    if (task->spec.path == NULL ||
        crew_start(run->crew, id, &task->spec, &task->result) != NVC_OK)
        return NVC_UNPLANNED_STEP;
    task->state = TASK_RUNNING;
    return NVC_OK;
}

static enum nvc_status
finish_run(struct planned *run, struct task *task)
{
    bool again = false;
    enum nvc_status st = NVC_OK;

    if (plan_id_is_made_by(run, task))
        st = plan_id_settle(run, task, &again);
    if (st == NVC_OK && !again && task->wants_files &&
        !plan_unwritten_is_right(run, task))
        st = NVC_UNPLANNED_STEP;
    if (st == NVC_OK && !again)
        finish(run, task);
    if (st == NVC_OK && !again && plan_id_is_made_by(run, task) &&
        plan_guess_is_wrong(run))
        forget_guessed(run);
    if (again) {
        task->state = TASK_WAITING;
        process_result_fini(&task->result);
    }
    return st;
}

/* The host text is only for looking the host's object up: without it that one runs. */
static enum nvc_status
wait_for_one(struct planned *run)
{
    struct task *task = &run->tasks[crew_wait(run->crew)];

    run->killed = plan_killed_status(&task->result);
    if (run->killed != 0)
        task->state = TASK_DONE;
    if (process_signal() != 0 || run->killed != 0)
        return NVC_UNPLANNED_STEP;
    if (task->is_stale) {
        forget(run, task);
        return NVC_OK;
    }
    if (task->is_host_text && (task->result.wait_status != 0 ||
                               task->result.err.len > 0 || task->result.out.len > 0))
        run->host.text = NULL;
    else if (task->result.truncated || task->result.wait_status != 0) {
        log_event("plan.failed", "tool=%s arch=%s wait_status=%d", task_word(task),
                  task->step->arch, task->result.wait_status);
        return NVC_UNPLANNED_STEP;
    }
    return finish_run(run, task);
}

/* ---- the order of things ---- */

static bool
has_inputs(const struct planned *run, const struct task *task)
{
    for (size_t i = 0; i < task->step->n_inputs; i++) {
        const unsigned file = task->step->inputs[i];

        if (task->is_host_text && run->plan.files[file].role == PLAN_FATBIN)
            continue;
        if (!run->files[file].is_there && !plan_guess_serves(run, task, file))
            return false;
    }
    return true;
}

/* The host compiler waits for the text by which its object is looked up. */
static bool
is_ready(const struct planned *run, const struct task *task)
{
    const struct task *last = &run->tasks[run->n_tasks - 1];

    if (task->state != TASK_WAITING || !has_inputs(run, task))
        return false;
    return task->is_host_text || task->step->tool != PLAN_HOST || !last->is_host_text ||
           last->state == TASK_DONE;
}

/* What begins before the id is there has it from a guess, or reads what has. */
static bool
is_guessed(const struct planned *run, const struct task *task)
{
    return plan_guess_is_open(run) && !plan_id_is_made_by(run, task) &&
           task->step->tool != PLAN_PREPROCESS;
}

/* Need it not run? */
static bool
is_known(struct planned *run, struct task *task)
{
    if (!task->is_host_text)
        return plan_step_reuse(run, task);
    task->is_reused = planhost_look(run, task->step);
    return task->is_reused;
}

/* Does it have to wait for a file of which no more than its text's tokens is known? */
static bool
waits_for_file(struct planned *run, struct task *task)
{
    struct task *maker =
        task->is_host_text ? NULL : plan_unwritten_maker(run, task->step);

    if (maker == NULL || !plan_unwritten_expect(run, maker))
        return false;
    reset(run, maker);
    return true;
}

/* Start or reuse what is ready.  *out_moved: something was reused, or is to run. */
static enum nvc_status
advance(struct planned *run, bool only_text, bool *out_moved)
{
    enum nvc_status st = NVC_OK;

    *out_moved = false;
    for (size_t i = 0; i < run->n_tasks && st == NVC_OK; i++) {
        struct task *task = &run->tasks[i];

        if ((only_text && (task->is_host_text || task->step->tool != PLAN_PREPROCESS)) ||
            !is_ready(run, task))
            continue;
        if (!task->is_looked_up) {
            task->is_looked_up = true;
            task->has_guess = is_guessed(run, task);
            plan_step_keys(run, task);
            if (is_known(run, task)) {
                finish(run, task);
                *out_moved = true;
                continue;
            }
            if (waits_for_file(run, task)) {
                *out_moved = true;
                continue;
            }
        }
        if (plan_lanes_take(run))
            st = start(run, task);
    }
    return st;
}

enum nvc_status
plan_tasks_run(struct planned *run, bool only_text)
{
    for (;;) {
        bool moved;
        enum nvc_status st = advance(run, only_text, &moved);

        if (st == NVC_OK && moved)
            continue;
        if (st == NVC_OK && crew_size(run->crew) == 0)
            return NVC_OK;
        if (st == NVC_OK)
            st = wait_for_one(run);
        if (st != NVC_OK)
            return st;
    }
}

bool
plan_tasks_repeat(struct planned *run)
{
    struct task *host = &run->tasks[run->plan.n_steps - 1];
    bool again = false;

    if (host->step->tool != PLAN_HOST || host->is_reused ||
        host->result.out.len + host->result.err.len == 0)
        return false;
    for (size_t i = 0; i < host->step->n_inputs; i++) {
        const unsigned file = host->step->inputs[i];
        struct task *maker = &run->tasks[run->plan.files[file].producer];

        if (!maker->is_elsewhere)
            continue;
        reset(run, maker);
        maker->wants_position = true;
        run->files[file].is_there = false;
        again = true;
    }
    if (again) {
        reset(run, host);
        host->wants_position = true;
    }
    return again;
}
