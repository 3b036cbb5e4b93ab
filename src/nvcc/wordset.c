/* Words of source text, and sets of them: open addressing in an arena, never more than
 * half full. */

#include "wordset_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/lanes.h"

#include <ctype.h>
#include <string.h>

enum {
    FIRST_CAP = 256
};

static uint64_t
load8(const char *at)
{
    uint64_t out;

    memcpy(&out, at, sizeof(out));
    return out;
}

static uint64_t
mix(uint64_t a, uint64_t b)
{
    const __uint128_t product = (__uint128_t)(a ^ UINT64_C(0x9e3779b97f4a7c15)) *
                                (b ^ UINT64_C(0xe7037ed1a0b428db));

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Of the first and the last eight characters of a word, or what there is of them. */
static uint64_t
finish(uint64_t hash, uint64_t first, uint64_t last, size_t len)
{
    hash = mix(first ^ hash, last + len);
    return hash == 0 ? 1 : hash;
}

/* All but the last sixteen characters, or less. */
static uint64_t
hash_front(const char **at, size_t *len)
{
    uint64_t hash = 0;

    for (; *len > 16; *at += 8, *len -= 8)
        hash = mix(load8(*at) ^ hash, *len);
    return hash;
}

uint64_t
word_hash(const char *word, size_t len)
{
    const size_t whole = len;
    const uint64_t front = hash_front(&word, &len);
    uint64_t first = 0;

    if (len > 8)
        return finish(front, load8(word), load8(word + len - 8), whole);
    memcpy(&first, word, len);
    return finish(front, first, 0, whole);
}

/* The same; behind the word eight characters can be read. */
static inline uint64_t
hash_with_room(const char *word, size_t len)
{
    const size_t whole = len;
    const uint64_t front = hash_front(&word, &len);
    const uint64_t first = load8(word);

    if (len > 8)
        return finish(front, first, load8(word + len - 8), whole);
    return finish(front, first & (UINT64_MAX >> (64 - 8 * len)), 0, whole);
}

static bool
is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static inline lanes
find_word_chars(const char *at)
{
    const lanes c = lanes_load(at);
    const lanes letter = (c | lanes_all(' ')) - lanes_all('a');
    const lanes digit = c - lanes_all('0');

    return (lanes)(letter < lanes_all(26)) | (lanes)(digit < lanes_all(10)) |
           lanes_are(c, '_') | lanes_are(c, '$') | (lanes)(c > lanes_all(0x7f));
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

size_t
word_take(const char **at, const char *end, uint64_t *out_hash)
{
    const char *p = *at;
    size_t len = 0;
    size_t n;

    do {
        n = lanes_first(find_word_chars(p));
        p += n;
    } while (n == sizeof(lanes) && p < end);
    if (p >= end) {
        *at = end;
        return 0;
    }
    do {
        n = lanes_first(~find_word_chars(p + len));
        len += n;
    } while (n == sizeof(lanes));
    if (len > (size_t)(end - p))
        len = (size_t)(end - p);
    *at = p;
    *out_hash = hash_with_room(p, len);
    return len;
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
