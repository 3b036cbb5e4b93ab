/* The preprocessor passes, in the order of nvcc's dependency lists. */

#include "plan_priv.h"

#include "nvcache/base/arena.h"

/* The step at the beginning of the chain that makes a file: each has one input that
 * comes from another step. */
static int
chain_begin(const struct plan *plan, int file)
{
    int step = plan->files[file].producer;

    while (step >= 0 && plan->steps[step].tool != PLAN_PREPROCESS) {
        int before = -1;

        for (size_t i = 0; i < plan->steps[step].n_inputs; i++)
            if (plan->files[plan->steps[step].inputs[i]].producer >= 0)
                before = plan->files[plan->steps[step].inputs[i]].producer;
        step = before;
    }
    return step;
}

static void
add_pass(uint16_t *passes, size_t *n, int step)
{
    if (step < 0)
        return;
    for (size_t i = 0; i < *n; i++)
        if (passes[i] == step)
            return;
    passes[(*n)++] = (uint16_t)step;
}

static void
add_passes_of(const struct plan *plan, bool is_host, uint16_t *passes, size_t *n)
{
    for (size_t i = 0; i < plan->n_steps; i++)
        if (plan->steps[i].tool == PLAN_PREPROCESS &&
            (plan->steps[i].arch[0] == '\0') == is_host)
            add_pass(passes, n, (int)i);
}

size_t
plan_passes(struct arena *arena, const struct plan *plan, uint16_t **out)
{
    size_t n = 0;

    *out = arena_array(arena, plan->n_steps, sizeof(**out));
    for (size_t i = 0; i < plan->n_steps; i++) {
        const struct plan_step *step = &plan->steps[i];

        for (size_t k = 0; step->tool == PLAN_FATBINARY && k < step->n_inputs; k++)
            add_pass(*out, &n, chain_begin(plan, step->inputs[k]));
    }
    add_passes_of(plan, false, *out, &n);
    add_passes_of(plan, true, *out, &n);
    return n;
}
