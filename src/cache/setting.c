/* One setting: its row of settings.def, its text read into struct config and written
 * back.
 *
 * A value is either taken as a whole or refused with a sentence that says what to write;
 * it is never bent into something near.  Nothing here knows where a text came from
 * (config.c does), and nothing here touches the file system. */

#include "setting_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/path.h"
#include "nvcache/base/units.h"
#include "nvcache/sched/budget.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* Less would hold no CUDA object at all. */
#define MIN_SIZE ((uint64_t)1 << 20)

static const struct setting rows[SETTING_COUNT] = {
#define NVC_SETTING(name, variable, kind, text, min, max, help)                          \
    {#name, variable, SETTING_##kind, text,                                              \
     min,   max,      help,           offsetof(struct config, name)},
#include "nvcache/cache/settings.def"
#undef NVC_SETTING
};

const struct setting *
setting_row(enum setting_id id)
{
    return &rows[id];
}

static bool
is_text(const char *text, const char *start, size_t len)
{
    return strncmp(text, start, len) == 0 && text[len] == '\0';
}

enum setting_id
setting_find(const char *name, size_t len)
{
    enum setting_id id = 0;

    while (id < SETTING_COUNT && !is_text(rows[id].name, name, len))
        id++;
    return id;
}

enum setting_id
setting_find_variable(const char *variable, size_t len)
{
    enum setting_id id = 0;

    while (id < SETTING_COUNT && !is_text(rows[id].variable, variable, len))
        id++;
    return id;
}

static const char *
parse_bool(struct arena *arena, const char *text, bool *out)
{
    static const char *const words[] = {"0",     "1",    "no",  "yes",
                                        "false", "true", "off", "on"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *out = i % 2 == 1;
            return NULL;
        }
    }
    return arena_printf(arena, "\"%s\" is neither yes nor no; write 1 or 0", text);
}

static const char *
parse_size(struct arena *arena, const char *text, uint64_t *out)
{
    uint64_t bytes;

    if (!units_parse_size(text, &bytes))
        return arena_printf(arena, "\"%s\" is not a size; write e.g. 50G", text);
    if (bytes < MIN_SIZE)
        return arena_printf(arena,
                            "\"%s\" is too small for a cache; write e.g. 50G "
                            "(NVCACHE_DISABLE=1 turns the cache off)",
                            text);
    *out = bytes;
    return NULL;
}

/* A percentage is 1 to 100, a size at least MIN_SIZE: they cannot be mistaken. */
static const char *
parse_memory(struct arena *arena, const char *text, uint64_t *out)
{
    const size_t len = strlen(text);
    uint64_t bytes;
    char *end;
    long percent;

    if (strcasecmp(text, "off") == 0 || strcasecmp(text, "no") == 0) {
        *out = BUDGET_OFF;
        return NULL;
    }
    percent = strtol(text, &end, 10);
    if (len > 1 && strcmp(end, "%") == 0 && percent > 0 && percent <= 100) {
        *out = (uint64_t)percent;
        return NULL;
    }
    if (!units_parse_size(text, &bytes) || bytes < MIN_SIZE)
        return arena_printf(arena,
                            "\"%s\" is no amount of memory; write e.g. 24G, 80%% "
                            "or off",
                            text);
    *out = bytes;
    return NULL;
}

/* All of `text` as a number. */
static bool
read_number(const char *text, int base, long *out)
{
    char *end;

    errno = 0;
    *out = strtol(text, &end, base);
    return errno == 0 && end != text && *end == '\0';
}

static const char *
parse_int(struct arena *arena, const struct setting *row, const char *text, int *out)
{
    long value;

    if (!read_number(text, 10, &value) || value < row->min || value > row->max)
        return arena_printf(arena, "\"%s\" is not a number from %d to %d", text, row->min,
                            row->max);
    *out = (int)value;
    return NULL;
}

static const char *
parse_umask(struct arena *arena, const char *text, int *out)
{
    long value;

    if (!read_number(text, 8, &value) || value < 0 || value > 0777)
        return arena_printf(arena, "\"%s\" is not an octal umask; write e.g. 002", text);
    if ((value & S_IWOTH) == 0)
        return arena_printf(
            arena, "\"%s\" would let everybody change the cache; write e.g. 002", text);
    if ((value & S_IRWXU) != 0)
        return arena_printf(arena, "\"%s\" would lock yourself out; write e.g. 002",
                            text);
    *out = (int)value;
    return NULL;
}

/* `~/x` with HOME in front; NULL when HOME is of no use. */
static const char *
expand_home(struct arena *arena, const char *text)
{
    const char *home;

    if (text[0] != '~' || (text[1] != '/' && text[1] != '\0'))
        return text;
    home = getenv("HOME");
    if (home == NULL || !path_is_absolute(home))
        return NULL;
    return arena_printf(arena, "%s%s", home, text + 1);
}

static const char *
parse_file(struct arena *arena, const char *text, const char **out)
{
    const char *const path = expand_home(arena, text);

    if (path == NULL)
        return arena_printf(arena, "\"%s\" needs HOME, which is not set", text);
    *out = path;
    return NULL;
}

