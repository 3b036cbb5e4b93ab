/* A config file may hold anything: reading ends, what is accepted as a value is written
 * and read back as the same, and setting one name leaves exactly one line that sets it
 * and all other lines as they were. */

#include "config_priv.h"
#include "setting_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"

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
sets(const struct config_line *line, const char *name)
{
    return line->value != NULL && strcmp(line->name, name) == 0;
}

static void
read_value(struct arena *arena, const struct config_line *line, struct config *config)
{
    const enum setting_id id = setting_find(line->name, strlen(line->name));
    const char *text;

    if (line->value == NULL || id == SETTING_COUNT || line->value[0] == '\0' ||
        setting_parse(arena, id, line->value, config) != NULL)
        return;
    text = setting_text(arena, config, id);
    if (text[0] == '\0')
        return; /* a list of nothing */
    check(setting_parse(arena, id, text, config) == NULL);
    check(strcmp(setting_text(arena, config, id), text) == 0);
}

/* The lines that do not set `name`, as they stand. */
static void
collect_others(struct arena *arena, const char *text, const char *name, struct buf *out,
               unsigned *out_count)
{
    while (*text != '\0') {
        struct config_line line;
        const char *const next = config_line_read(arena, text, &line);

        check(next > text);
        if (sets(&line, name))
            ++*out_count;
        else
            buf_append(out, text, (size_t)(next - text));
        text = next;
    }
    if (out->len > 0 && out->data[out->len - 1] != '\n')
        buf_append_char(out, '\n');
}

static void
set_one(struct arena *arena, const char *text)
{
    AUTO_BUF after = BUF_INIT;
    AUTO_BUF others_before = BUF_INIT;
    AUTO_BUF others_after = BUF_INIT;
    unsigned before_count = 0;
    unsigned after_count = 0;

    config_text_set(arena, text, "max_size", "20G", &after);
    collect_others(arena, text, "max_size", &others_before, &before_count);
    collect_others(arena, buf_str(&after), "max_size", &others_after, &after_count);
    check(after_count == 1);
    check(strcmp(buf_str(&others_before), buf_str(&others_after)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    const char *const text = arena_strndup(&arena, (const char *)data, size);
    struct config config = {0};

    setenv("HOME", "/home/mk", 1);
    for (const char *at = text; *at != '\0';) {
        struct config_line line;

        at = config_line_read(&arena, at, &line);
        read_value(&arena, &line, &config);
    }
    set_one(&arena, text);
    arena_fini(&arena);
    return 0;
}
