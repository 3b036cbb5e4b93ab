/* What was read for a preprocessed text, from its line markers. */

#include "nvcache/plan/text.h"

#include "nvcache/base/arena.h"
#include "nvcache/digest/checksum.h"

#include <string.h>

enum {
    FIRST_SLOTS = 4096
};

void
text_inputs_init(struct text_inputs *inputs, struct arena *arena)
{
    *inputs = (struct text_inputs){.arena = arena, .n_slots = FIRST_SLOTS};
    strlist_init(&inputs->files, arena);
    inputs->slots = arena_array(arena, FIRST_SLOTS, sizeof(*inputs->slots));
}

static unsigned *
find_slot(const struct text_inputs *inputs, const char *path)
{
    size_t at = checksum64(path, strlen(path), 0) % inputs->n_slots;

    while (inputs->slots[at] != 0 &&
           !str_equal(inputs->files.v[inputs->slots[at] - 1], path))
        at = (at + 1) % inputs->n_slots;
    return &inputs->slots[at];
}

static void
grow(struct text_inputs *inputs)
{
    inputs->n_slots *= 4;
    inputs->slots = arena_array(inputs->arena, inputs->n_slots, sizeof(*inputs->slots));
    for (size_t i = 0; i < inputs->files.n; i++)
        *find_slot(inputs, inputs->files.v[i]) = (unsigned)i + 1;
}

static void
add(struct text_inputs *inputs, const char *path, bool is_system)
{
    unsigned *slot = find_slot(inputs, path);

    if (*slot != 0)
        return;
    if (inputs->files.n == inputs->cap) {
        bool *grown = arena_array(inputs->arena, inputs->cap * 2 + 1024, sizeof(*grown));

        if (inputs->cap > 0)
            memcpy(grown, inputs->is_system, inputs->cap * sizeof(*grown));
        inputs->is_system = grown;
        inputs->cap = inputs->cap * 2 + 1024;
    }
    inputs->is_system[inputs->files.n] = is_system;
    strlist_add_copy(&inputs->files, path);
    *slot = (unsigned)inputs->files.n;
    if (inputs->files.n * 2 > inputs->n_slots)
        grow(inputs);
}

/* The name between `at` and the closing quote, without escapes; *out_end is behind the
 * quote. NULL when there is none, or an escape that gcc does not write. */
static char *
read_name(struct arena *arena, const char *at, const char *end, const char **out_end)
{
    char *name = arena_alloc(arena, (size_t)(end - at) + 1);
    size_t n = 0;

    for (; at < end && *at != '"'; at++) {
        if (*at == '\\' && (++at == end || strchr("\\\"", *at) == NULL))
            return NULL;
        name[n++] = *at;
    }
    *out_end = at + 1;
    return at < end ? name : NULL;
}

/* Like the compilers' own text: nvcc leaves out of its lists what has such a name, files
 * too. */
static bool
is_pseudo(const char *name)
{
    return name[0] == '<';
}

/* A line `# 1 "name" 1 3`, without what is in front of the name. */
static bool
add_entry(struct text_inputs *inputs, const char *at, const char *end)
{
    const char *flags;
    char *name;

    if (memchr(at, '\\', (size_t)(end - at)) == NULL && end - at >= 3 &&
        memcmp(end - 3, "\" 2", 3) == 0)
        return true;
    name = read_name(inputs->arena, at, end, &flags);
    if (name == NULL)
        return false;
    if (is_pseudo(name))
        return true;
    if (end - flags >= 2 && flags[0] == ' ' && flags[1] == '1')
        add(inputs, name, end - flags >= 4 && flags[2] == ' ' && flags[3] == '3');
    return true;
}

/* Of the lines only those that begin with a number sign are looked at: that is a fifth of
 * them, and there are hardly any others in the text. */
bool
text_inputs_add(struct text_inputs *inputs, const char *text, size_t len)
{
    static const char enter[] = "# 1 \"";
    const size_t enter_len = sizeof(enter) - 1;
    const char *const end = text + len;
    const char *at = text;

    while ((at = memchr(at, '#', (size_t)(end - at))) != NULL) {
        const char *line_end;

        if ((at > text && at[-1] != '\n') || (size_t)(end - at) <= enter_len ||
            memcmp(at, enter, enter_len) != 0) {
            at++;
            continue;
        }
        line_end = memchr(at, '\n', (size_t)(end - at));
        if (line_end == NULL)
            line_end = end;
        if (!add_entry(inputs, at + enter_len, line_end))
            return false;
        at = line_end;
    }
    return true;
}
