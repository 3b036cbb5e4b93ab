/* Files of steps that are known without being there: of the host's C++ a record has only
 * what counts of it, which is enough as long as the host's object is found by that.  If
 * it is not, the step that makes the file runs after all, when everything else is done.
 *
 * Must never let the host compiler read anything else than was told. */

#include "planrun_priv.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/log.h"
#include "nvcache/base/mapped.h"
#include "nvcache/digest/filedigest.h"
#include "session_priv.h"

#include <string.h>

void
plan_unwritten_forget(struct planned *run, const struct task *task)
{
    for (size_t i = 0; i < task->step->n_outputs; i++) {
        struct planned_file *file = &run->files[task->step->outputs[i]];

        if (!file->is_unwritten)
            continue;
        file->is_unwritten = false;
        hosttext_fini(&run->host.cpp);
        run->host.cpp = (struct hosttext){0};
    }
}

struct task *
plan_unwritten_maker(struct planned *run, const struct plan_step *step)
{
    for (size_t i = 0; i < step->n_inputs; i++)
        if (run->files[step->inputs[i]].is_unwritten)
            return &run->tasks[run->plan.files[step->inputs[i]].producer];
    return NULL;
}

bool
plan_unwritten_expect(struct planned *run, struct task *maker)
{
    const int id = plan_id_file(run);

    for (size_t i = 0; i < maker->step->n_outputs; i++) {
        struct planned_file *file = &run->files[maker->step->outputs[i]];

        if (file->is_unwritten)
            file->is_unwritten = file->is_there = false;
    }
    maker->wants_files = true;
    return id < 0 || plan_file_look(run, (unsigned)id, false);
}

static bool
open_file(struct planned *run, int file, struct mapped *out)
{
    return file >= 0 && mapped_open(plan_file_path(run->session->arena, &run->plan,
                                                   (unsigned)file, &run->names),
                                    FILEDIGEST_MAX_SIZE, out) == NVC_OK;
}

/* What has read the id was there before. */
static bool
has_same_id(struct planned *run)
{
    const int file = plan_id_file(run);
    AUTO_MAPPED text = MAPPED_INIT;
    struct digest digest;

    if (file < 0)
        return true;
    if (!open_file(run, file, &text))
        return false;
    filedigest_of_bytes(text.text, text.len, &digest);
    return digest_equal(&digest, &run->files[file].raw);
}

static bool
has_same_text(struct planned *run, const struct plan_step *maker)
{
    AUTO_MAPPED text = MAPPED_INIT;
    AUTO_BUF then = BUF_INIT;
    AUTO_BUF now = BUF_INIT;
    struct hosttext of = {0};
    bool is_same;

    if (!open_file(run,
                   plan_find_role(&run->plan, maker->outputs, maker->n_outputs, PLAN_CPP),
                   &text))
        return false;
    hosttext_look(text.text, text.len, &of);
    is_same = hosttext_encode(&of, &now) && hosttext_encode(&run->host.cpp, &then) &&
              now.len == then.len && memcmp(now.data, then.data, now.len) == 0;
    hosttext_fini(&of);
    return is_same;
}

bool
plan_unwritten_is_right(struct planned *run, const struct task *maker)
{
    const bool is_right = has_same_id(run) && has_same_text(run, maker->step);

    log_event("plan.written", "tool=%s result=%s", plan_tool_word(maker->step->tool),
              is_right ? "as_told" : "other");
    return is_right;
}
