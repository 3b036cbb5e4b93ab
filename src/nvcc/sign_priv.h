#ifndef NVCACHE_NVCC_SIGN_PRIV_H
#define NVCACHE_NVCC_SIGN_PRIV_H

/* Where in a source something may begin that scan.c looks at; hardly anything does. */

/* The first place from `at` on with one of these, or `end`:
 *
 *   #  %:                a directive
 *   \                    a line that goes on
 *   __D  __T             a word for the time
 *   .i  .m               a directive of the assembler's
 *   ?? GC                a trigraph; a pragma of gcc's
 *
 * The characters behind the first are left out of account where the text ends. */
const char *sign_next(const char *at, const char *end);

/* The same for those of the assembler alone. */
const char *sign_next_point(const char *at, const char *end);

#endif
