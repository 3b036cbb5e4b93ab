/* Command lines of anything (one word a line): never a crash, what is accepted is
 * complete, and reading twice gives the same.  The grammars of words: what was read and
 * is quoted again is read as the same. */

#include "words_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/nvcc/command.h"

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

static void
check_same_words(const struct strlist *a, const struct strlist *b)
{
    check(a->n == b->n);
    for (size_t i = 0; i < a->n; i++)
        check(strcmp(a->v[i], b->v[i]) == 0);
}

static void
check_list(struct arena *arena, const char *text, enum option_arity arity)
{
    struct strlist words;

    strlist_init(&words, arena);
    if (!words_of_list(text, arity, &words))
        return;
    for (size_t i = 0; i < words.n; i++) {
        struct strlist again;

        strlist_init(&again, arena);
        check(
            words_of_list(words_quote_element(arena, words.v[i], arity), arity, &again));
        check(again.n == 1 && strcmp(again.v[0], words.v[i]) == 0);
    }
}

/* 'word' 'word': sh reads it as the same words. */
static void
check_shell(struct arena *arena, const char *text)
{
    struct strlist words;
    struct strlist again;
    const char *quoted = "";

    strlist_init(&words, arena);
    strlist_init(&again, arena);
    if (!words_of_shell(text, &words))
        return;
    for (size_t i = 0; i < words.n && i < 64; i++) {
        if (strchr(words.v[i], '\'') != NULL)
            return;
        quoted = arena_printf(arena, "%s '%s'", quoted, words.v[i]);
    }
    if (words.n > 64)
        return;
    check(words_of_shell(quoted, &again));
    check_same_words(&words, &again);
}

/* Every character behind a backslash: an options file with the same words. */
static void
check_file(struct arena *arena, const char *text, size_t len)
{
    struct strlist words;
    struct strlist again;
    char *to = arena_alloc(arena, 3 * len + 3);
    size_t n = 0;

    strlist_init(&words, arena);
    strlist_init(&again, arena);
    if (!words_of_file(text, len, &words))
        return;
    for (size_t i = 0; i < words.n; i++) {
        if (words.v[i][0] == '\0' || strchr(words.v[i], '"') != NULL)
            return;
        for (const char *c = words.v[i]; *c != '\0'; c++) {
            to[n++] = '\\';
            to[n++] = *c;
        }
        to[n++] = '\n';
    }
    check(words_of_file(to, n, &again));
    check_same_words(&words, &again);
}

static enum nvc_status
read_command(struct arena *arena, struct strlist *words, struct nvcc_command *out)
{
    enum nvc_status st = command_parse(arena, (int)words->n, words->v, out);

    if (st == NVC_OK)
        st = command_classify(arena, out);
    check(st == NVC_OK || status_kind(st) == NVC_KIND_BYPASS);
    return st;
}

static size_t
check_command(struct arena *arena, struct strlist *words, struct command_item **items)
{
    struct nvcc_command command;
    struct search_dir *dirs;
    size_t n;

    if (read_command(arena, words, &command) != NVC_OK)
        return 0;
    check(command.source != NULL && command.output != NULL && command.language != NULL);
    check((command.deps == DEPS_NONE) == (command.depfile == NULL));
    check(command.phase != PHASE_LINK && command.phase != PHASE_CUDA);
    n = command_items(arena, &command, items);
    check(n > 0);
    for (size_t i = 0; i < n; i++)
        check((*items)[i].label != NULL && (*items)[i].text != NULL);
    check(command_search_dirs(arena, &command, &dirs) <= n);
    return n;
}

static void
check_words(struct arena *arena, char *text)
{
    struct strlist words;
    struct command_item *items;
    struct command_item *again;
    size_t n;

    strlist_init(&words, arena);
    strlist_add_copy(&words, "nvcc");
    for (char *at = text; at != NULL;) {
        char *end = strchr(at, '\n');

        if (end != NULL)
            *end++ = '\0';
        /* The contents of files are not part of the input. */
        if (strstr(at, "-optf") != NULL || strstr(at, "--options-file") != NULL)
            return;
        strlist_add(&words, at);
        at = end;
    }
    n = check_command(arena, &words, &items);
    check(check_command(arena, &words, &again) == n);
    for (size_t i = 0; i < n; i++)
        check(strcmp(items[i].label, again[i].label) == 0 &&
              strcmp(items[i].text, again[i].text) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    struct strlist words;
    char *text = arena_strndup(&arena, (const char *)data, size);

    unsetenv("NVCC_PREPEND_FLAGS");
    unsetenv("NVCC_APPEND_FLAGS");
    check_file(&arena, (const char *)data, size);
    check_list(&arena, text, ARITY_TEXTS);
    check_list(&arena, text, ARITY_PATHS);
    check_list(&arena, text, ARITY_RAWS);
    check_shell(&arena, text);
    strlist_init(&words, &arena);
    if (words_of_environment(text, &words))
        check(words.n <= size);
    check_words(&arena, text);
    arena_fini(&arena);
    return 0;
}
