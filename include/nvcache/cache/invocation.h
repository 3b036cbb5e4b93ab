#ifndef NVCACHE_CACHE_INVOCATION_H
#define NVCACHE_CACHE_INVOCATION_H

struct config;

/* One nvcc command from beginning to end: replay it, or run the compiler and record it,
 * or hand it on untouched.  Ends this process: with the exit code, signal or program that
 * the user's own command would have ended in.  Whatever goes wrong in the cache, the
 * compiler runs.
 *
 * `program` is the path of the real nvcc, `argv` what to pass it (argv[0] as it shall see
 * it). */
_Noreturn void invocation_run(const struct config *config, const char *program, int argc,
                              char **argv);

/* Count a command that does not come this far (not nvcc, disabled, ...) and run it. */
_Noreturn void invocation_pass(const struct config *config, int reason,
                               const char *program, char **argv);

#endif
