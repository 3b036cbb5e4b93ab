#ifndef NVCACHE_CLI_CLI_H
#define NVCACHE_CLI_CLI_H

/* The program: everything main() does.  Returns the exit code; when a compiler was run,
 * the process may also end here the way the compiler ended. */
int cli_main(int argc, char **argv);

#endif
