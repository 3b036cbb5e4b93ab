#ifndef NVCACHE_TESTS_NVCC_FIXTURE_H
#define NVCACHE_TESTS_NVCC_FIXTURE_H

/* Command lines as a person types them, for the tests of the nvcc room. */

#include "nvcache/base/arena.h"
#include "nvcache/base/strlist.h"
#include "nvcache/nvcc/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct parsed {
    struct arena arena;
    struct nvcc_command command;
    enum nvc_status status; /* of command_parse, then of command_classify */
};

/* One word of a shell line with '...', "..." (where \" and \\ are known) and \x. */
__attribute__((unused)) static const char *
fixture_word(const char *at, char *to)
{
    char quote = '\0';

    for (; *at != '\0' && (quote != '\0' || *at != ' '); at++) {
        if (quote == '\0' && (*at == '\'' || *at == '"'))
            quote = *at;
        else if (quote != '\0' && *at == quote)
            quote = '\0';
        else if (*at == '\\' && quote != '\'' &&
                 (quote == '\0' || at[1] == '"' || at[1] == '\\'))
            *to++ = *++at;
        else
            *to++ = *at;
    }
    *to = '\0';
    return at;
}

/* The words of `line`, which begins with the compiler. */
__attribute__((unused)) static void
fixture_split(struct arena *arena, const char *line, struct strlist *out)
{
    const char *at = line;

    strlist_init(out, arena);
    for (;;) {
        char *word = arena_alloc(arena, strlen(line) + 1);

        at += strspn(at, " ");
        if (*at == '\0')
            return;
        at = fixture_word(at, word);
        strlist_add(out, word);
    }
}

/* Parse and classify.  The caller ends with fixture_done. */
__attribute__((unused)) static void
fixture_parse(struct parsed *parsed, const char *line)
{
    struct strlist words;

    *parsed = (struct parsed){.arena = ARENA_INIT};
    fixture_split(&parsed->arena, line, &words);
    parsed->status =
        command_parse(&parsed->arena, (int)words.n, words.v, &parsed->command);
    if (parsed->status == NVC_OK)
        parsed->status = command_classify(&parsed->arena, &parsed->command);
}

__attribute__((unused)) static void
fixture_done(struct parsed *parsed)
{
    arena_fini(&parsed->arena);
}

__attribute__((unused)) static enum nvc_status
fixture_status(const char *line)
{
    struct parsed parsed;

    fixture_parse(&parsed, line);
    fixture_done(&parsed);
    return parsed.status;
}

/* A failure message that names the line. */
#define assert_line(condition, line)                                                     \
    do {                                                                                 \
        if (!(condition))                                                                \
            fail_msg("%s: %s", #condition, line);                                        \
    } while (0)

#endif
