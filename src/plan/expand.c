/* From a plan to the words of one command, and to what of them counts. */

#include "plan_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/path.h"
#include "nvcache/digest/digest.h"

#include <stdlib.h>
#include <string.h>

const char *
plan_tool_word(enum plan_tool tool)
{
    static const char *const words[PLAN_TOOLS] = {"preprocess", "cudafe",    "cicc",
                                                  "ptxas",      "fatbinary", "host"};

    return words[tool];
}

char *
plan_stem(struct arena *arena, const char *source)
{
    const char *base = path_base(source);

    return arena_strndup(arena, base, strlen(base) - strlen(path_ext(base)));
}

static char *
file_name(struct arena *arena, const struct plan *plan, unsigned file,
          const struct plan_names *names)
{
    if (plan->files[file].role == PLAN_OUTPUT)
        return arena_strdup(arena, "output");
    return arena_printf(arena, "%s%s%s", PLAN_FILE_PREFIX,
                        plan_stem(arena, names->source), plan->files[file].name);
}

char *
plan_file_path(struct arena *arena, const struct plan *plan, unsigned file,
               const struct plan_names *names)
{
    return path_join(arena, names->dir, file_name(arena, plan, file, names));
}

/* The file's number behind a placeholder. */
static unsigned
file_of(const char *at)
{
    const char digits[] = {at[2], at[3], at[4], '\0'};

    return (unsigned)strtoul(digits, NULL, 16);
}

static const char *
value_of(struct arena *arena, const struct plan *plan, const char *at,
         const struct plan_names *names)
{
    switch (at[1]) {
    case PLACE_FILE:
        return plan_file_path(arena, plan, file_of(at), names);
    case PLACE_FILE_NAME:
        return file_name(arena, plan, file_of(at), names);
    case PLACE_SOURCE:
        return names->source;
    default:
        return names->source_path;
    }
}

/* A word has at most one placeholder, and nothing stands behind it. */
static char *
expand(struct arena *arena, const struct plan *plan, const char *word,
       const struct plan_names *names)
{
    const char *at = strchr(word, PLACEHOLDER);

    if (at == NULL)
        return arena_strdup(arena, word);
    return arena_printf(arena, "%.*s%s", (int)(at - word), word,
                        value_of(arena, plan, at, names));
}

char **
plan_step_argv(struct arena *arena, const struct plan *plan, const struct plan_step *step,
               const struct plan_names *names)
{
    struct strlist argv;

    strlist_init(&argv, arena);
    for (size_t i = 0; i < step->argv.n; i++)
        strlist_add(&argv, expand(arena, plan, step->argv.v[i], names));
    return argv.v;
}

void
plan_environment(struct arena *arena, const struct plan *plan, struct strlist *out)
{
    strlist_init(out, arena);
    for (size_t i = 0; i < plan->environment.n; i++) {
        const char *text = plan->environment.v[i];
        const char *at = strchr(text, PLACEHOLDER);
        const char *own = getenv(arena_strndup(arena, text, strcspn(text, "=")));

        strlist_add(out, at == NULL ? arena_strdup(arena, text)
                                    : arena_printf(arena, "%.*s%s", (int)(at - text),
                                                   text, own != NULL ? own : ""));
    }
}

const char *
plan_variable(const struct strlist *environment, const char *name)
{
    const size_t len = strlen(name);

    for (size_t i = environment->n; i > 0; i--) {
        const char *text = environment->v[i - 1];

        if (strncmp(text, name, len) == 0 && text[len] == '=')
            return text + len + 1;
    }
    return NULL;
}

static void
hash_word(const char *word, const struct plan_names *names, bool with_paths,
          struct hasher *hasher)
{
    const char *at = strchr(word, PLACEHOLDER);

    if (at == NULL) {
        hasher_str(hasher, word);
        return;
    }
    hasher_bytes(hasher, word, (size_t)(at - word) + 2);
    if (with_paths && at[1] == PLACE_SOURCE)
        hasher_str(hasher, names->source);
    if (with_paths && at[1] == PLACE_REAL)
        hasher_str(hasher, names->source_path);
}

void
plan_step_hash(const struct plan_step *step, const struct plan_names *names,
               bool with_paths, struct hasher *hasher)
{
    hasher_u64(hasher, (uint64_t)step->tool);
    for (size_t i = 1; i < step->argv.n; i++)
        if (step->tool != PLAN_HOST || !str_starts(step->argv.v[i], "-D__CUDA_ARCH"))
            hash_word(step->argv.v[i], names, with_paths, hasher);
    hasher_str(hasher, "\001");
}

int
plan_find_role(const struct plan *plan, const uint16_t *files, size_t n,
               enum plan_role role)
{
    for (size_t i = 0; i < n; i++)
        if (plan->files[files[i]].role == role)
            return files[i];
    return -1;
}
