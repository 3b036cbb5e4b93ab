/* Records of plans that are anything: never a crash, and what is accepted can be run:
 * every number in it names a step or a file that is there. */

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/plan/plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool claim)
{
    if (!claim)
        abort();
}

static void
check_files(const struct plan *plan, const uint16_t *files, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(files[i] < plan->n_files);
}

static void
use(struct arena *arena, const struct plan *plan)
{
    const struct plan_names names = {
        .dir = "/T", .source = "a.cu", .output = "a.o", .source_path = "/src/a.cu"};
    struct strlist environment;

    for (size_t i = 0; i < plan->n_steps; i++) {
        const struct plan_step *step = &plan->steps[i];

        check(step->tool < PLAN_TOOLS);
        check_files(plan, step->inputs, step->n_inputs);
        check_files(plan, step->outputs, step->n_outputs);
        for (char **argv = plan_step_argv(arena, plan, step, &names); *argv != NULL;
             argv++)
            check(strlen(*argv) < SIZE_MAX);
    }
    for (size_t i = 0; i < plan->n_files; i++) {
        check(plan->files[i].role < PLAN_ROLES);
        check(plan->files[i].producer >= -1 &&
              plan->files[i].producer < (int)plan->n_steps);
        check(plan_file_path(arena, plan, (unsigned)i, &names) != NULL);
    }
    plan_environment(arena, plan, &environment);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    struct plan plan;

    if (plan_decode(&arena, data, size, &plan) == NVC_OK)
        use(&arena, &plan);
    arena_fini(&arena);
    return 0;
}
