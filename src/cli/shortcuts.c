/* ccache's options, for people's fingers: each stands for a sub-command.
 *
 * They combine as there (`-zC`, `-M20G`, `--max-size=20G`).  All are read before the
 * first is done, so that a typing error after -C does not cost the cache. */

#include "shortcuts_priv.h"

#include "commands_priv.h"
#include "console_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/strlist.h"

#include <string.h>

static int
do_stats(struct console *console, char *value)
{
    (void)value;
    return run_stats(console, &(struct arguments){0});
}

static int
do_zero(struct console *console, char *value)
{
    (void)value;
    return run_stats(console, &(struct arguments){.options = OPTION_ZERO});
}

static int
do_clear(struct console *console, char *value)
{
    (void)value;
    return run_clear(console, &(struct arguments){0});
}

static int
do_trim(struct console *console, char *value)
{
    (void)value;
    return run_trim(console, &(struct arguments){0});
}

static int
do_max_size(struct console *console, char *value)
{
    char *word = arena_printf(console->arena, "max_size=%s", value);

    return run_config(console, &(struct arguments){.operands = &word, .n = 1});
}

static int
do_config(struct console *console, char *value)
{
    (void)value;
    return run_config(console, &(struct arguments){0});
}

/* ccache's -v makes -s tell all, which ours does anyway. */
static int
do_nothing(struct console *console, char *value)
{
    (void)console;
    (void)value;
    return EXIT_OK;
}

static int
do_version(struct console *console, char *value)
{
    (void)value;
    return run_version(console, &(struct arguments){0});
}

static int
do_help(struct console *console, char *value)
{
    (void)value;
    return run_help(console, &(struct arguments){0});
}

struct shortcut {
    char letter;
    const char *name;
    bool has_value;
    int (*run)(struct console *console, char *value);
};

static const struct shortcut shortcuts[] = {
    {'s', "show-stats", false, do_stats},   {'v', "verbose", false, do_nothing},
    {'z', "zero-stats", false, do_zero},    {'C', "clear", false, do_clear},
    {'c', "cleanup", false, do_trim},       {'M', "max-size", true, do_max_size},
    {'p', "show-config", false, do_config}, {'V', "version", false, do_version},
    {'h', "help", false, do_help},
};

#define SHORTCUT_COUNT (sizeof(shortcuts) / sizeof(shortcuts[0]))

/* One option that was read, with its value or NULL. */
struct task {
    const struct shortcut *shortcut;
    char *value;
};

struct reader {
    char **argv; /* what is still to be read; ends with NULL */
    struct task *tasks;
    size_t n;
};

static const struct shortcut *
find_letter(char letter)
{
    for (size_t i = 0; i < SHORTCUT_COUNT; i++)
        if (shortcuts[i].letter == letter)
            return &shortcuts[i];
    return NULL;
}

static const struct shortcut *
find_name(const char *name, size_t len)
{
    for (size_t i = 0; i < SHORTCUT_COUNT; i++)
        if (strncmp(shortcuts[i].name, name, len) == 0 && shortcuts[i].name[len] == '\0')
            return &shortcuts[i];
    return NULL;
}

static int
refuse(const char *word, const char *why)
{
    complain("%s: %s; see `nvcache --help`", word, why);
    return EXIT_MISUSE;
}

/* `rest` is what follows in the same word: a value, or "" or NULL for none. */
static int
add_task(struct reader *reader, const struct shortcut *shortcut, const char *word,
         char *rest)
{
    char *value = rest;

    if (shortcut->has_value && (rest == NULL || rest[0] == '\0'))
        value = *++reader->argv;
    if (shortcut->has_value && value == NULL)
        return refuse(word, "this option needs a value");
    reader->tasks[reader->n++] = (struct task){shortcut, value};
    return EXIT_OK;
}

/* `--name`, `--name=value`, `--name value` */
static int
read_long(struct reader *reader)
{
    char *const word = *reader->argv;
    const size_t len = strcspn(word + 2, "=");
    const struct shortcut *const shortcut = find_name(word + 2, len);
    char *const value = word[2 + len] == '=' ? word + 2 + len + 1 : NULL;

    if (shortcut == NULL)
        return refuse(word, "there is no such option");
    if (value != NULL && !shortcut->has_value)
        return refuse(word, "this option takes no value");
    return add_task(reader, shortcut, word, value);
}

/* `-zC`, `-M20G`, `-M 20G` */
static int
read_letters(struct reader *reader)
{
    char *const word = *reader->argv;
    int code = EXIT_OK;

    for (char *at = word + 1; *at != '\0' && code == EXIT_OK; at++) {
        const struct shortcut *const shortcut = find_letter(*at);

        if (shortcut == NULL)
            return refuse(word, "there is no such option");
        code = add_task(reader, shortcut, word, at + 1);
        if (shortcut->has_value)
            break;
    }
    return code;
}

static int
read_word(struct reader *reader)
{
    const char *const word = *reader->argv;

    if (str_starts(word, "--"))
        return read_long(reader);
    if (word[0] == '-' && word[1] != '\0')
        return read_letters(reader);
    return refuse(word, "not an option; to compile, write the compiler first");
}

int
run_shortcuts(struct console *console, int argc, char **argv)
{
    struct reader reader = {.argv = argv};
    size_t max = 0;
    int code = EXIT_OK;

    for (int i = 0; i < argc; i++)
        max += strlen(argv[i]);
    reader.tasks = arena_array(console->arena, max, sizeof(struct task));
    for (; *reader.argv != NULL && code == EXIT_OK; reader.argv++)
        code = read_word(&reader);
    for (size_t i = 0; i < reader.n && code == EXIT_OK; i++)
        code = reader.tasks[i].shortcut->run(console, reader.tasks[i].value);
    return code;
}
