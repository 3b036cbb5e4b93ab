#ifndef NVCACHE_DIGEST_DIGEST_H
#define NVCACHE_DIGEST_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Identity: BLAKE2b-256.  Whatever decides *which* object is served goes through here;
 * XXH3 (checksum.h) is for accidents only, because two files with one XXH3-128 can be
 * made in microseconds.
 *
 * A digest is over a domain string and a sequence of fields.  Each field is preceded by
 * its kind and length, so no two different sequences give the same bytes.
 *
 * Threads: one at a time, as libsodium changes its code when there is much to hash;
 * after digest_allow_threads, called while there is one, several may hash at once. */

#define DIGEST_SIZE     32
#define DIGEST_HEX_SIZE 65

struct digest {
    uint8_t bytes[DIGEST_SIZE];
};

struct hasher {
    _Alignas(64) uint8_t state[384];
};

void hasher_init(struct hasher *hasher, const char *domain);
void hasher_bytes(struct hasher *hasher, const void *data, size_t len);
/* The same as hasher_bytes in pieces: they must come to `len` bytes. */
void hasher_bytes_begin(struct hasher *hasher, size_t len);
void hasher_bytes_more(struct hasher *hasher, const void *data, size_t len);
void hasher_str(struct hasher *hasher, const char *text);
void hasher_u64(struct hasher *hasher, uint64_t value);
void hasher_digest(struct hasher *hasher, const struct digest *digest);
void hasher_final(struct hasher *hasher, struct digest *out);

void digest_allow_threads(void);

/* One field. */
void digest_of(const char *domain, const void *data, size_t len, struct digest *out);

bool digest_equal(const struct digest *a, const struct digest *b);

/* 64 lower-case hexadecimal digits and a NUL. */
void digest_hex(const struct digest *digest, char out[DIGEST_HEX_SIZE]);

#endif
