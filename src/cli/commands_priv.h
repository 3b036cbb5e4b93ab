#ifndef NVCACHE_CLI_COMMANDS_PRIV_H
#define NVCACHE_CLI_COMMANDS_PRIV_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct console;

/* The sub-commands. */

enum command_option {
    OPTION_HELP = 1 << 0,
    OPTION_JSON = 1 << 1,
    OPTION_ZERO = 1 << 2,
    OPTION_REPAIR = 1 << 3,
    OPTION_ONCE = 1 << 4,
};

/* What was given behind the command's name. */
struct arguments {
    unsigned options; /* of enum command_option */
    char **operands;
    int n;
};

struct command {
    const char *name;
    const char *synopsis; /* behind the name: "[--json] [--zero]" */
    const char *summary;  /* one line, for the list of commands */
    const char *details;  /* for `nvcache NAME --help`; lines */
    unsigned options;     /* the ones it takes, besides --help */
    int max_operands;
    bool takes_compile; /* all words behind it are a compiler and its own words */
    /* Returns the exit code. */
    int (*run)(struct console *console, const struct arguments *arguments);
};

int run_stats(struct console *console, const struct arguments *arguments);
int run_clear(struct console *console, const struct arguments *arguments);
int run_trim(struct console *console, const struct arguments *arguments);
int run_config(struct console *console, const struct arguments *arguments);
int run_verify(struct console *console, const struct arguments *arguments);
int run_explain(struct console *console, const struct arguments *arguments);
int run_watch(struct console *console, const struct arguments *arguments);
int run_doctor(struct console *console, const struct arguments *arguments);
int run_help(struct console *console, const struct arguments *arguments);
int run_version(struct console *console, const struct arguments *arguments);

/* The command of that name, or NULL. */
const struct command *command_find(const char *name);
/* The command that a single, mistyped word was probably meant to be, or NULL. */
const struct command *command_like(const char *word);
/* The i-th command, or NULL behind the last. */
const struct command *command_at(size_t i);

/* Read `argc` words behind the command's name.  EXIT_OK, or EXIT_MISUSE with a complaint.
 */
int arguments_read(const struct command *command, int argc, char **argv,
                   struct arguments *out);

/* The texts of --help. */
void help_put_main(struct buf *out);
/* How to put nvcache in front of nvcc; lines indented by two. */
void help_put_beginning(struct buf *out);
void help_put_command(struct buf *out, const struct command *command);

#endif
