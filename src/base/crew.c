/* Programs side by side: one poll over the pipes and ends of all of them. */

#include "nvcache/base/crew.h"

#include "descendants_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"
#include "process_priv.h"

#include <poll.h>
#include <time.h>

struct member {
    struct running run;
    unsigned id;
    int64_t begin_ns;
};

struct crew {
    struct signal_watch watch;
    struct member members[CREW_MAX];
    size_t n;
    int passed_on; /* the signal that was passed on */
};

struct crew *
crew_begin(struct arena *arena)
{
    struct crew *crew = arena_alloc(arena, sizeof(*crew));

    signal_watch_begin(&crew->watch);
    return crew;
}

size_t
crew_size(const struct crew *crew)
{
    return crew->n;
}

enum nvc_status
crew_start(struct crew *crew, unsigned id, const struct process_spec *spec,
           struct process_result *result)
{
    struct member member = {
        .id = id,
        .begin_ns = clock_mono_ns(),
        .run = {.spec = spec, .result = result, .watch = &crew->watch, .pid_fd = -1},
    };
    enum nvc_status st;

    *result = (struct process_result){0};
    if (crew->n == CREW_MAX)
        return NVC_ERR_LIMIT;
    st = running_start(&member.run);
    if (st == NVC_OK)
        crew->members[crew->n++] = member;
    return st;
}

/* Without pidfd_open nothing wakes us when a child ends: look every 50 ms. */
static void
wait_for_news(struct crew *crew)
{
    const struct timespec tick = {.tv_nsec = 50000000};
    struct pollfd polled[3 * CREW_MAX];
    bool is_blind = false;

    for (size_t i = 0; i < crew->n; i++) {
        const struct running *run = &crew->members[i].run;

        polled[3 * i] = (struct pollfd){.fd = run->out_fd, .events = POLLIN};
        polled[3 * i + 1] = (struct pollfd){.fd = run->err_fd, .events = POLLIN};
        polled[3 * i + 2] = (struct pollfd){.fd = run->pid_fd, .events = POLLIN};
        is_blind |= run->pid_fd < 0;
    }
    if (ppoll(polled, 3 * crew->n, is_blind ? &tick : NULL, &crew->watch.old_mask) > 0)
        for (size_t i = 0; i < crew->n; i++)
            running_drain(&crew->members[i].run, &polled[3 * i]);
    if (process_signal() != crew->passed_on) {
        crew->passed_on = process_signal();
        descendants_signal(crew->passed_on);
    }
}

/* The index of a member that has ended, or n. */
static size_t
find_ended(struct crew *crew)
{
    size_t i = 0;

    while (i < crew->n && !running_has_ended(&crew->members[i].run))
        i++;
    return i;
}

static unsigned
dismiss(struct crew *crew, size_t i)
{
    struct member *member = &crew->members[i];
    const unsigned id = member->id;

    running_drain_rest(&member->run);
    fs_closep(&member->run.pid_fd);
    member->run.result->wall_ns = clock_mono_ns() - member->begin_ns;
    crew->members[i] = crew->members[--crew->n];
    return id;
}

unsigned
crew_wait(struct crew *crew)
{
    for (;;) {
        const size_t i = find_ended(crew);

        if (i < crew->n)
            return dismiss(crew, i);
        wait_for_news(crew);
    }
}

void
crew_end(struct crew *crew)
{
    if (crew->n > 0)
        descendants_signal(SIGTERM);
    if (crew->n > 0 || process_signal() != 0)
        process_end_tree();
    while (crew->n > 0) {
        struct process_result *result = crew->members[0].run.result;

        dismiss(crew, 0);
        result->wait_status = SIGTERM;
    }
    signal_watch_end(&crew->watch);
}
