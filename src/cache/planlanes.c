/* How many steps run at once: as many programs as nvcc would run by itself, one or what
 * --threads says.  Without --threads a second one runs beside it (the host's chain beside
 * the device's) where that takes nothing from anybody: while a processor has nothing to
 * do, and only where memory is so ample that it could not be what a build waits for.
 *
 * Must never take a token of a job server: one is lost with a process that is killed, and
 * the whole build is slower for it.  Under one the steps run one after another. */

#include "planrun_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/cpus.h"
#include "nvcache/base/strlist.h"
#include "session_priv.h"

#include <stdlib.h>
#include <string.h>

static size_t
lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

bool
plan_lanes_fit(uint64_t need_bytes, uint64_t total_bytes, size_t n_cpus)
{
    return need_bytes <= total_bytes / 2 / n_cpus;
}

static bool
has_memory(const struct memory *memory)
{
    return memory->lease == NULL ||
           plan_lanes_fit(memory->facts.need_bytes, memory->facts.total_bytes,
                          cpus_usable());
}

/* GNU make's manual, "POSIX Jobserver Interaction"; ninja 1.13 tells of its own so too.
 */
bool
plan_lanes_are_counted(const char *makeflags)
{
    static const char *const names[] = {"--jobserver-auth=", "--jobserver-fds="};

    for (const char *word = makeflags; word != NULL; word = strchr(word, ' ')) {
        word += strspn(word, " ");
        if (str_starts(word, "-- "))
            return false;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            if (str_starts(word, names[i]))
                return true;
    }
    return false;
}

void
plan_lanes_begin(struct planned *run)
{
    const struct session *session = run->session;
    const int threads = session->command.threads;
    struct plan_lanes *lanes = &run->lanes;

    lanes->own = threads > 0 ? (size_t)threads : cpus_usable();
    if (session->memory.lease != NULL &&
        session->memory.facts.lanes < session->memory.spec.lanes)
        lanes->own = session->memory.facts.lanes;
    lanes->own = lesser(lanes->own, CREW_MAX);
    lanes->most = lanes->own;
    if (threads == 1 && !plan_lanes_are_counted(getenv("MAKEFLAGS")) &&
        has_memory(&session->memory))
        lanes->most = 2;
}

/* A step is waited for. */
static bool
has_free_cpu(void)
{
    return cpus_usable() > 1 && cpus_idle(false) > 0;
}

bool
plan_lanes_take(struct planned *run)
{
    struct plan_lanes *lanes = &run->lanes;
    const size_t n = crew_size(run->crew);

    if (n >= lanes->own && (n >= lanes->most || !has_free_cpu()))
        return false;
    if (n + 1 > lanes->highest)
        lanes->highest = n + 1;
    return true;
}
