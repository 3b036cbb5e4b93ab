/* Sets of words: open addressing in an arena, never more than half full. */

#include "wordset_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/digest/checksum.h"

#include <ctype.h>

enum {
    FIRST_CAP = 256
};

uint64_t
word_hash(const char *word, size_t len)
{
    const uint64_t hash = checksum64(word, len, 0);

    return hash == 0 ? 1 : hash;
}

static bool
is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

size_t
word_next(const char **at, const char *end)
{
    const char *p = *at;

    while (p < end && !is_word_char(*p))
        p++;
    *at = p;
    while (p < end && is_word_char(*p))
        p++;
    return (size_t)(p - *at);
}

static size_t
slot_of(const struct wordset *set, uint64_t word)
{
    size_t i = word & (set->cap - 1);

    while (set->words[i] != 0 && set->words[i] != word)
        i = (i + 1) & (set->cap - 1);
    return i;
}

static void
grow(struct arena *arena, struct wordset *set)
{
    const struct wordset old = *set;

    set->cap = old.cap == 0 ? FIRST_CAP : 2 * old.cap;
    set->words = arena_array(arena, set->cap, sizeof(uint64_t));
    set->bits = arena_array(arena, set->cap, 1);
    for (size_t i = 0; i < old.cap; i++)
        if (old.words[i] != 0) {
            const size_t slot = slot_of(set, old.words[i]);

            set->words[slot] = old.words[i];
            set->bits[slot] = old.bits[i];
        }
}

void
wordset_add(struct arena *arena, struct wordset *set, uint64_t word, unsigned bits)
{
    size_t slot;

    if (2 * set->n >= set->cap)
        grow(arena, set);
    slot = slot_of(set, word);
    set->n += set->words[slot] == 0;
    set->words[slot] = word;
    set->bits[slot] |= (uint8_t)bits;
}

unsigned
wordset_bits(const struct wordset *set, uint64_t word)
{
    return set->cap == 0 ? 0 : set->bits[slot_of(set, word)];
}
