/* The dispatch: what was this program called as, and is it asked to compile or to talk?
 *
 *     nvcc ARGS                     a symbolic link: the compiler's own command line
 *     nvcache [NAME=VALUE...] WORD  WORD is a command, an option, or else a compiler
 *     ccache ..., sccache ...       symbolic links: as nvcache, but without commands
 *
 * What is not clearly for us is a compiler command and is launched: a launcher that
 * guesses wrong breaks a build.  Only the settings are read before that is decided. */

#include "nvcache/cli/cli.h"

#include "commands_priv.h"
#include "launch_priv.h"
#include "console_priv.h"
#include "shortcuts_priv.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"

#include <string.h>

static int
run_command(struct console *console, const struct command *command, int argc, char **argv)
{
    AUTO_BUF out = BUF_INIT;
    struct arguments arguments = {0};
    const int code = arguments_read(command, argc, argv, &arguments);

    if (code != EXIT_OK)
        return code;
    if ((arguments.options & OPTION_HELP) == 0)
        return command->run(console, &arguments);
    help_put_command(&out, command);
    return print_out(&out);
}

static int
explain_usage(void)
{
    complain("nothing to do; write `nvcache nvcc ARGS...` to compile, or see `nvcache "
             "--help`");
    return EXIT_MISUSE;
}

/* `lock_timeout=5`: a word that sets something.  A path or a program name is none. */
static size_t
count_settings(char *const *words)
{
    size_t n = 0;

    for (; words[n] != NULL; n++) {
        const size_t len = strcspn(words[n], "=");

        if (words[n][len] == '\0' || setting_find(words[n], len) == SETTING_COUNT)
            break;
    }
    return n;
}

/* The leading NAME=VALUE words as a list of their own. */
static char **
take_settings(struct arena *arena, int *argc, char ***argv)
{
    const size_t n = count_settings(*argv);
    struct strlist words;

    strlist_init(&words, arena);
    for (size_t i = 0; i < n; i++)
        strlist_add(&words, (*argv)[i]);
    *argc -= (int)n;
    *argv += n;
    return words.v;
}

/* `lock_timout=5`: meant to set something; no program has such a name. */
static bool
is_misspelt_setting(const char *word)
{
    return word[strspn(word, "abcdefghijklmnopqrstuvwxyz_")] == '=' && word[0] != '=';
}

static int
refuse_setting(const char *word)
{
    complain("there is no setting \"%.*s\"; `nvcache config` lists them",
             (int)strcspn(word, "="), word);
    return EXIT_MISUSE;
}

/* The first word is neither a setting nor an option: a command, or a compiler. */
static int
run_word(struct console *console, int argc, char **argv)
{
    const struct command *const command = command_find(argv[0]);
    const struct command *const meant = argc == 1 ? command_like(argv[0]) : NULL;

    if (command != NULL)
        return run_command(console, command, argc - 1, argv + 1);
    if (meant == NULL)
        return launch(&console->config, argc, argv, false);
    complain("there is no command \"%s\"; did you mean `nvcache %s`?", argv[0],
             meant->name);
    return EXIT_MISUSE;
}

static int
dispatch(struct arena *arena, int argc, char **argv, bool knows_commands)
{
    char *const *const words = take_settings(arena, &argc, &argv);
    const bool ends_options = argc > 0 && str_equal(argv[0], "--");
    struct console console;

    if (argc == 0 || (argc == 1 && ends_options))
        return explain_usage();
    if (is_misspelt_setting(argv[0]))
        return refuse_setting(argv[0]);
    console_begin(&console, arena, words);
    if (ends_options)
        return launch(&console.config, argc - 1, argv + 1, false);
    if (argv[0][0] == '-')
        return run_shortcuts(&console, argc, argv);
    if (knows_commands)
        return run_word(&console, argc, argv);
    return launch(&console.config, argc, argv, false);
}

static int
masquerade(struct arena *arena, int argc, char **argv)
{
    struct console console;

    console_begin(&console, arena, NULL);
    return launch(&console.config, argc, argv, true);
}

int
cli_main(int argc, char **argv)
{
    const char *const name = argc > 0 ? path_base(argv[0]) : "nvcache";
    struct arena arena = ARENA_INIT;
    int code;

    if (str_equal(name, "nvcc"))
        code = masquerade(&arena, argc, argv);
    else
        code = dispatch(&arena, argc > 0 ? argc - 1 : 0, argc > 0 ? argv + 1 : argv,
                        !str_equal(name, "ccache") && !str_equal(name, "sccache"));
    arena_fini(&arena);
    return code;
}
