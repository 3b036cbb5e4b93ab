#ifndef NVCACHE_NVCC_PROBE_PRIV_H
#define NVCACHE_NVCC_PROBE_PRIV_H

#include "nvcache/nvcc/scan.h"

/* Asking for headers by names that are not spelled out: __has_include(STRING(x.h)). */

/* The rest of an #if or #elif: each macro that is called with a word for its first
 * argument is visited as SCAN_CALL. SCAN_HIDDEN: __has_include itself is. */
unsigned probe_condition(const char *from, const char *to, scan_visitor *visit,
                         void *arg);

/* The rest of a #define that mentions __has_include: its name is visited as
 * SCAN_PROBE_NAME.  SCAN_HIDDEN: it asks for a word that is none of the macro's
 * parameters. */
unsigned probe_define(const char *from, const char *to, scan_visitor *visit, void *arg);

#endif
