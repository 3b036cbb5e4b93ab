/* `nvcache config`: every setting, its value and where it came from, for a person and for
 * programs.  Both follow the table of settings; neither knows one by name. */

#include "settings_priv.h"

#include "json_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"

#include <string.h>

/* A longer value moves its own row and no other. */
#define MAX_VALUE_WIDTH 40

/* Where the value stands, so that one can go there and change it. */
static const char *
place_of(const struct config *config, enum setting_id id)
{
    switch (config->origin[id]) {
    case ORIGIN_SYSTEM_FILE:
        return config->system_file;
    case ORIGIN_USER_FILE:
        return config->user_file;
    case ORIGIN_ENVIRONMENT:
        return setting_row(id)->variable;
    case ORIGIN_COMMAND_LINE:
        return "command line";
    case ORIGIN_DEFAULT:
    default:
        return "default";
    }
}

static const char *
shown(struct arena *arena, const struct config *config, enum setting_id id)
{
    const char *const text = setting_text(arena, config, id);

    return text[0] != '\0' ? text : "-";
}

void
settings_put_page(struct buf *out, struct arena *arena, const struct config *config)
{
    size_t name_width = 0;
    size_t value_width = 0;

    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        const size_t name_len = strlen(setting_row(id)->name);
        const size_t value_len = strlen(shown(arena, config, id));

        name_width = name_len > name_width ? name_len : name_width;
        if (value_len > value_width && value_len <= MAX_VALUE_WIDTH)
            value_width = value_len;
    }
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        buf_printf(out, "%-*s  %-*s  %s\n", (int)name_width, setting_row(id)->name,
                   (int)value_width, shown(arena, config, id), place_of(config, id));
    buf_printf(out, "\nYour config file is %s\n",
               config->user_file != NULL ? config->user_file
                                         : "nowhere: HOME is not set");
    if (config->system_file != NULL)
        buf_printf(out, "The system's is %s\n", config->system_file);
}

static void
put_list(struct json *json, const struct strlist *list)
{
    json_open(json, "value", '[');
    for (size_t i = 0; i < list->n; i++)
        json_string(json, NULL, list->v[i]);
    json_close(json, ']');
}

static void
put_value(struct json *json, const struct setting *row, const void *field,
          const char *text)
{
    switch (row->kind) {
    case SETTING_BOOL:
        json_bool(json, "value", *(const bool *)field);
        break;
    case SETTING_SIZE:
        json_count(json, "value", *(const uint64_t *)field);
        break;
    case SETTING_UMASK:
        json_string(json, "value", *(const int *)field >= 0 ? text : NULL);
        break;
    case SETTING_INT:
        json_int(json, "value", *(const int *)field);
        break;
    case SETTING_DIR:
    case SETTING_FILE:
        json_string(json, "value", *(const char *const *)field);
        break;
    case SETTING_MEMORY:
        json_string(json, "value", text[0] != '\0' ? text : NULL);
        break;
    case SETTING_DIRS:
    case SETTING_PATTERNS:
    default:
        put_list(json, field);
        break;
    }
}

void
settings_put_json(struct buf *out, struct arena *arena, const struct config *config)
{
    struct json json;

    json_begin(&json, out);
    json_open(&json, NULL, '{');
    json_int(&json, "format", CONFIG_JSON_FORMAT);
    json_open(&json, "settings", '{');
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        const struct setting *const row = setting_row(id);

        json_open(&json, row->name, '{');
        put_value(&json, row, (const char *)config + row->offset,
                  setting_text(arena, config, id));
        json_string(&json, "from", place_of(config, id));
        json_close(&json, '}');
    }
    json_close(&json, '}');
    json_string(&json, "user_file", config->user_file);
    json_string(&json, "system_file", config->system_file);
    json_open(&json, "problems", '[');
    for (size_t i = 0; i < config->problems.n; i++)
        json_string(&json, NULL, config->problems.v[i]);
    json_close(&json, ']');
    json_close(&json, '}');
}
