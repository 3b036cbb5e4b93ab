#ifndef NVCACHE_BASE_ARENA_H
#define NVCACHE_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

/* Memory that is given back all at once.  A function whose first parameter is an arena
 * returns things that live as long as the arena.  Allocation does not fail from the
 * caller's view: when memory is out, guard_give_up() runs the compiler instead (guard.h).
 * An arena belongs to one thread. */

struct arena_block;

struct arena {
    struct arena_block *blocks;
    char *at;
    char *end;
};

#define ARENA_INIT                                                                       \
    {                                                                                    \
        NULL, NULL, NULL                                                                 \
    }

void arena_fini(struct arena *arena);

/* `size` bytes, zeroed, aligned for any object.  A size of 0 gives a valid pointer. */
__attribute__((malloc, returns_nonnull)) void *arena_alloc(struct arena *arena,
                                                           size_t size);

/* The same, not zeroed. */
__attribute__((malloc, returns_nonnull)) void *arena_room(struct arena *arena,
                                                          size_t size);

/* `count` objects of `size` bytes, zeroed; overflow counts as out of memory. */
__attribute__((malloc, returns_nonnull)) void *arena_array(struct arena *arena,
                                                           size_t count, size_t size);

__attribute__((returns_nonnull)) char *arena_strdup(struct arena *arena,
                                                    const char *text);

/* The first `len` bytes of `text` (which need not end there), NUL-terminated. */
__attribute__((returns_nonnull)) char *arena_strndup(struct arena *arena,
                                                     const char *text, size_t len);

__attribute__((returns_nonnull, format(printf, 2, 3))) char *
arena_printf(struct arena *arena, const char *format, ...);

#endif
