/* The end of a planned run: files and messages, as nvcc would have left them. */

#include "planrun_priv.h"

#include "compile_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/nvcc/depfile.h"
#include "outfile_priv.h"
#include "session_priv.h"

#include <string.h>
#include <unistd.h>

static bool
is_listed(const struct planned *run, size_t file)
{
    return run->session->command.deps == DEPS_ALL || !run->inputs.is_system[file];
}

/* nvcc's dialect (depfile.c in the nvcc room). */
static void
make_depfile(struct planned *run, struct buf *out)
{
    const struct nvcc_command *command = &run->session->command;
    const struct strlist *files = &run->inputs.files;

    buf_printf(out, "%s : ", command->rule_target);
    depfile_escape(DEPFILE_NVCC, command->source, out);
    for (size_t i = 0; i < files->n; i++) {
        if (!is_listed(run, i))
            continue;
        buf_append_str(out, " \\\n    ");
        depfile_escape(DEPFILE_NVCC, files->v[i], out);
    }
    buf_append_char(out, '\n');
    for (size_t i = 0; i < files->n && command->deps_phony; i++) {
        if (!is_listed(run, i))
            continue;
        buf_append_char(out, '\n');
        depfile_escape(DEPFILE_NVCC, files->v[i], out);
        buf_append_str(out, ":\n");
    }
}

static void
list_dependencies(struct planned *run, struct compiled *out)
{
    strlist_init(&out->dependencies, run->session->arena);
    strlist_add_copy(&out->dependencies, run->session->command.source);
    for (size_t i = 0; i < run->inputs.files.n; i++)
        strlist_add(&out->dependencies, run->inputs.files.v[i]);
    out->has_dependencies = true;
}

static void
add_messages(const struct task *task, struct compiled *out)
{
    if (task->is_host_text || task->state != TASK_DONE)
        return;
    buf_append(&out->process.out, task->result.out.data, task->result.out.len);
    buf_append(&out->process.err, task->result.err.data, task->result.err.len);
}

static void
add_messages_of(const struct planned *run, const struct plan_step *step,
                struct compiled *out)
{
    for (size_t i = 0; i < run->n_tasks; i++)
        if (run->tasks[i].step == step)
            add_messages(&run->tasks[i], out);
}

/* In nvcc's order: asked for dependencies, it preprocesses for all passes first. */
static void
collect_messages(struct planned *run, struct compiled *out)
{
    const bool are_first = run->session->command.deps != DEPS_NONE;
    uint16_t *passes;
    const size_t n = plan_passes(run->session->arena, &run->plan, &passes);

    if (run->plan.notice != NULL)
        buf_append_str(&out->process.err, run->plan.notice);
    for (size_t i = 0; i < n && are_first; i++)
        add_messages_of(run, &run->plan.steps[passes[i]], out);
    for (size_t i = 0; i < run->n_tasks; i++)
        if (!are_first || run->tasks[i].step->tool != PLAN_PREPROCESS)
            add_messages(&run->tasks[i], out);
}

/* As sh says it of a step that it has started for nvcc. */
void
planout_collect_killed(struct planned *run, struct compiled *out)
{
    const int code = process_exit_code(run->killed);

    out->process.wait_status = run->killed;
    collect_messages(run, out);
    if (code > 128)
        buf_printf(&out->process.err, "%s\n", strsignal(code - 128));
}

void
planout_print(const struct compiled *compiled)
{
    const struct process_result *process = &compiled->process;

    /* Whether anybody is listening is not our business. */
    (void)!fs_write_full(STDOUT_FILENO, process->out.data, process->out.len);
    (void)!fs_write_full(STDERR_FILENO, process->err.data, process->err.len);
}

static enum nvc_status
write_file(struct planned *run, const char *path, enum outfile_manner manner,
           const struct buf *text)
{
    return outfile_write(run->session->arena, path, manner, text->data, text->len) ==
                   NVC_OK
               ? NVC_OK
               : NVC_UNPLANNED_FILES;
}

enum nvc_status
planout_write(struct planned *run, const struct buf *output, struct compiled *out)
{
    const struct nvcc_command *command = &run->session->command;
    enum nvc_status st = NVC_OK;

    list_dependencies(run, out);
    if (command->deps != DEPS_NONE) {
        make_depfile(run, &out->depfile);
        st = write_file(run, command->depfile, OUTFILE_WRITTEN, &out->depfile);
    }
    if (st == NVC_OK)
        st = write_file(run, command->output, outfile_manner(run->session), output);
    if (st != NVC_OK)
        return st;
    collect_messages(run, out);
    planout_print(out);
    return NVC_OK;
}
