/* For each file named on standard input, a line: does its text show where it is (1) or
 * not (0), as nvcache sees it?  For shown.py, which asks gcc the same. */

#include "each_text.h"
#include "nvcache/nvcc/mentions.h"

#include <stdio.h>

static void
print_shown(struct arena *arena, const char *text, size_t len)
{
    struct mentions *mentions = mentions_new(arena, 1, 0);

    mentions_add_file(mentions, 0, text, len);
    mentions_finish(mentions);
    puts(mentions_shows(mentions, 0) ? "1" : "0");
}

int
main(void)
{
    return print_each_text(print_shown);
}
