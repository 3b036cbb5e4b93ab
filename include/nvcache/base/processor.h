#ifndef NVCACHE_BASE_PROCESSOR_H
#define NVCACHE_BASE_PROCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* What the processor says of itself, as text: all that gcc and clang ask for
 * -march=native, and nothing that differs from one core of it to another. */

/* One answer of the cpuid instruction: eax, ebx, ecx, edx. */
struct processor_answer {
    uint32_t reg[4];
};

/* Append it.  False, and nothing appended, where cpuid is not all that compilers look at
 * (other than x86-64) or where cores differ from each other. */
bool processor_describe(struct buf *out);

/* The same of any processor, for tests: `ask` answers for a leaf and a sub-leaf. */
bool processor_describe_by(struct processor_answer (*ask)(uint32_t leaf, uint32_t sub),
                           uint64_t enabled_states, struct buf *out);

/* By which way the C library's mathematical functions compute here, as a number (glibc
 * has sin, pow and others with and without FMA, and their last bits differ).  cicc and
 * clang fold constants with them.  0 where there is one way only. */
unsigned processor_arithmetic(void);

#endif
