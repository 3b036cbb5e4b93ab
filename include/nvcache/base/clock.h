#ifndef NVCACHE_BASE_CLOCK_H
#define NVCACHE_BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds since 1970 as the kernel stamps files: the coarse clock (it steps every
 * 1-10 ms), so that "stamped before this moment" is exact. */
int64_t clock_file_ns(void);

/* Nanoseconds of the wall clock, and of the clock that only moves forward. */
int64_t clock_wall_ns(void);
int64_t clock_mono_ns(void);

#endif
