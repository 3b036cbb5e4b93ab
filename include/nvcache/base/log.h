#ifndef NVCACHE_BASE_LOG_H
#define NVCACHE_BASE_LOG_H

#include <stdbool.h>

/* The log: one line per decision, `EVENT key=value ...`, appended with one write(2) each,
 * so that lines of parallel processes do not mix.  Off unless log_open succeeded.  The
 * one piece of global state besides the guard.  Lines longer than 4,096 bytes are cut. */

/* Open `path` for appending.  A failure leaves the log off and is reported by the result
 * only: a log that cannot be opened must not disturb a build. */
bool log_open(const char *path);

bool log_is_on(void);

/* log_event("store.get", "result=%s cost_us=%ld", ...): the time, the process id and the
 * event's name are put in front. */
__attribute__((format(printf, 2, 3))) void log_event(const char *event,
                                                     const char *format, ...);

#endif
