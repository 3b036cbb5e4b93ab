#ifndef NVCACHE_NVCC_WORDSET_PRIV_H
#define NVCACHE_NVCC_WORDSET_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* Words of source text as hashes, each with a few bits.  Of two words that collide one
 * counts as the other. */
struct wordset {
    uint64_t *words; /* 0: free */
    uint8_t *bits;
    size_t n;
    size_t cap; /* a power of two, or 0 */
};

/* Never 0. */
uint64_t word_hash(const char *word, size_t len);

/* The next word (identifier or number) at or behind *at: its length, 0 at the end. */
size_t word_next(const char **at, const char *end);

/* The same, and its hash, faster: at `end` or behind it stand WORD_ROOM NULs. */
#define WORD_ROOM 32
size_t word_take(const char **at, const char *end, uint64_t *out_hash);

/* `bits` are added to those it has; give at least one. */
void wordset_add(struct arena *arena, struct wordset *set, uint64_t word, unsigned bits);

/* 0: not in the set. */
unsigned wordset_bits(const struct wordset *set, uint64_t word);

#endif
