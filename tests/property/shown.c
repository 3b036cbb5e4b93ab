/* For each file named on standard input, a line: does its text show where it is (1) or
 * not (0), as nvcache sees it?  For shown.py, which asks gcc the same. */

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/nvcc/mentions.h"

#include <stdio.h>
#include <string.h>

enum {
    NAME_SIZE = 4096,
    TEXT_MAX = 1 << 20
};

static int
print_shown(const char *path)
{
    struct arena arena = ARENA_INIT;
    struct mentions *mentions = mentions_new(&arena, 1, 0);
    AUTO_BUF text = BUF_INIT;

    if (fs_read(path, TEXT_MAX, &text) != NVC_OK) {
        fprintf(stderr, "shown: cannot read %s\n", path);
        return 1;
    }
    mentions_add_file(mentions, 0, (const char *)text.data, text.len);
    mentions_finish(mentions);
    puts(mentions_shows(mentions, 0) ? "1" : "0");
    arena_fini(&arena);
    return 0;
}

int
main(void)
{
    char name[NAME_SIZE];

    while (fgets(name, sizeof(name), stdin) != NULL) {
        name[strcspn(name, "\n")] = '\0';
        if (print_shown(name) != 0)
            return 1;
    }
    return 0;
}
