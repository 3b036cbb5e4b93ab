/* All settings together: from the defaults, the two config files, the environment and the
 * command line, weakest first, each overwriting the one before.
 *
 * This runs before every compile: two open attempts, one pass over the environment, no
 * other system call.  It never fails.  A value that is not accepted leaves the weaker one
 * in place and becomes a line in config->problems. */

#include "setting_priv.h"
#include "config_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where a text stands: a file and line, or a variable or word by its name alone. */
struct place {
    enum config_origin origin;
    const char *file;
    int line;
};

static void
add_problem(struct arena *arena, struct config *config, const struct place *place,
            const char *name, const char *text)
{
    char *line;

    if (place->file == NULL)
        line = arena_printf(arena, "%s: %s", name, text);
    else
        line = arena_printf(arena, "%s:%d: %s: %s", place->file, place->line, name, text);
    strlist_add(&config->problems, line);
}

/* An empty text takes the default again. */
static void
apply(struct arena *arena, struct config *config, enum setting_id id, const char *text,
      const struct place *place)
{
    const struct setting *const row = setting_row(id);
    const char *problem = NULL;

    if (text[0] == '\0')
        setting_reset(arena, id, config);
    else
        problem = setting_parse(arena, id, text, config);
    if (problem == NULL)
        config->origin[id] = place->origin;
    else
        add_problem(arena, config, place,
                    place->origin == ORIGIN_ENVIRONMENT ? row->variable : row->name,
                    problem);
}

static void
apply_line(struct arena *arena, struct config *config, const struct config_line *line,
           const struct place *place)
{
    const enum setting_id id = setting_find(line->name, strlen(line->name));

    if (line->name[0] == '\0' && line->value == NULL)
        return; /* blank, or a comment */
    if (line->value == NULL)
        add_problem(arena, config, place, line->name, "a line is written NAME = VALUE");
    else if (id == SETTING_COUNT)
        add_problem(arena, config, place, line->name,
                    "there is no such setting; `nvcache config` lists them");
    else
        apply(arena, config, id, line->value, place);
}

/* A file below a directory we may not even search is as good as absent: HOME is often
 * somebody else's in containers. */
static bool
is_out_of_reach(struct arena *arena, const char *path)
{
    return errno == EACCES && access(path_dir(arena, path), X_OK) != 0;
}

static void
apply_file(struct arena *arena, struct config *config, enum config_origin origin,
           const char *path)
{
    AUTO_BUF text = BUF_INIT;
    struct place place = {.origin = origin, .file = path};

    if (path == NULL)
        return;
    if (fs_read(path, CONFIG_FILE_MAX, &text) != NVC_OK) {
        if (errno != ENOENT && errno != ENOTDIR && !is_out_of_reach(arena, path))
            strlist_add(&config->problems, arena_printf(arena, "%s: cannot be read: %s",
                                                        path, strerror(errno)));
        return;
    }
    for (const char *at = buf_str(&text); *at != '\0';) {
        struct config_line line;

        place.line++;
        at = config_line_read(arena, at, &line);
        apply_line(arena, config, &line, &place);
    }
}

/* One pass, so that the cost does not grow with the number of settings.  An empty
 * variable counts as not set; of two with one name the first counts, as with getenv. */
static void
apply_environment(struct arena *arena, struct config *config)
{
    const struct place place = {.origin = ORIGIN_ENVIRONMENT};

    for (char **entry = environ; *entry != NULL; entry++) {
        const size_t len = strcspn(*entry, "=");
        enum setting_id id;

        if (!str_starts(*entry, "NVCACHE_") || (*entry)[len] == '\0' ||
            (*entry)[len + 1] == '\0')
            continue;
        id = setting_find_variable(*entry, len);
        if (id != SETTING_COUNT && config->origin[id] != ORIGIN_ENVIRONMENT)
            apply(arena, config, id, *entry + len + 1, &place);
    }
}

static void
apply_words(struct arena *arena, struct config *config, char *const *words)
{
    const struct place place = {.origin = ORIGIN_COMMAND_LINE};

    for (; words != NULL && *words != NULL; words++) {
        const size_t len = strcspn(*words, "=");
        const enum setting_id id = setting_find(*words, len);

        if (id == SETTING_COUNT)
            add_problem(arena, config, &place, arena_strndup(arena, *words, len),
                        "there is no such setting; `nvcache config` lists them");
        else
            apply(arena, config, id, (*words)[len] == '=' ? *words + len + 1 : "",
                  &place);
    }
}

static const char *
user_file(struct arena *arena)
{
    const char *const config_home = getenv("XDG_CONFIG_HOME");
    const char *const home = getenv("HOME");

    if (config_home != NULL && path_is_absolute(config_home))
        return path_join(arena, config_home, "nvcache/config");
    if (home != NULL && path_is_absolute(home))
        return path_join(arena, home, ".config/nvcache/config");
    return NULL;
}

void
config_load(struct arena *arena, char *const *words, const char *system_file,
            struct config *out)
{
    *out = (struct config){.system_file = system_file, .user_file = user_file(arena)};
    strlist_init(&out->problems, arena);
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        setting_reset(arena, id, out);
    apply_file(arena, out, ORIGIN_SYSTEM_FILE, system_file);
    apply_file(arena, out, ORIGIN_USER_FILE, out->user_file);
    apply_environment(arena, out);
    apply_words(arena, out, words);
    if (out->dir == NULL)
        strlist_add_copy(&out->problems,
                         "HOME is not set, so there is no place for the cache; "
                         "set NVCACHE_DIR to a directory");
}
