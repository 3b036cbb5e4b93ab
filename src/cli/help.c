/* The texts of --help.  The lists in them come from the tables of commands and settings.
 */

#include "commands_priv.h"
#include "console_priv.h"

#include "nvcache/base/buf.h"
#include "nvcache/base/strlist.h"
#include "nvcache/cache/config.h"

static const char usage[] =
    "nvcache makes a repeated build of CUDA code skip nvcc.\n"
    "\n"
    "Usage:\n"
    "  nvcache [NAME=VALUE...] nvcc ARGS...   compile through the cache\n"
    "  nvcache [NAME=VALUE...] COMMAND ...    look at the cache, or after it\n"
    "\n"
    "To begin:\n";

static const char beginning[] =
    "  CMake    cmake -DCMAKE_CUDA_COMPILER_LAUNCHER=nvcache ...\n"
    "  PyTorch  export PYTORCH_NVCC=\"nvcache nvcc\"\n"
    "  Make     make NVCC=\"nvcache nvcc\"\n"
    "  by hand  nvcache nvcc -c kernel.cu -o kernel.o\n";

static const char shortcuts[] =
    "\n"
    "Options, as in ccache:\n"
    "  -s, --show-stats     stats\n"
    "  -z, --zero-stats     stats --zero\n"
    "  -C, --clear          clear\n"
    "  -c, --cleanup        trim\n"
    "  -M, --max-size SIZE  config max_size=SIZE\n"
    "  -p, --show-config    config\n"
    "  -V, --version        print the version\n"
    "  -h, --help           print this\n"
    "\n"
    "It needs no configuration; `nvcache config --help` lists the settings there are.\n";

static const char sources[] =
    "\n"
    "Strongest first: NAME=VALUE words in front of the command, the environment, your\n"
    "config file, the system's config file, the default.  A config file has lines\n"
    "`name = value` and `# comment`.\n";

void
help_put_beginning(struct buf *out)
{
    buf_append_str(out, beginning);
}

void
help_put_main(struct buf *out)
{
    buf_append_str(out, usage);
    help_put_beginning(out);
    buf_append_str(out, "\nCommands (`nvcache COMMAND --help` tells more):\n");
    for (size_t i = 0; command_at(i) != NULL; i++)
        buf_printf(out, "  %-7s  %s\n", command_at(i)->name, command_at(i)->summary);
    buf_append_str(out, shortcuts);
}

/* Each setting with its variable, its default and what it is for. */
static void
put_settings(struct buf *out)
{
    buf_append_str(out, "\nSettings:\n");
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        const struct setting *const row = setting_row(id);

        buf_printf(out, "  %s, %s%s%s%s\n      %s\n", row->name, row->variable,
                   row->default_text[0] != '\0' ? " (default " : "", row->default_text,
                   row->default_text[0] != '\0' ? ")" : "", row->help);
    }
    buf_append_str(out, sources);
}

void
help_put_command(struct buf *out, const struct command *command)
{
    buf_printf(out, "Usage: nvcache %s%s%s\n\n%s", command->name,
               command->synopsis[0] != '\0' ? " " : "", command->synopsis,
               command->details);
    if (str_equal(command->name, "config"))
        put_settings(out);
}

int
run_help(struct console *console, const struct arguments *arguments)
{
    AUTO_BUF out = BUF_INIT;
    const struct command *const command =
        arguments->n > 0 ? command_find(arguments->operands[0]) : NULL;

    (void)console;
    if (arguments->n > 0 && command == NULL) {
        complain("help: there is no command \"%s\"; see `nvcache --help`",
                 arguments->operands[0]);
        return EXIT_MISUSE;
    }
    if (command != NULL)
        help_put_command(&out, command);
    else
        help_put_main(&out);
    return print_out(&out);
}

int
run_version(struct console *console, const struct arguments *arguments)
{
    AUTO_BUF out = BUF_INIT;

    (void)console;
    (void)arguments;
    buf_append_str(&out, "nvcache " NVC_VERSION "\n");
    return print_out(&out);
}
