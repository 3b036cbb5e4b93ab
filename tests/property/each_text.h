/* For the programs that say of texts what nvcache sees in them: the files named on
 * standard input, one in a line, in the order of their names. */

#ifndef EACH_TEXT_H
#define EACH_TEXT_H

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"

#include <stdio.h>
#include <string.h>

enum {
    NAME_SIZE = 4096,
    TEXT_MAX = 1 << 20
};

/* Prints a line of its own. */
typedef void print_text(struct arena *arena, const char *text, size_t len);

static int
print_file(const char *path, print_text *print)
{
    struct arena arena = ARENA_INIT;
    AUTO_BUF text = BUF_INIT;

    if (fs_read(path, TEXT_MAX, &text) != NVC_OK) {
        fprintf(stderr, "cannot read %s\n", path);
        return 1;
    }
    print(&arena, (const char *)text.data, text.len);
    arena_fini(&arena);
    return 0;
}

/* Returns what main returns: 1 if a file cannot be read. */
static int
print_each_text(print_text *print)
{
    char name[NAME_SIZE];

    while (fgets(name, sizeof(name), stdin) != NULL) {
        name[strcspn(name, "\n")] = '\0';
        if (print_file(name, print) != 0)
            return 1;
    }
    return 0;
}

#endif
