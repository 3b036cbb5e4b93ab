/* The dispatch: what was this program called as, and is it asked to compile or to talk?
 *
 *     nvcc ARGS                     a symbolic link: the compiler's own command line
 *     nvcache [NAME=VALUE...] WORD  WORD is a command, an option, or else a compiler
 *     ccache ..., sccache ...       symbolic links: as nvcache, but words are never
 * commands
 *
 * What is not clearly for us is a compiler command and is launched: a launcher that
 * guesses wrong breaks a build.  Nothing is opened before that is decided. */

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

static int
show_help(int argc, char **argv)
{
    AUTO_BUF out = BUF_INIT;
    const struct command *const command = argc > 0 ? command_find(argv[0]) : NULL;

    if (argc > 0 && command == NULL) {
        complain("help: there is no command \"%s\"; see `nvcache --help`", argv[0]);
        return EXIT_MISUSE;
    }
    if (command != NULL)
        help_put_command(&out, command);
    else
        help_put_main(&out);
    return print_out(&out);
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

static int
dispatch(struct arena *arena, int argc, char **argv, bool knows_commands)
{
    char *const *const words = take_settings(arena, &argc, &argv);
    const struct command *command = NULL;
    struct console console;

    if (argc == 0)
        return explain_usage();
    if (is_misspelt_setting(argv[0]))
        return refuse_setting(argv[0]);
    if (knows_commands && (str_equal(argv[0], "help") || str_equal(argv[0], "version")))
        return argv[0][0] == 'h' ? show_help(argc - 1, argv + 1) : show_version();
    console_begin(&console, arena, words);
    if (knows_commands)
        command = command_find(argv[0]);
    if (command != NULL)
        return run_command(&console, command, argc - 1, argv + 1);
    if (argv[0][0] == '-' && !str_equal(argv[0], "--"))
        return run_shortcuts(&console, argc, argv);
    if (str_equal(argv[0], "--"))
        argv++, argc--;
    if (argc == 0)
        return explain_usage();
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
