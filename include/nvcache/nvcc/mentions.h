#ifndef NVCACHE_NVCC_MENTIONS_H
#define NVCACHE_NVCC_MENTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Which files of a unit can show where they are in what it compiles to.
 *
 * __FILE__ is the name of the file in which the outermost macro is expanded: assert() in
 * a user's file shows the user's path, whoever wrote the macro.  So a file shows its path
 * if its text mentions __FILE__ or a macro whose text does, through any number of macros.
 * __builtin_FILE and __builtin_source_location as default arguments show the path of
 * whoever calls, without a mention there: where they are used, every file shows its path.
 *
 * Nothing is preprocessed: strings and dead branches count, comments where they cannot be
 * told from code for sure, and all definitions of a name together, so the answer may name
 * too much, never too little.  (One edge: a macro's name pasted together of more than
 * three parts.) */

struct mentions;

enum mentions_flag {
    MENTIONS_CLANG =
        1,         /* the host compiler's __PRETTY_FUNCTION__ names a lambda's file */
    MENTIONS_C = 2 /* the source is C: in its first standard two slashes are code */
};

/* Files are told apart by group, 0 to n_groups - 1.  `flags`: enum mentions_flag. */
struct mentions *mentions_new(struct arena *arena, size_t n_groups, unsigned flags);

/* The text need not end with a NUL, nor live on. */
void mentions_add_file(struct mentions *mentions, size_t group, const char *text,
                       size_t len);

/* A word of the command line, which may define a macro. */
void mentions_add_option(struct mentions *mentions, const char *text);

/* After everything was added. */
void mentions_finish(struct mentions *mentions);
bool mentions_shows(const struct mentions *mentions, size_t group);

#endif
