/* Definitions lie behind each other in a few large blocks, so that looking for a word is
 * one look through each. */

#include "defines_priv.h"

#include "nvcache/base/arena.h"

#include <string.h>

enum {
    BLOCK_TEXT = 64 << 10,
    BLOCK_LINES = 2048
};

struct line {
    size_t end; /* in the block's text */
    bool is_user;
};

struct block {
    struct block *next;
    size_t len;
    size_t cap;
    size_t n;
    struct line lines[BLOCK_LINES];
    char text[];
};

struct defines {
    struct arena *arena;
    struct block *blocks; /* the newest first */
};

struct defines *
defines_new(struct arena *arena)
{
    struct defines *defines = arena_alloc(arena, sizeof(*defines));

    defines->arena = arena;
    return defines;
}

static struct block *
add_block(struct defines *defines, size_t len)
{
    const size_t cap = len > BLOCK_TEXT ? len : BLOCK_TEXT;
    struct block *block = arena_room(defines->arena, sizeof(*block) + cap);

    block->next = defines->blocks;
    block->len = block->n = 0;
    block->cap = cap;
    defines->blocks = block;
    return block;
}

void
defines_add(struct defines *defines, const char *text, size_t len, bool is_user)
{
    struct block *block = defines->blocks;

    if (block == NULL || block->n == BLOCK_LINES || block->cap - block->len < len)
        block = add_block(defines, len);
    memcpy(block->text + block->len, text, len);
    block->len += len;
    block->lines[block->n++] = (struct line){.end = block->len, .is_user = is_user};
}

/* The line in which that place lies. */
static size_t
line_at(const struct block *block, size_t at)
{
    size_t low = 0;
    size_t high = block->n - 1;

    while (low < high) {
        const size_t middle = (low + high) / 2;

        if (block->lines[middle].end <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void
visit_block(const struct block *block, const char *word, size_t len,
            defines_visitor *visit, void *arg)
{
    const char *const end = block->text + block->len;
    const char *at = block->text;

    while ((at = memmem(at, (size_t)(end - at), word, len)) != NULL) {
        const size_t line = line_at(block, (size_t)(at - block->text));
        const size_t from = line > 0 ? block->lines[line - 1].end : 0;
        const size_t to = block->lines[line].end;

        visit(block->text + from, to - from, block->lines[line].is_user, arg);
        at = block->text + to;
    }
}

void
defines_visit(const struct defines *defines, const char *word, size_t len,
              defines_visitor *visit, void *arg)
{
    for (const struct block *at = defines->blocks; at != NULL; at = at->next)
        visit_block(at, word, len, visit, arg);
}
