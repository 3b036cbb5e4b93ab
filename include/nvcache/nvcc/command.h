#ifndef NVCACHE_NVCC_COMMAND_H
#define NVCACHE_NVCC_COMMAND_H

#include "nvcache/base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct nvcc_option;

/* One nvcc command line after reading NVCC_PREPEND_FLAGS, NVCC_APPEND_FLAGS and options
 * files: what nvcc itself would act on.  Everything lives in the arena given to
 * command_parse, or in argv. */

/* Limits; more is BYPASS_USAGE. */
#define COMMAND_MAX_ARGS       65536
#define COMMAND_MAX_FILE_BYTES ((size_t)16 << 20)
#define COMMAND_MAX_FILE_DEPTH 16

/* An option with its value.  Lists that nvcc splits at commas are split: -DA,B is two. */
struct command_arg {
    const struct nvcc_option *option; /* NULL: an input file, or a forwarded word */
    const char *value; /* option's value, the file's name, or the word; NULL for flags */
    bool forwarded;    /* unknown to nvcc, handed to the host compiler
                          (-forward-unknown-to-host-compiler) */
};

/* An options file as it was read. */
struct options_file {
    const struct options_file *next;
    const char *path;
    const char *text;
    size_t len;
};

enum command_phase {
    PHASE_LINK,    /* no phase option: compile and link */
    PHASE_COMPILE, /* -c (also with -dc, -dw) */
    PHASE_PTX,
    PHASE_CUBIN,
    PHASE_FATBIN,
    PHASE_OPTIX_IR,
    PHASE_LTOIR,
    PHASE_CUDA, /* -cuda: .cu.cpp.ii */
};

enum command_deps {
    DEPS_NONE,
    DEPS_ALL,       /* -MD */
    DEPS_NONSYSTEM, /* -MMD */
};

struct nvcc_command {
    struct command_arg *args; /* in nvcc's order: prepend flags, argv, append flags */
    size_t nargs;

    /* What command_parse knows. */
    const struct options_file *options_files;
    enum command_deps deps;
    bool deps_phony;         /* -MP: an empty rule for each prerequisite */
    const char *deps_target; /* -MT's last value */
    const char *ccbin;       /* -ccbin's last value; NULL: NVCC_CCBIN's or none */
    int threads;             /* --threads; 1 if not given, 0 means one per processor */
    bool asks_jobserver;     /* --jobserver */
    bool separable;          /* -rdc=true, -dc, -dlto */
    bool native_arch; /* -arch=native: the code depends on the GPUs of this machine */

    /* What command_classify knows. */
    enum command_phase phase;
    const char *source;   /* as written; the only input file */
    const char *language; /* of the source: "cu", "c++", "c", from -x or the extension */
    const char *output;   /* -o's value, or the name nvcc would choose */
    const char *depfile;  /* where nvcc writes it (-MF or its default); NULL: DEPS_NONE */
    const char *rule_target; /* what nvcc writes in front of the list; NULL: DEPS_NONE */
    bool debug_info;         /* -g, -G, -lineinfo, host -g*: paths get into the output */
    const char *native_host; /* "-march=native" or the like for the host compiler; NULL:
                                not there */

    const char *culprit; /* what made it a bypass, for counters and log: an option's long
                            name, or the word or file itself */
};

/* `argv` is nvcc's (argv[0] is not looked at).  NVC_OK: every option is known.  Else a
 * BYPASS_ status; out->culprit says which word.  Reads options files (relative to the
 * working directory, and only regular ones: reading a pipe would take its contents from
 * nvcc). */
NVC_NODISCARD enum nvc_status command_parse(struct arena *arena, int argc,
                                            char *const argv[], struct nvcc_command *out);

/* May this command be cached?  NVC_OK, or a BYPASS_ status with command->culprit.  Looks
 * at no file.  With `native_arch` the caller has to put the GPUs of this machine into the
 * key, with `native_host` its processor. */
NVC_NODISCARD enum nvc_status command_classify(struct arena *arena,
                                               struct nvcc_command *command);

/* What of the command decides its output, in canonical form and in order: option names in
 * their long spelling, lists split, neutral options and pure output names left out.  Not
 * in it: source, output, depfile's name.  Needs command_classify's NVC_OK. */
struct command_item {
    const char *label; /* what `explain` calls it: "--define-macro FOO"; never a macro's
                          value */
    const char *text;  /* what goes into the key besides the label ("" if nothing) */
    bool is_path;      /* text is a path: the key gets its root and the rest */
};
size_t command_items(struct arena *arena, const struct nvcc_command *command,
                     struct command_item **out);

/* The directories that headers are searched in, as the command names them, in the order
 * they are searched: first those for quoted names only, then -I, then -isystem, then
 * -idirafter; also those behind -Xcompiler and forwarded words.  The directories of
 * nvcc.profile (toolchain.h) come after SEARCH_NORMAL and after SEARCH_SYSTEM; the host
 * compiler's own come before SEARCH_AFTER. */
enum search_kind {
    SEARCH_QUOTE,
    SEARCH_NORMAL,
    SEARCH_SYSTEM,
    SEARCH_AFTER
};
struct search_dir {
    enum search_kind kind;
    const char *path; /* as written */
};
size_t command_search_dirs(struct arena *arena, const struct nvcc_command *command,
                           struct search_dir **out);

/* An argv that makes nvcc write the complete dependency list of the command to `depfile`
 * (-M): for -MMD, whose own list leaves system headers out.  Run it without
 * NVCC_PREPEND_FLAGS and NVCC_APPEND_FLAGS, which are in it already. */
char **command_dependency_query(struct arena *arena, const struct nvcc_command *command,
                                const char *program, const char *depfile);

/* An argv that makes nvcc print the commands it would run for this command (--dryrun),
 * without --threads and the options for a dependency list: those change how nvcc runs its
 * steps, not what they are.  NULL for a command whose steps cannot be planned: not CUDA,
 * or a phase other than an object, cubin or fatbin; or with options that nvcc may
 * have a message about and that are not in the question.  Run it without
 * NVCC_PREPEND_FLAGS and NVCC_APPEND_FLAGS. */
char **command_plan_query(struct arena *arena, const struct nvcc_command *command,
                          const char *program);

#endif
