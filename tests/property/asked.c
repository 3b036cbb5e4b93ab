/* For each file named on standard input, a line of fields with tabs between them: the
 * header names in its text, as nvcache sees them, and at last 1 if there may be others
 * that cannot be seen, or 0.  For asked.py, which asks gcc the same. */

#include "each_text.h"
#include "nvcache/nvcc/probe.h"
#include "nvcache/nvcc/scan.h"

#include <stdbool.h>
#include <stdio.h>

enum {
    UNSEEN = SCAN_COMPUTED | SCAN_NEXT_COMPUTED | SCAN_HIDDEN
};

static void
print_name(enum scan_name_kind kind, const char *text, size_t len, void *arg)
{
    if (kind == SCAN_DEFINE)
        probes_add_define(arg, text, len, true);
    if (kind == SCAN_CONDITION)
        probes_add_condition(arg, text, len, true);
    if (kind > SCAN_MACRO || (kind == SCAN_MACRO && !scan_is_header_like(text, len)))
        return;
    for (size_t i = 0; i < len; i++)
        putchar(text[i] < ' ' ? '?' : text[i]);
    putchar('\t');
}

static void
print_names(struct arena *arena, const char *text, size_t len)
{
    struct probes *probes = probes_new(arena);
    const unsigned flags = scan_text(text, len, print_name, probes);
    const bool is_unseen =
        (flags & UNSEEN) != 0 || (probes_finish(probes) & PROBES_UNSEEN) != 0;

    puts(is_unseen ? "1" : "0");
}

int
main(void)
{
    return print_each_text(print_names);
}
