/* A bump allocator.  Blocks are chained and given back together; nothing is freed singly.
 * Must not return NULL: out of memory ends in guard_give_up. */

#include "nvcache/base/arena.h"

#include "nvcache/base/guard.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_SIZE = 64 * 1024
};

struct arena_block {
    struct arena_block *next;
    alignas(max_align_t) char data[];
};

void
arena_fini(struct arena *arena)
{
    struct arena_block *next;

    for (struct arena_block *block = arena->blocks; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (struct arena)ARENA_INIT;
}

static void
add_block(struct arena *arena, size_t room)
{
    size_t size;
    struct arena_block *block = NULL;

    if (!__builtin_add_overflow(room, sizeof(struct arena_block), &size))
        block = malloc(size);
    if (block == NULL)
        guard_give_up(NVC_ERR_NOMEM);
    block->next = arena->blocks;
    arena->blocks = block;
    arena->at = block->data;
    arena->end = block->data + room;
}

void *
arena_room(struct arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    size_t rounded;
    char *p;

    if (__builtin_add_overflow(size, align - 1, &rounded))
        guard_give_up(NVC_ERR_NOMEM);
    rounded &= ~(align - 1);
    if ((size_t)(arena->end - arena->at) < rounded || arena->at == NULL)
        add_block(arena, rounded > BLOCK_SIZE ? rounded : BLOCK_SIZE);
    p = arena->at;
    arena->at += rounded;
    return p;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
    return memset(arena_room(arena, size), 0, size);
}

void *
arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        guard_give_up(NVC_ERR_NOMEM);
    return arena_alloc(arena, total);
}

char *
arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *
arena_strndup(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_room(arena, len + 1);

    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *
arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_list again;
    char *text;
    int n;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = arena_alloc(arena, n < 0 ? 1 : (size_t)n + 1);
    if (n > 0)
        vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return text;
}
