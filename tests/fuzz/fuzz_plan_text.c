/* Preprocessed text of anything: never a crash; lines in front and other line numbers do
 * not change what its tokens are; one byte of a token does. */

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/plan/image.h"
#include "nvcache/plan/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool claim)
{
    if (!claim)
        abort();
}

static bool
tokens_behind(const char *before, const char *text, size_t len, struct digest *out)
{
    AUTO_BUF moved = BUF_INIT;

    buf_append_str(&moved, before);
    buf_append(&moved, text, len);
    return text_digest_tokens(buf_str(&moved), moved.len, NULL, out, NULL);
}

static void
check_tokens(const char *text, size_t len)
{
    struct digest plain;
    struct digest moved;
    struct digest other;

    if (!tokens_behind("\n", text, len, &plain))
        return;
    check(tokens_behind("# 7 \"elsewhere.h\"\n\n \n", text, len, &moved));
    check(digest_equal(&plain, &moved));
    check(tokens_behind("\nx\n", text, len, &other));
    check(!digest_equal(&plain, &other));
}

/* What was digested before has the digest that it had. */
static void
check_known(const char *text, size_t len)
{
    struct arena arena = ARENA_INIT;
    struct text_passages *known = text_passages_new(&arena);
    struct digest alone;
    struct digest again;
    const bool has_tokens = text_digest_tokens(text, len, NULL, &alone, NULL);

    for (int i = 0; i < 2; i++) {
        check(text_digest_tokens(text, len, known, &again, NULL) == has_tokens);
        check(!has_tokens || digest_equal(&alone, &again));
    }
    arena_fini(&arena);
}

static void
check_inputs(const char *text, size_t len)
{
    struct arena arena = ARENA_INIT;
    struct text_inputs inputs;

    text_inputs_init(&inputs, &arena);
    if (text_inputs_add(&inputs, text, len)) {
        const size_t n = inputs.files.n;

        check(text_inputs_add(&inputs, text, len));
        check(inputs.files.n == n);
    }
    arena_fini(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF text = BUF_INIT;
    AUTO_BUF image = BUF_INIT;
    struct digest frame;

    buf_append(&text, data, size);
    check_tokens(buf_str(&text), size);
    check_known(buf_str(&text), size);
    check_inputs(buf_str(&text), size);
    if (image_read(buf_str(&text), size, &image, &frame))
        check(image.len % 8 == 0);
    return 0;
}
