#ifndef NVCACHE_CLI_SHORTCUTS_PRIV_H
#define NVCACHE_CLI_SHORTCUTS_PRIV_H

struct console;

/* `nvcache -z -M 20G`: the options of ccache, done one after the other.  `argv[0]` is the
 * first option.  Returns the exit code: of the first that fails, else EXIT_OK.  Nothing
 * is done when one of them is not known. */
int run_shortcuts(struct console *console, int argc, char **argv);

#endif
