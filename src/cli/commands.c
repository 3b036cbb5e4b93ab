/* The table of sub-commands, and the words behind a command's name.
 *
 * A command takes what its row says and nothing else: an option that would be ignored is
 * refused, so that nobody believes it did something. */

#include "commands_priv.h"

#include "console_priv.h"

#include "nvcache/base/strlist.h"

static const struct command commands[] = {
    {.name = "stats",
     .synopsis = "[--json] [--zero]",
     .summary = "what the cache did: hits, misses and why, time saved, size",
     .details = "Shows what happened to every compile since counting began: hits, misses "
                "with what\n"
                "had changed, commands that were passed through to nvcc with the reason, "
                "errors,\n"
                "the compile time saved, and how full the cache is.\n"
                "\n"
                "  --json      for programs; the format is described in stats-json.md\n"
                "  -z, --zero  begin to count anew; the cache itself is kept\n",
     .options = OPTION_JSON | OPTION_ZERO,
     .run = run_stats},
    {.name = "explain",
     .synopsis = "NVCC ARGS...",
     .summary = "compile, and say why it was a hit, a miss or neither",
     .details =
         "Compiles as `nvcache NVCC ARGS...` does, and says on standard output what "
         "became of\n"
         "it: which input or option had changed, which of nvcc's steps ran and "
         "which input of\n"
         "theirs was new, why the result was not kept or nvcc ran by itself.  The "
         "exit code is\n"
         "the compiler's.  What it says comes from the log (NVCACHE_LOG), which "
         "is not written\n"
         "then.\n",
     .takes_compile = true,
     .run = run_explain},
    {.name = "watch",
     .synopsis = "[--once]",
     .summary = "what compiles now, what waits, and the memory of each",
     .details = "Shows the compiles of all your builds on this machine: each with its "
                "step, how\n"
                "long it runs, the memory it has and is expected to need, and how long "
                "it has\n"
                "left, if it was compiled before; who waits for memory; the hits and "
                "misses since\n"
                "watching began.  On a terminal the page is renewed each second, "
                "elsewhere a line\n"
                "is printed every ten.  Ctrl-C ends watching and leaves the builds "
                "alone.\n"
                "\n"
                "  --once      show the page once\n",
     .options = OPTION_ONCE,
     .run = run_watch},
    {.name = "doctor",
     .synopsis = "[--json]",
     .summary = "is everything as it should be, and what to do if not",
     .details = "Looks at the settings, the cache, the compiler and the memory of this "
                "machine,\n"
                "says of each whether it is well and what to do if not, and how many "
                "jobs would\n"
                "be safe without nvcache.  The exit code is 1 when something is bad.\n"
                "\n"
                "  --json      for programs: format, checks (name, verdict, text, "
                "advice)\n",
     .options = OPTION_JSON,
     .run = run_doctor},
    {.name = "config",
     .synopsis = "[--json] [NAME | NAME=VALUE]",
     .summary = "the settings, their values and where each comes from",
     .details =
         "Without NAME, lists all settings.  With NAME, prints its value.  With\n"
         "NAME=VALUE, writes it to your config file; an empty VALUE is the default.\n"
         "\n"
         "  --json      for programs\n",
     .options = OPTION_JSON,
     .max_operands = 1,
     .run = run_config},
    {.name = "trim",
     .synopsis = "[SIZE]",
     .summary = "remove the oldest results until SIZE (or the limit) is kept",
     .details =
         "Removes the oldest results until at most SIZE is left, e.g. 20G; without\n"
         "SIZE, until the cache is within its limit (max_size).  nvcache does the "
         "latter\n"
         "by itself; this is for making room now.\n",
     .max_operands = 1,
     .run = run_trim},
    {.name = "clear",
     .synopsis = "",
     .summary = "remove everything from the cache",
     .details =
         "Removes every result.  The statistics are kept (see `nvcache stats --zero`).\n"
         "Compiles that are running now are not disturbed.\n",
     .run = run_clear},
    {.name = "verify",
     .synopsis = "[--json] [--repair]",
     .summary = "read every stored record and check it",
     .details = "Reads the whole cache and checks each record against its checksum.  "
                "Damaged records\n"
                "are never replayed, so this is not needed for safety: it tells whether "
                "the disk\n"
                "can be trusted.  The exit code is 1 when something is damaged.\n"
                "\n"
                "  --json      for programs\n"
                "  --repair    set files aside whose structure is damaged\n",
     .options = OPTION_JSON | OPTION_REPAIR,
     .run = run_verify},
    {.name = "help",
     .synopsis = "[COMMAND]",
     .summary = "how to use nvcache, or COMMAND",
     .details = "The same as `nvcache --help` and `nvcache COMMAND --help`.\n",
     .max_operands = 1,
     .run = run_help},
    {.name = "version",
     .synopsis = "",
     .summary = "print the version",
     .details = "The same as `nvcache --version`.\n",
     .run = run_version},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

const struct command *
command_at(size_t i)
{
    return i < COMMAND_COUNT ? &commands[i] : NULL;
}

const struct command *
command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (str_equal(commands[i].name, name))
            return &commands[i];
    return NULL;
}

/* The option's bit; 0 when there is no such option. */
static unsigned
option_of(const char *word)
{
    static const struct {
        const char *word;
        enum command_option option;
    } rows[] = {
        {"--help", OPTION_HELP}, {"-h", OPTION_HELP}, {"--json", OPTION_JSON},
        {"--zero", OPTION_ZERO}, {"-z", OPTION_ZERO}, {"--repair", OPTION_REPAIR},
        {"--once", OPTION_ONCE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (str_equal(word, rows[i].word))
            return rows[i].option;
    return 0;
}

int
arguments_read(const struct command *command, int argc, char **argv,
               struct arguments *out)
{
    struct arguments arguments = {.operands = argv};
    const unsigned allowed = command->options | OPTION_HELP;

    if (command->takes_compile && argc > 0 && argv[0][0] != '-') {
        arguments.n = argc;
        argc = 0;
    }
    for (int i = 0; i < argc; i++) {
        const unsigned option = option_of(argv[i]);

        if (argv[i][0] == '-' && (option & allowed) == 0) {
            complain("%s: there is no option %s; see `nvcache %s --help`", command->name,
                     argv[i], command->name);
            return EXIT_MISUSE;
        }
        if (argv[i][0] != '-' && arguments.n == command->max_operands) {
            complain("%s: \"%s\" is one word too many; see `nvcache %s --help`",
                     command->name, argv[i], command->name);
            return EXIT_MISUSE;
        }
        if (argv[i][0] == '-')
            arguments.options |= option;
        else
            arguments.operands[arguments.n++] = argv[i];
    }
    *out = arguments;
    return EXIT_OK;
}
