#ifndef NVCACHE_CACHE_KEY_PRIV_H
#define NVCACHE_CACHE_KEY_PRIV_H

#include "nvcache/digest/digest.h"
#include "nvcache/entry/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;

/* Raise it whenever what is hashed changes: the golden test in
 * tests/unit/cache/test_key.c fails until it is. */
#define KEY_VERSION 6

/* The command key is a digest over components; each is kept with its own short digest, so
 * that a miss can say which one differs from the last run.  Labels name options and
 * variables, never values: values can be secrets. */
struct key_component {
    const char *label;
    uint64_t mark; /* XXH3 of the text: for comparing, not for identity */
};

struct command_key {
    struct digest digest;
    struct key_component *components;
    size_t n;
    bool has_fault; /* the compiler has something to say of a directory to search */
    struct digest
        unit; /* source and output only: the same in all variations of a command */
    struct digest module; /* unit and macros: what a module id is made from */
};

/* session->command, toolchain, roots and source must be filled in. */
void key_compute(struct session *session);

/* Kinds of records, the first byte of a store key. */
enum record_kind {
    RECORD_MANIFEST = 'M', /* command key, then when (newest first) */
    RECORD_RESULT = 'R',   /* digest of everything that decided it */
    RECORD_LAYOUT = 'T',   /* toolchain_layout_key */
    RECORD_LAST = 'L',     /* unit, then when: the components of its last command */
    RECORD_PLAN = 'P',     /* toolchain and options: the steps of a compile */
    RECORD_STEP = 'S',     /* what one step made, by what it was made from */
    RECORD_PIECE = 'C',    /* bytes that steps of many units made: their digest */
    RECORD_ID = 'I',       /* unit, then when: its last module id */
    RECORD_TEXT = 'X',     /* preprocessed text: the result of compiling it */
    RECORD_AROUND = 'H',   /* directives: what headers are to them */
};

struct record_key key_record(enum record_kind kind, const struct digest *digest);

/* The same followed by a moment that makes newer records sort first. */
struct record_key key_record_at(enum record_kind kind, const struct digest *digest,
                                int64_t moment_ns);

#endif
