#ifndef NVCACHE_CLI_LAUNCH_PRIV_H
#define NVCACHE_CLI_LAUNCH_PRIV_H

#include <stdbool.h>

struct config;

/* One invocation: run the compiler command, or replay what it did before.  Returns the
 * exit code, or ends the process as the compiler ended.
 *
 * argv[0] is the compiler as the user named it.  With `masquerade` this program itself
 * was started under the compiler's name (a symbolic link `nvcc`), and argv is as
 * received. */
int launch(const struct config *config, int argc, char **argv, bool masquerade);

#endif
