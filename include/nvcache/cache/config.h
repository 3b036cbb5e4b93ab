#ifndef NVCACHE_CACHE_CONFIG_H
#define NVCACHE_CACHE_CONFIG_H

#include "nvcache/base/status.h"
#include "nvcache/base/strlist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* The settings.  Strongest first: NAME=VALUE words of the command line, the environment,
 * the user's config file, the system's config file, the defaults.  No file is ever looked
 * for in or above the working directory: a source tree cannot change a setting.
 *
 * The list of settings, with what each means, is settings.def. */

enum setting_kind {
    SETTING_BOOL,     /* 1 yes true on, 0 no false off; bool */
    SETTING_SIZE,     /* 20G, 1.5T, 800 MiB; a bare number counts GiB; uint64_t bytes */
    SETTING_INT,      /* decimal, from min to max; int */
    SETTING_UMASK,    /* octal; int, -1 when not set */
    SETTING_DIR,      /* an absolute path, `~/` is HOME; const char *, cleaned */
    SETTING_FILE,     /* a path, `~/` is HOME; const char *, NULL when not set */
    SETTING_DIRS,     /* DIR:DIR:...; struct strlist */
    SETTING_PATTERNS, /* glob:glob:...; struct strlist */
    SETTING_MEMORY,   /* 24G, 80%, off; uint64_t as in sched/budget.h */
};

enum setting_id {
#define NVC_SETTING(name, variable, kind, text, min, max, help) SETTING_ID_##name,
#include "nvcache/cache/settings.def"
#undef NVC_SETTING
    SETTING_COUNT,
};

/* Where a value came from. */
enum config_origin {
    ORIGIN_DEFAULT,
    ORIGIN_SYSTEM_FILE,
    ORIGIN_USER_FILE,
    ORIGIN_ENVIRONMENT,
    ORIGIN_COMMAND_LINE,
};

#define NVC_SETTING_TYPE_BOOL     bool
#define NVC_SETTING_TYPE_SIZE     uint64_t
#define NVC_SETTING_TYPE_INT      int
#define NVC_SETTING_TYPE_UMASK    int
#define NVC_SETTING_TYPE_DIR      const char *
#define NVC_SETTING_TYPE_FILE     const char *
#define NVC_SETTING_TYPE_DIRS     struct strlist
#define NVC_SETTING_TYPE_PATTERNS struct strlist
#define NVC_SETTING_TYPE_MEMORY   uint64_t

struct config {
    /* One field per row of settings.def: config->dir, ->max_size, ->disable, ... */
#define NVC_SETTING(name, variable, kind, text, min, max, help)                          \
    NVC_SETTING_TYPE_##kind name;
#include "nvcache/cache/settings.def"
#undef NVC_SETTING

    enum config_origin origin[SETTING_COUNT];
    const char *system_file; /* as given to config_load; may be NULL */
    const char *user_file;   /* whether it exists or not; NULL without HOME */

    /* One line for each value that was not accepted: where it stands, what is wrong, what
     * to write.  Such a value counts as not given.  The launcher goes on and counts
     * ERR_CONFIG once; sub-commands print the lines. */
    struct strlist problems;
};

/* Read all settings.  `words` (may be NULL) is a NULL-terminated list of NAME=VALUE.
 * `system_file` may be NULL.  Never fails: everything that is wrong is in out->problems.
 * out->dir is NULL when there is no place for a cache (HOME is not set), with a problem
 * that says so: then run without one.  Opens two files, at most, and nothing else. */
void config_load(struct arena *arena, char *const *words, const char *system_file,
                 struct config *out);

/* Set NAME in the user's config file; the other lines stay as they are.  `value` is
 * checked first: on ERR_CONFIG *out_problem is a line that says what is wrong.  On
 * another failure it is NULL and errno tells. */
NVC_NODISCARD enum nvc_status config_save(struct arena *arena,
                                          const struct config *config, enum setting_id id,
                                          const char *value, const char **out_problem);

/* The row of a setting. */
struct setting {
    const char *name;
    const char *variable;
    enum setting_kind kind;
    const char *default_text;
    int min;
    int max;
    const char *help;
    size_t offset; /* of its field in struct config */
};
const struct setting *setting_row(enum setting_id id);

/* The setting of that name (`len` bytes), or SETTING_COUNT. */
enum setting_id setting_find(const char *name, size_t len);

/* The value as one would write it ("" when not set). */
const char *setting_text(struct arena *arena, const struct config *config,
                         enum setting_id id);

#endif
