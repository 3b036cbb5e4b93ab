/* Definitions and conditions out of anything: whatever stands before it but a comment
 * that goes on, a header is seen to be asked for by a name that a macro makes. */

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/nvcc/probe.h"
#include "nvcache/nvcc/scan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_line(enum scan_name_kind kind, const char *text, size_t len, void *arg)
{
    if (kind == SCAN_DEFINE)
        probes_add_define(arg, text, len, false);
    if (kind == SCAN_CONDITION)
        probes_add_condition(arg, text, len, false);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char more[] = "\n\n#if A(NAME)\n#define A(x) B(x)\n"
                               "#define B(x) __has_include(x)\n";
    struct arena arena = ARENA_INIT;
    struct probes *probes = probes_new(&arena);
    AUTO_BUF text = BUF_INIT;
    AUTO_BUF option = BUF_INIT;

    buf_append(&text, data, size);
    buf_append_str(&option, buf_str(&text));
    probes_add_option(probes, buf_str(&option));
    buf_append_str(&text, more);
    scan_text((const char *)text.data, text.len, on_line, probes);
    if ((probes_finish(probes) & PROBES_UNSEEN) == 0 &&
        memmem(data, size, "/*", 2) == NULL)
        abort();
    arena_fini(&arena);
    return 0;
}
