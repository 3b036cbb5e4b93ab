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

struct command_arg {
    const struct nvcc_option *option; /* NULL: an input file, or a forwarded word */
    const char *value;                /* option's value, the file's name, or the word; NULL for flags */
    bool forwarded; /* unknown to nvcc, handed to the host compiler
                       (-forward-unknown-to-host-compiler) */
};

enum command_phase {
    PHASE_LINK,     /* no phase option: compile and link */
    PHASE_COMPILE,  /* -c (also with -dc, -dw) */
    PHASE_PTX,
    PHASE_CUBIN,
    PHASE_FATBIN,
    PHASE_OPTIX_IR,
    PHASE_LTOIR,
    PHASE_CUDA,     /* -cuda: .cu.cpp.ii */
};

enum command_deps {
    DEPS_NONE,
    DEPS_ALL,        /* -MD */
    DEPS_NONSYSTEM,  /* -MMD */
};

struct nvcc_command {
    struct command_arg *args; /* in nvcc's order: prepend flags, argv, append flags */
    size_t nargs;

    enum command_phase phase;
    const char *source;      /* as written; the only input file */
    const char *language;    /* of the source: "cu", "c++", "c", from -x or the extension */
    const char *output;      /* -o's value, or the name nvcc would choose */
    enum command_deps deps;
    const char *depfile;     /* where nvcc writes it (-MF's value or the default); NULL: DEPS_NONE */
    const char *ccbin;       /* -ccbin's last value; NULL: NVCC_CCBIN's or none */
    int threads;             /* --threads; 1 if not given, 0 means one per processor */
    bool debug_info;         /* -g, -G, -lineinfo, host -g*: paths get into the output */
    bool separable;          /* -rdc=true, -dc, -dw, -dlto */
    const char *culprit;     /* the option (or file) that made it a bypass, for counters and log */
};

/* `argv` is nvcc's (argv[0] is not looked at).  NVC_OK: every option is known, and *out is
 * filled in except what command_classify decides.  Else a BYPASS_ status; out->culprit says
 * which word.  Reads options files (relative to the working directory). */
NVC_NODISCARD enum nvc_status command_parse(struct arena *arena, int argc,
                                            char *const argv[], struct nvcc_command *out);

/* May this command be cached?  NVC_OK, or a BYPASS_ status with out->culprit.  Sets
 * phase, source, language, output, depfile, debug_info.  Looks at no file. */
NVC_NODISCARD enum nvc_status command_classify(struct arena *arena,
                                               struct nvcc_command *command);

/* What of the command decides its output, in canonical form and in order: option names in
 * their long spelling, lists split, neutral options and pure output names left out. */
struct command_item {
    const char *label; /* what `explain` calls it: "--define-macro FOO"; never a macro's value */
    const char *text;  /* what goes into the key besides the label ("" if nothing) */
    bool is_path;      /* text is a path: the key gets its root and the rest (DESIGN of roots) */
};
size_t command_items(struct arena *arena, const struct nvcc_command *command,
                     struct command_item **out);

/* The directories that headers are searched in, as the command names them, in the order they
 * are searched: first those for quoted names only, then -I, then -isystem, then -idirafter;
 * also those behind -Xcompiler and forwarded words.  The toolchain's own come after -isystem
 * (toolchain.h). */
enum search_kind { SEARCH_QUOTE, SEARCH_NORMAL, SEARCH_SYSTEM, SEARCH_AFTER };
struct search_dir {
    enum search_kind kind;
    const char *path; /* as written */
};
size_t command_search_dirs(struct arena *arena, const struct nvcc_command *command,
                           struct search_dir **out);

#endif
