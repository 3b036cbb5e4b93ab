/* The whole of a plan: is every file that is made also read, and does one step at the end
 * make what was asked for? */

#include "plan_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"

#include <string.h>

static enum nvc_status
refuse(struct plan_draft *draft, const char *culprit)
{
    draft->culprit = culprit;
    return NVC_UNPLANNED_FILE;
}

static size_t
count_tool(const struct plan *plan, enum plan_tool tool)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_steps; i++)
        n += plan->steps[i].tool == tool;
    return n;
}

static bool
is_produced(const struct plan *plan, int file)
{
    return file >= 0 && plan->files[file].producer >= 0;
}

/* The host's C++ includes the stub, and the stub the image. */
static enum nvc_status
add_included(struct plan_draft *draft)
{
    struct plan *plan = draft->plan;
    struct plan_step *host = &plan->steps[plan->n_steps - 1];

    if (count_tool(plan, PLAN_HOST) != 1 || count_tool(plan, PLAN_CUDAFE) != 1 ||
        host->tool != PLAN_HOST)
        return refuse(draft, "host compiler");
    if (!is_produced(plan, draft->named_stub) || !is_produced(plan, draft->named_fatbin))
        return refuse(draft, "file that the host compiler includes");
    host->inputs[host->n_inputs++] = (uint16_t)draft->named_stub;
    host->inputs[host->n_inputs++] = (uint16_t)draft->named_fatbin;
    return NVC_OK;
}

/* ptxas asked for no machine's code, only whether the PTX is right for an architecture:
 * "-arch=compute_90", and no output. */
static bool
is_check(const struct plan_step *step)
{
    return step->tool == PLAN_PTXAS && step->n_outputs == 0 && step->n_inputs == 1 &&
           str_starts(step->arch, "compute_") && !strlist_has(&step->argv, "-o");
}

/* By a step that makes something of it. */
static bool
is_read(const struct plan *plan, size_t file)
{
    for (size_t i = 0; i < plan->n_steps; i++)
        for (size_t k = 0; plan->steps[i].n_outputs > 0 && k < plan->steps[i].n_inputs;
             k++)
            if (plan->steps[i].inputs[k] == file)
                return true;
    return false;
}

/* Only the last architecture's stub is included; and an image may be named that is not
 * made. */
static enum nvc_status
check_files(struct plan_draft *draft)
{
    struct plan *plan = draft->plan;
    size_t ids = 0;

    for (size_t i = 0; i < plan->n_files; i++) {
        struct plan_file *file = &plan->files[i];
        const bool read = is_read(plan, i);

        ids += file->role == PLAN_ID;
        if (!read && file->role != PLAN_BYPRODUCT && file->role != PLAN_OUTPUT &&
            file->role != PLAN_STUB && file->role != PLAN_ID &&
            (file->role != PLAN_FATBIN || file->producer >= 0))
            return refuse(draft, file->name);
        if (file->role == PLAN_OUTPUT && file->producer != (int)plan->n_steps - 1)
            return refuse(draft, "output");
    }
    return ids == 1 ? NVC_OK : refuse(draft, "module id");
}

/* Is there a check before this one of the same PTX? */
static bool
is_checked_twice(const struct plan *plan, size_t check)
{
    for (size_t i = 0; i < check; i++)
        if (is_check(&plan->steps[i]) &&
            plan->steps[i].inputs[0] == plan->steps[check].inputs[0])
            return true;
    return false;
}

/* Each step makes something, or checks what no other does, and each preprocessor pass
 * reads the source, once. */
static enum nvc_status
check_steps(struct plan_draft *draft)
{
    const char place[] = {PLACEHOLDER, PLACE_SOURCE, '\0'};

    for (size_t i = 0; i < draft->plan->n_steps; i++) {
        const struct plan_step *step = &draft->plan->steps[i];
        size_t n = 0;

        for (size_t k = 0; k < step->argv.n; k++)
            n += str_equal(step->argv.v[k], place);
        if (step->tool == PLAN_PREPROCESS && n != 1)
            return refuse(draft, "source");
        if (step->n_outputs == 0 && (!is_check(step) || is_checked_twice(draft->plan, i)))
            return refuse(draft, step->argv.v[0]);
    }
    return NVC_OK;
}

/* False: another file is called so. */
static bool
rename_file(struct plan *plan, int file, const char *name)
{
    if (file < 0)
        return true;
    for (size_t i = 0; i < plan->n_files; i++)
        if ((int)i != file && str_equal(plan->files[i].name, name))
            return false;
    plan->files[file].name = name;
    return true;
}

/* The host chain's files have the last architecture in their names, which would make them
 * differ when one is added. */
static bool
rename_host_files(struct plan_draft *draft)
{
    struct plan *plan = draft->plan;
    const struct plan_step *host = &plan->steps[plan->n_steps - 1];

    return rename_file(plan, draft->named_stub, ".cudafe1.stub.c") &&
           rename_file(plan, plan_find_role(plan, host->inputs, host->n_inputs, PLAN_CPP),
                       ".cudafe1.cpp");
}

enum nvc_status
plan_close(struct plan_draft *draft)
{
    struct plan *plan = draft->plan;
    enum nvc_status st = NVC_OK;

    if (plan->n_steps == 0)
        return refuse(draft, "no step");
    if (count_tool(plan, PLAN_HOST) + count_tool(plan, PLAN_CUDAFE) > 0)
        st = add_included(draft);
    if (st == NVC_OK)
        st = check_files(draft);
    if (st == NVC_OK)
        st = check_steps(draft);
    if (st == NVC_OK && !rename_host_files(draft))
        st = refuse(draft, "name of a file of the host");
    if (st == NVC_OK &&
        plan_find_role(plan, plan->steps[plan->n_steps - 1].outputs,
                       plan->steps[plan->n_steps - 1].n_outputs, PLAN_OUTPUT) < 0)
        st = refuse(draft, "output");
    return st;
}
