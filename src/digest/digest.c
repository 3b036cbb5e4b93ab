/* BLAKE2b-256 through libsodium, with fields that cannot run into each other.
 *
 * libsodium's portable code is right from the start; sodium_init() only chooses the
 * processor's best.  To choose it asks the processor what it is: some 60 microseconds
 * on a virtual machine, more than a hit has to hash.  So that waits until there is much
 * to hash. */

#include "nvcache/digest/digest.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#define MUCH ((size_t)64 << 10)

_Static_assert(sizeof(struct hasher) >= sizeof(crypto_generichash_blake2b_state),
               "room for libsodium's state");
_Static_assert(DIGEST_SIZE <= crypto_generichash_blake2b_BYTES_MAX, "digest size");

enum field {
    FIELD_DOMAIN = 1,
    FIELD_BYTES,
    FIELD_U64
};

static crypto_generichash_blake2b_state *
state_of(struct hasher *hasher)
{
    return (void *)hasher->state;
}

static void
choose_code(size_t len)
{
    static atomic_size_t hashed;

    if (atomic_load(&hashed) >= MUCH || atomic_fetch_add(&hashed, len) + len < MUCH)
        return;
    if (sodium_init() < 0)
        atomic_store(&hashed, MUCH);
}

static void
update(struct hasher *hasher, const void *data, size_t len)
{
    choose_code(len);
    crypto_generichash_blake2b_update(state_of(hasher), data, len);
}

void
digest_allow_threads(void)
{
    choose_code(MUCH);
}

static void
begin_field(struct hasher *hasher, enum field kind, size_t len)
{
    uint8_t head[9] = {(uint8_t)kind};

    for (int i = 0; i < 8; i++)
        head[1 + i] = (uint8_t)((uint64_t)len >> (8 * i));
    update(hasher, head, sizeof(head));
}

static void
field(struct hasher *hasher, enum field kind, const void *data, size_t len)
{
    begin_field(hasher, kind, len);
    update(hasher, data, len);
}

void
hasher_init(struct hasher *hasher, const char *domain)
{
    crypto_generichash_blake2b_init(state_of(hasher), NULL, 0, DIGEST_SIZE);
    field(hasher, FIELD_DOMAIN, domain, strlen(domain));
}

void
hasher_bytes(struct hasher *hasher, const void *data, size_t len)
{
    field(hasher, FIELD_BYTES, data, len);
}

void
hasher_bytes_begin(struct hasher *hasher, size_t len)
{
    begin_field(hasher, FIELD_BYTES, len);
}

void
hasher_bytes_more(struct hasher *hasher, const void *data, size_t len)
{
    update(hasher, data, len);
}

void
hasher_str(struct hasher *hasher, const char *text)
{
    field(hasher, FIELD_BYTES, text, strlen(text));
}

void
hasher_u64(struct hasher *hasher, uint64_t value)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    field(hasher, FIELD_U64, bytes, sizeof(bytes));
}

void
hasher_digest(struct hasher *hasher, const struct digest *digest)
{
    field(hasher, FIELD_BYTES, digest->bytes, sizeof(digest->bytes));
}

void
hasher_final(struct hasher *hasher, struct digest *out)
{
    crypto_generichash_blake2b_final(state_of(hasher), out->bytes, sizeof(out->bytes));
}

void
digest_of(const char *domain, const void *data, size_t len, struct digest *out)
{
    struct hasher hasher;

    hasher_init(&hasher, domain);
    hasher_bytes(&hasher, data, len);
    hasher_final(&hasher, out);
}

bool
digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void
digest_hex(const struct digest *digest, char out[DIGEST_HEX_SIZE])
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        out[2 * i] = hex[digest->bytes[i] >> 4];
        out[2 * i + 1] = hex[digest->bytes[i] & 15];
    }
    out[DIGEST_HEX_SIZE - 1] = '\0';
}
