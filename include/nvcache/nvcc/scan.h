#ifndef NVCACHE_NVCC_SCAN_H
#define NVCACHE_NVCC_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* What the text of a source or header can pull in or depend on beyond the files that the
 * compiler lists.  The text is not preprocessed: comments and dead branches count, so the
 * answer may name too much, never too little. */

enum scan_flag {
    SCAN_TIME = 1,      /* __DATE__, __TIME__ */
    SCAN_TIMESTAMP = 2, /* __TIMESTAMP__ */
    SCAN_HIDDEN = 4, /* .incbin, #embed and others that read files unlisted; disguises */
    SCAN_COMPUTED = 16,      /* an #include whose name is a macro */
    SCAN_NEXT_COMPUTED = 64, /* any name may be searched behind the file at hand */
    SCAN_ASKS = 128,         /* an #if or #elif with __has_include, or a header's name */
};

enum scan_name_kind {
    SCAN_ANGLE, /* <name>: searched along the path */
    SCAN_QUOTE, /* "name": first in the directory of the file itself */
    SCAN_NEXT,  /* #include_next, __has_include_next */
    SCAN_MACRO, /* "name" in a #define: an #include of any file may stand for it */
    /* no names, but whole logical lines, for nvcc/probe.h */
    SCAN_DEFINE,    /* what stands behind #define */
    SCAN_CONDITION, /* behind #if or #elif */
    SCAN_COMPUTES,  /* behind an #include whose name is a macro */
};

/* Every header name in a directive: #include, #include_next, #import, and anything that
 * looks like one in #if, #elif and #define (__has_include may hide behind a
 * macro). The name is not NUL-terminated. */
typedef void scan_visitor(enum scan_name_kind kind, const char *name, size_t len,
                          void *arg);

/* Can text in quotes, in a #define, be meant for a header's name, as opposed to a message
 * or a format? */
bool scan_is_header_like(const char *name, size_t len);

/* May the assembler read a file for this text: .incbin, .include, or a macro of its own
 * that could be put together to one of them? */
bool scan_takes_files(const char *text, size_t len);

/* May the text say `#pragma GCC system_header`? */
bool scan_says_system(const char *text, size_t len);

/* Returns a set of scan_flag. */
unsigned scan_text(const char *text, size_t len, scan_visitor *visit, void *arg);

#endif
