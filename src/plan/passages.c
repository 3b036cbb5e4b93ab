/* Preprocessed text is digested in passages, from one change of the file to the next: a
 * unit's passes differ in a few of them, and the rest is digested once.  The digest of
 * the text is that of its passages' digests, so where they are cut decides which texts
 * have one digest, but never that two with one have other tokens. */

#include "nvcache/plan/text.h"

#include "nvcache/base/arena.h"
#include "nvcache/digest/checksum.h"
#include "tokens_priv.h"

#include <stdint.h>
#include <string.h>

enum {
    FIRST_SLOTS = 2048,
    END = 128
};

struct passage {
    const char *text;
    size_t len;
    bool is_empty;
    struct digest tokens;
};

struct text_passages {
    struct arena *arena;
    struct passage *all;
    size_t n;
    uint32_t *slots; /* hash table of index + 1 */
    size_t n_slots;  /* a power of two, twice as many as there is room for in `all` */
};

static void
make_room(struct text_passages *known, size_t n_slots)
{
    const struct passage *old = known->all;

    known->n_slots = n_slots;
    known->slots = arena_array(known->arena, n_slots, sizeof(*known->slots));
    known->all = arena_room(known->arena, n_slots / 2 * sizeof(*known->all));
    if (known->n > 0)
        memcpy(known->all, old, known->n * sizeof(*old));
}

struct text_passages *
text_passages_new(struct arena *arena)
{
    struct text_passages *out = arena_alloc(arena, sizeof(*out));

    out->arena = arena;
    make_room(out, FIRST_SLOTS);
    return out;
}

/* Both ends tell nearly all apart, and then all bytes are compared. */
static uint64_t
hash(const char *text, size_t len)
{
    return len <= (size_t)2 * END
               ? checksum64(text, len, 0)
               : checksum64(text, END, checksum64(text + len - END, END, len));
}

static uint32_t *
find_slot(const struct text_passages *known, const char *text, size_t len)
{
    size_t i = (size_t)hash(text, len) & (known->n_slots - 1);

    for (; known->slots[i] != 0; i = (i + 1) & (known->n_slots - 1)) {
        const struct passage *passage = &known->all[known->slots[i] - 1];

        if (passage->len == len && memcmp(passage->text, text, len) == 0)
            break;
    }
    return &known->slots[i];
}

static void
grow(struct text_passages *known)
{
    make_room(known, 2 * known->n_slots);
    for (size_t i = 0; i < known->n; i++)
        *find_slot(known, known->all[i].text, known->all[i].len) = (uint32_t)i + 1;
}

static void
add(struct text_passages *known, uint32_t *slot, const struct passage *passage)
{
    known->all[known->n++] = *passage;
    *slot = (uint32_t)known->n;
    if (known->n == known->n_slots / 2)
        grow(known);
}

static bool
digest_passage(struct text_passages *known, const char *text, size_t len,
               struct buf *out_directives, struct passage *out)
{
    uint32_t *slot = known != NULL ? find_slot(known, text, len) : NULL;

    if (slot != NULL && *slot != 0) {
        *out = known->all[*slot - 1];
        return true;
    }
    *out = (struct passage){.text = text, .len = len};
    if (!tokens_digest(text, len, &out->tokens, &out->is_empty, out_directives))
        return false;
    if (slot != NULL)
        add(known, slot, out);
    return true;
}

/* Does a line `# 12 "name" 1 3` begin here, with a flag that says that a file is entered
 * or returned to?  Most lines name none. */
static bool
changes_file(const char *at, const char *end)
{
    const char *line_end;
    const char *quote;

    for (at += 2; at < end && *at >= '0' && *at <= '9'; at++)
        continue;
    if (end - at < 2 || at[0] != ' ' || at[1] != '"')
        return false;
    line_end = memchr(at, '\n', (size_t)(end - at));
    if (line_end == NULL)
        line_end = end;
    quote = memrchr(at, '"', (size_t)(line_end - at));
    return line_end - quote > 2 && quote[1] == ' ' &&
           (quote[2] == '1' || quote[2] == '2');
}

/* Where the next one begins, or the end. */
static const char *
next_passage(const char *text, const char *end)
{
    for (const char *at = text + 1;
         at < end && (at = memchr(at, '#', (size_t)(end - at))) != NULL; at++)
        if (at[-1] == '\n' && at[1] == ' ' && changes_file(at, end))
            return at;
    return end;
}

bool
text_digest_tokens(const char *text, size_t len, struct text_passages *known,
                   struct digest *out, struct buf *out_directives)
{
    const char *const end = text + len;
    struct hasher hasher;

    hasher_init(&hasher, "nvcache tokens v3");
    for (const char *at = text; at < end;) {
        const char *next = next_passage(at, end);
        struct passage passage;

        if (!digest_passage(known, at, (size_t)(next - at), out_directives, &passage))
            return false;
        if (!passage.is_empty)
            hasher_digest(&hasher, &passage.tokens);
        at = next;
    }
    hasher_final(&hasher, out);
    return true;
}
