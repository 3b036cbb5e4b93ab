#ifndef NVCACHE_CLI_DOCTOR_PRIV_H
#define NVCACHE_CLI_DOCTOR_PRIV_H

#include "nvcache/base/buf.h"

struct console;

/* The number of the JSON's format; it rises as that of `stats --json`. */
#define DOCTOR_JSON_FORMAT 1

enum doctor_verdict {
    DOCTOR_GOOD,
    DOCTOR_WARNING, /* it works, but not as well as it could */
    DOCTOR_BAD,     /* something that should work does not: the exit code is 1 */
};

struct doctor_finding {
    enum doctor_verdict verdict;
    struct buf text;   /* one sentence without a full stop */
    struct buf advice; /* what to do; empty when there is nothing */
};

/* Looks at one thing; out->verdict is DOCTOR_GOOD before. */
typedef void doctor_look(struct console *console, struct doctor_finding *out);

struct doctor_check {
    const char *name; /* ten characters at most, or the columns move */
    doctor_look *look;
};

/* doctor_cache.c */
doctor_look doctor_settings;
doctor_look doctor_cache;
doctor_look doctor_files;
doctor_look doctor_sharing;
doctor_look doctor_compiler;
/* doctor_memory.c */
doctor_look doctor_memory;
doctor_look doctor_table;
doctor_look doctor_measuring;
doctor_look doctor_safe_jobs;

#endif
