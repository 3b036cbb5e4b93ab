/* The form of a config file, and the change of one line in it.
 *
 * Changing keeps every other line as its owner wrote it, and what a symbolic link points
 * to is changed, not the link: people keep such files in a repository of their own. */

#include "config_priv.h"
#include "setting_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/tmpfile.h"

#include <errno.h>
#include <string.h>

#define BLANKS " \t\r"

/* The text from `start` to `end` without the blanks around it. */
static char *
trimmed(struct arena *arena, const char *start, const char *end)
{
    while (start < end && strchr(BLANKS, *start) != NULL)
        start++;
    while (end > start && strchr(BLANKS, end[-1]) != NULL)
        end--;
    return arena_strndup(arena, start, (size_t)(end - start));
}

const char *
config_line_read(struct arena *arena, const char *text, struct config_line *out)
{
    const char *const end = text + strcspn(text, "\n");
    const char *const sign = memchr(text, '=', (size_t)(end - text));
    const char *const first = text + strspn(text, BLANKS);

    if (first == end || *first == '#')
        *out = (struct config_line){"", NULL};
    else if (sign == NULL)
        *out = (struct config_line){trimmed(arena, text, end), NULL};
    else
        *out = (struct config_line){trimmed(arena, text, sign),
                                    trimmed(arena, sign + 1, end)};
    return *end == '\n' ? end + 1 : end;
}

void
config_text_set(struct arena *arena, const char *text, const char *name,
                const char *value, struct buf *out)
{
    bool is_done = false;

    while (*text != '\0') {
        struct config_line line;
        const char *const next = config_line_read(arena, text, &line);

        if (line.value == NULL || strcmp(line.name, name) != 0)
            buf_append(out, text, (size_t)(next - text));
        else if (!is_done)
            buf_printf(out, "%s = %s\n", name, value);
        is_done = is_done || (line.value != NULL && strcmp(line.name, name) == 0);
        text = next;
    }
    if (is_done)
        return;
    if (out->len > 0 && out->data[out->len - 1] != '\n')
        buf_append_char(out, '\n');
    buf_printf(out, "%s = %s\n", name, value);
}

static enum nvc_status
replace_line(struct arena *arena, const char *path, const char *name, const char *value)
{
    AUTO_BUF before = BUF_INIT;
    AUTO_BUF after = BUF_INIT;
    const char *const target = fs_realpath(arena, path);
    struct stat info = {.st_mode = 0644};
    enum nvc_status st;

    if (target == NULL && errno == ENOENT) {
        st = fs_mkdirs(path_dir(arena, path), 0700);
    } else if (target == NULL || stat(target, &info) != 0) {
        return status_from_errno(errno);
    } else {
        path = target;
        st = fs_read(path, CONFIG_FILE_MAX, &before);
    }
    if (st != NVC_OK)
        return st;
    config_text_set(arena, buf_str(&before), name, value, &after);
    return tmpfile_write(path, after.data, after.len, info.st_mode & 0777);
}

enum nvc_status
config_save(struct arena *arena, const struct config *config, enum setting_id id,
            const char *value, const char **out_problem)
{
    const char *const name = setting_row(id)->name;
    struct config scratch = *config;
    const char *problem = NULL;

    *out_problem = NULL;
    if (config->user_file == NULL)
        problem = "HOME is not set, so there is no config file to write";
    else if (value[strcspn(value, "\n")] != '\0')
        problem = "a value is one line";
    else if (value[0] != '\0')
        problem = setting_parse(arena, id, value, &scratch);
    if (problem != NULL) {
        *out_problem = arena_printf(arena, "%s: %s", name, problem);
        return NVC_ERR_CONFIG;
    }
    return replace_line(arena, config->user_file, name, value);
}
