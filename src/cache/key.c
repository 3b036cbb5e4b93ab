/* The command key: everything that decides the output and is not in a file of the
 * closure. Order is kept where nvcc keeps it.  Must never hash a path that may differ
 * (roots.h), and never leave out what is not known to be harmless. */

#include "key_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/cache/config.h"
#include "nvcache/digest/checksum.h"
#include "nvcache/entry/manifest.h"
#include "nvcache/entry/result.h"
#include "nvcache/nvcc/variables.h"
#include "searched_priv.h"
#include "session_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FIXED_COMPONENTS = 11
};

struct builder {
    struct hasher hasher;
    struct command_key *key;
};

static void
component(struct builder *builder, const char *label, const void *text, size_t len)
{
    struct key_component *next = &builder->key->components[builder->key->n++];

    hasher_str(&builder->hasher, label);
    hasher_bytes(&builder->hasher, text, len);
    next->label = label;
    next->mark = checksum64(text, len, 0);
}

static void
component_str(struct builder *builder, const char *label, const char *text)
{
    component(builder, label, text, strlen(text));
}

static void
add_items(struct builder *builder, struct session *session,
          const struct command_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *text = items[i].text;

        if (items[i].is_path)
            text = roots_key_text(&session->roots, session->arena, text);
        component_str(builder, items[i].label, text);
    }
}

static void
add_variables(struct builder *builder, struct session *session)
{
    const char *names[VARIABLES_MAX];
    const char *values[VARIABLES_MAX];
    const size_t n = variables_in_key(names);

    variables_values(values);
    for (size_t i = 0; i < n; i++)
        if (values[i] != NULL)
            component_str(
                builder,
                arena_printf(session->arena, "environment variable %s", names[i]),
                values[i]);
}

/* Where the toolkit and the host compiler have headers searched.  That the files found
 * there are unchanged is not enough: with another installation beside, a compiler would
 * find others. */
static void
add_search_path(struct builder *builder, struct session *session,
                const struct strlist *dirs)
{
    for (size_t i = 0; i < dirs->n; i++)
        component_str(builder, "header search path",
                      roots_key_text(&session->roots, session->arena, dirs->v[i]));
}

static void
add_list(struct builder *builder, const char *label, const struct strlist *list)
{
    for (size_t i = 0; i < list->n; i++)
        component_str(builder, label, list->v[i]);
}

/* With several threads nvcc (13.0) warns if no job server is announced to it, and fails
 * if it cannot use the one that is, as does ptxas with --split-compile; GNU make's
 * manual, "POSIX Jobserver Interaction". */
static const char *
jobserver_state(struct arena *arena, const char *makeflags)
{
    static const char name[] = "--jobserver-auth=";
    const char *at = makeflags == NULL ? NULL : strstr(makeflags, name);
    int ends[2];
    bool is_open;

    if (at == NULL)
        return "none";
    at += strlen(name);
    if (sscanf(at, "%d,%d", &ends[0], &ends[1]) == 2)
        is_open = fcntl(ends[0], F_GETFD) >= 0 && fcntl(ends[1], F_GETFD) >= 0;
    else
        is_open =
            str_starts(at, "fifo:") &&
            access(arena_strndup(arena, at + 5, strcspn(at + 5, " ")), R_OK | W_OK) == 0;
    return is_open ? "open" : "closed";
}

static void
compute_unit(struct session *session, const char *source, const char *output)
{
    struct hasher hasher;

    hasher_init(&hasher, "nvcache unit v1");
    hasher_str(&hasher, source);
    hasher_str(&hasher, output);
    hasher_final(&hasher, &session->key.unit);
}

/* A macro, for nvcc or the host compiler: one source is often compiled for several
 * objects of one program with other macros, and not always to places of their own. */
static bool
is_macro(const struct command_item *item)
{
    static const char *const labels[] = {"--define-macro ", "--undefine-macro ",
                                         "--compiler-options -D ",
                                         "--compiler-options -U "};

    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        if (str_starts(item->label, labels[i]))
            return true;
    return false;
}

