/* For each file named on standard input, a line of fields with tabs between them: the
 * header names in its text, as nvcache sees them, and at last 1 if there may be others
 * that cannot be seen, or 0.  For asked.py, which asks gcc the same. */

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/nvcc/probe.h"
#include "nvcache/nvcc/scan.h"

#include <stdio.h>
#include <string.h>

enum {
    NAME_SIZE = 4096,
    TEXT_MAX = 1 << 20,
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

static int
print_names(const char *path)
{
    struct arena arena = ARENA_INIT;
    struct probes *probes = probes_new(&arena);
    AUTO_BUF text = BUF_INIT;
    unsigned flags;

    if (fs_read(path, TEXT_MAX, &text) != NVC_OK) {
        fprintf(stderr, "asked: cannot read %s\n", path);
        return 1;
    }
    flags = scan_text((const char *)text.data, text.len, print_name, probes);
    puts((flags & UNSEEN) != 0 || (probes_finish(probes) & PROBES_UNSEEN) != 0 ? "1"
                                                                               : "0");
    arena_fini(&arena);
    return 0;
}

int
main(void)
{
    char name[NAME_SIZE];

    while (fgets(name, sizeof(name), stdin) != NULL) {
        name[strcspn(name, "\n")] = '\0';
        if (print_names(name) != 0)
            return 1;
    }
    return 0;
}
