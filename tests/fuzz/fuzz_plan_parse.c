/* What nvcc --dryrun might say: never a crash; a plan that is accepted is a whole graph,
 * survives its record, and no mark of ours is left in the words it runs. */

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/plan/plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct plan_names names = {
    .dir = "/T", .source = "a.cu", .output = "a.o", .source_path = "/src/a.cu"};

static void
check(bool claim)
{
    if (!claim)
        abort();
}

/* Whatever a step reads was made by a step before it, or is the module id. */
static void
check_graph(const struct plan *plan)
{
    size_t made = 0;

    check(plan->n_steps > 0 && plan->n_steps <= PLAN_MAX_STEPS);
    check(plan->n_files <= PLAN_MAX_FILES);
    for (size_t i = 0; i < plan->n_steps; i++) {
        const struct plan_step *step = &plan->steps[i];

        check(step->argv.n > 0 && (step->n_outputs > 0 || step->tool == PLAN_PTXAS));
        for (size_t k = 0; k < step->n_inputs; k++) {
            const struct plan_file *file = &plan->files[step->inputs[k]];

            check(file->producer >= 0 && file->producer < (int)i);
        }
        for (size_t k = 0; k < step->n_outputs; k++) {
            check(plan->files[step->outputs[k]].producer == (int)i);
            made += plan->files[step->outputs[k]].role == PLAN_OUTPUT;
        }
    }
    check(made == 1);
}

static void
check_words(struct arena *arena, const struct plan *plan)
{
    for (size_t i = 0; i < plan->n_steps; i++) {
        char **argv = plan_step_argv(arena, plan, &plan->steps[i], &names);

        for (; *argv != NULL; argv++)
            check(strchr(*argv, '\001') == NULL);
    }
}

static void
check_record(struct arena *arena, const struct plan *plan)
{
    struct plan again;
    AUTO_BUF first = BUF_INIT;
    AUTO_BUF second = BUF_INIT;

    plan_encode(plan, &first);
    check(plan_decode(arena, first.data, first.len, &again) == NVC_OK);
    plan_encode(&again, &second);
    check(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    const char *culprit = NULL;
    struct plan plan;
    const enum nvc_status st =
        plan_parse(&arena, (const char *)data, size, &names, &plan, &culprit);

    check(culprit != NULL);
    if (st == NVC_OK) {
        check_graph(&plan);
        check_words(&arena, &plan);
        check_record(&arena, &plan);
    } else {
        check(status_kind(st) == NVC_KIND_UNPLANNED);
    }
    arena_fini(&arena);
    return 0;
}