static void
compute_module(struct session *session, const struct command_item *items, size_t n)
{
    struct hasher hasher;

    hasher_init(&hasher, "nvcache module v1");
    hasher_digest(&hasher, &session->key.unit);
    for (size_t i = 0; i < n; i++) {
        if (!is_macro(&items[i]))
            continue;
        hasher_str(&hasher, items[i].label);
        hasher_str(&hasher, items[i].text);
    }
    hasher_final(&hasher, &session->key.module);
}

/* Each version of the records has keys of its own: two nvcaches that share a cache would
 * else find what the other one recorded, be unable to read it, and never hit. */
static uint64_t
versions(void)
{
    return (uint64_t)KEY_VERSION | (uint64_t)(MANIFEST_VERSION - 1) << 16 |
           (uint64_t)(RESULT_VERSION - 1) << 32;
}

void
key_compute(struct session *session)
{
    struct command_item *items;
    const size_t n = command_items(session->arena, &session->command, &items);
    /* Its real path: nvcc puts a hash of it into symbol names. */
    const char *source =
        roots_identity_text(&session->roots, session->arena, session->roots.source);
    const char *output =
        roots_identity_text(&session->roots, session->arena, session->command.output);
    const struct toolchain_layout *layout = &session->layout;
    struct builder builder = {.key = &session->key};
    struct searched searched;

    searched_look(session, items, n, &searched);
    session->key.n = 0;
    session->key.has_fault = searched.faults.n > 0;
    session->key.components =
        arena_array(session->arena,
                    n + VARIABLES_MAX + layout->normal.n + layout->system.n +
                        searched.same.n + searched.faults.n + FIXED_COMPONENTS,
                    sizeof(struct key_component));
    hasher_init(&builder.hasher, "nvcache command v1");
    hasher_u64(&builder.hasher, versions());
    component(&builder, "toolchain", session->toolchain.bytes, DIGEST_SIZE);
    component_str(&builder, "source path", source);
    /* It shows in messages, __FILE__ and debug information. */
    component_str(
        &builder, "source spelling",
        roots_key_text(&session->roots, session->arena, session->command.source));
    component_str(&builder, "output path", output);
    component_str(
        &builder, "output spelling",
        roots_key_text(&session->roots, session->arena, session->command.output));
    component(&builder, "source contents", session->source.bytes, DIGEST_SIZE);
    if (session->config->strict_paths)
        component_str(&builder, "strict paths", "");
    add_items(&builder, session, items, n);
    if (session->native != NULL)
        component_str(&builder, "GPUs of this machine", session->native);
    if (session->processor != NULL)
        component_str(&builder, "processor of this machine", session->processor);
    add_variables(&builder, session);
    add_search_path(&builder, session, &layout->normal);
    add_search_path(&builder, session, &layout->system);
    add_list(&builder, "directories that are one", &searched.same);
    add_list(&builder, "no directory", &searched.faults);
    /* Also without threads: 12.4 does not know the option, 13.5 writes it into cubins. */
    if (session->command.asks_jobserver)
        component_str(&builder,
                      session->command.threads == 1 ? "job server"
                                                    : "job server for threads",
                      jobserver_state(session->arena, getenv("MAKEFLAGS")));
    hasher_final(&builder.hasher, &session->key.digest);
    compute_unit(session, source, output);
    compute_module(session, items, n);
}

struct record_key
key_record(enum record_kind kind, const struct digest *digest)
{
    struct record_key key = {.len = 1 + DIGEST_SIZE};

    key.bytes[0] = (uint8_t)kind;
    memcpy(key.bytes + 1, digest->bytes, DIGEST_SIZE);
    return key;
}

struct record_key
key_record_at(enum record_kind kind, const struct digest *digest, int64_t moment_ns)
{
    struct record_key key = key_record(kind, digest);
    const uint64_t descending = ~(uint64_t)moment_ns;

    for (int i = 0; i < 8; i++)
        key.bytes[key.len++] = (uint8_t)(descending >> (56 - 8 * i));
    return key;
}