static const char *
parse_dir(struct arena *arena, const char *text, const char **out)
{
    const char *path = NULL;
    const char *const problem = parse_file(arena, text, &path);

    if (problem != NULL)
        return problem;
    if (!path_is_absolute(path))
        return arena_printf(arena, "\"%s\" is not an absolute path", text);
    *out = path_clean(arena, path);
    return NULL;
}

/* The parts of a:b:c; empty ones are left out. */
static const char *
parse_list(struct arena *arena, const struct setting *row, const char *text,
           struct strlist *out)
{
    struct strlist list;

    strlist_init(&list, arena);
    while (*text != '\0') {
        const size_t len = strcspn(text, ":");
        const char *part = arena_strndup(arena, text, len);
        const char *problem = NULL;

        if (len > 0)
            problem = row->kind == SETTING_DIRS ? parse_dir(arena, part, &part)
                                                : parse_file(arena, part, &part);
        if (problem != NULL)
            return problem;
        if (len > 0)
            strlist_add_copy(&list, part);
        text += text[len] == ':' ? len + 1 : len;
    }
    *out = list;
    return NULL;
}

static void *
field_of(struct config *config, enum setting_id id)
{
    return (char *)config + rows[id].offset;
}

const char *
setting_parse(struct arena *arena, enum setting_id id, const char *text,
              struct config *config)
{
    void *const field = field_of(config, id);

    switch (rows[id].kind) {
    case SETTING_BOOL:
        return parse_bool(arena, text, field);
    case SETTING_SIZE:
        return parse_size(arena, text, field);
    case SETTING_INT:
        return parse_int(arena, &rows[id], text, field);
    case SETTING_UMASK:
        return parse_umask(arena, text, field);
    case SETTING_DIR:
        return parse_dir(arena, text, field);
    case SETTING_FILE:
        return parse_file(arena, text, field);
    case SETTING_DIRS:
    case SETTING_PATTERNS:
        return parse_list(arena, &rows[id], text, field);
    case SETTING_MEMORY:
        return parse_memory(arena, text, field);
    default:
        return "has no kind";
    }
}

/* What an unset value looks like; for kinds whose default text may be "". */
static void
clear_field(struct arena *arena, enum setting_id id, struct config *config)
{
    void *const field = field_of(config, id);
    const enum setting_kind kind = rows[id].kind;

    if (kind == SETTING_UMASK)
        *(int *)field = -1;
    else if (kind == SETTING_MEMORY)
        *(uint64_t *)field = BUDGET_AUTOMATIC;
    else if (kind == SETTING_DIR || kind == SETTING_FILE)
        *(const char **)field = NULL;
    else if (kind == SETTING_DIRS || kind == SETTING_PATTERNS)
        strlist_init(field, arena);
}

void
setting_reset(struct arena *arena, enum setting_id id, struct config *config)
{
    const char *const cache_home = getenv("XDG_CACHE_HOME");
    const char *text = rows[id].default_text;

    if (id == SETTING_ID_dir && cache_home != NULL && path_is_absolute(cache_home))
        text = path_join(arena, cache_home, "nvcache");
    clear_field(arena, id, config);
    /* A default is refused only for want of HOME, and then the cleared field says so. */
    if (text[0] != '\0')
        (void)setting_parse(arena, id, text, config);
}

static const char *
list_text(struct arena *arena, const struct strlist *list)
{
    const char *text = "";

    for (size_t i = 0; i < list->n; i++)
        text = arena_printf(arena, "%s%s%s", text, i == 0 ? "" : ":", list->v[i]);
    return text;
}

static const char *
size_text(struct arena *arena, uint64_t bytes)
{
    AUTO_BUF out = BUF_INIT;

    units_put_exact_size(&out, bytes);
    return arena_strdup(arena, buf_str(&out));
}

static const char *
umask_text(struct arena *arena, int mask)
{
    return mask < 0 ? "" : arena_printf(arena, "%03o", (unsigned)mask);
}

static const char *
memory_text(struct arena *arena, uint64_t value)
{
    if (value == BUDGET_AUTOMATIC || value == BUDGET_OFF)
        return value == BUDGET_OFF ? "off" : "";
    return value <= 100 ? arena_printf(arena, "%u%%", (unsigned)value)
                        : size_text(arena, value);
}

const char *
setting_text(struct arena *arena, const struct config *config, enum setting_id id)
{
    const void *const field = (const char *)config + rows[id].offset;
    const char *path;

    switch (rows[id].kind) {
    case SETTING_BOOL:
        return *(const bool *)field ? "yes" : "no";
    case SETTING_SIZE:
        return size_text(arena, *(const uint64_t *)field);
    case SETTING_INT:
        return arena_printf(arena, "%d", *(const int *)field);
    case SETTING_UMASK:
        return umask_text(arena, *(const int *)field);
    case SETTING_DIR:
    case SETTING_FILE:
        path = *(const char *const *)field;
        return path != NULL ? path : "";
    case SETTING_DIRS:
    case SETTING_PATTERNS:
        return list_text(arena, field);
    case SETTING_MEMORY:
        return memory_text(arena, *(const uint64_t *)field);
    default:
        return "";
    }
}
