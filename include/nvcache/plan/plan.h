#ifndef NVCACHE_PLAN_PLAN_H
#define NVCACHE_PLAN_PLAN_H

#include "nvcache/base/status.h"
#include "nvcache/base/strlist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct hasher;

/* The plan of a command: the programs nvcc would run for it, as a graph of steps and
 * files. It is read from what `nvcc --dryrun` prints (measured with 11.8, 12.4, 13.0 and
 * 13.5) by an allow-list: each line's tool, each word that names an intermediate file,
 * and each file's producer and consumer must be understood.
 *
 * A plan holds no path of one command: words refer to files by number, and to source,
 * output and working directory by placeholders, so that one plan serves every command
 * with the same options.  A step makes a file, or is a check: ptxas only looks at PTX,
 * for an architecture that no code is made for (13.0 with -arch=sm_90a, not 12.4), and is
 * run for its success and its messages.  One step makes the module id (cudafe++,
 * with 11.8 or without a host's part cicc), others read it. */

#define PLAN_VERSION   3
#define PLAN_MAX_STEPS 256
#define PLAN_MAX_FILES 1024
#define PLAN_MAX_WORDS 65536
#define PLAN_MAX_TEXT  ((size_t)8 << 20)

/* Among a step's words: it makes the module id. */
#define PLAN_MAKES_ID "--gen_module_id_file"

enum plan_tool {
    PLAN_PREPROCESS, /* gcc -E: source to text */
    PLAN_CUDAFE,     /* cudafe++: text to the host's C++ */
    PLAN_CICC,       /* cicc: text to PTX, and the stub that the host includes */
    PLAN_PTXAS,      /* ptxas: PTX to cubin, or a check */
    PLAN_FATBINARY,  /* fatbinary: cubins and PTX to one image */
    PLAN_HOST,       /* gcc -c: the host's C++ to the object */
    PLAN_TOOLS
};

enum plan_role {
    PLAN_TEXT,      /* preprocessed text */
    PLAN_ID,        /* the module id */
    PLAN_CPP,       /* the host's C++; includes the stub, and that the fatbin */
    PLAN_STUB,      /* a stub; the host's C++ includes the last architecture's */
    PLAN_PTX,       /* PTX or LTO code */
    PLAN_CUBIN,     /* what ptxas makes */
    PLAN_FATBIN,    /* the image as C source */
    PLAN_BYPRODUCT, /* written, and read by nobody */
    PLAN_OUTPUT,    /* what the command was asked for */
    PLAN_ROLES
};

struct plan_file {
    enum plan_role role;
    const char *name; /* what follows the source's stem: ".compute_80.ptx"; "" for the
                         output */
    int producer;     /* a step */
};

struct plan_step {
    enum plan_tool tool;
    const char *arch;    /* "compute_80", "sm_90", or "" */
    struct strlist argv; /* with placeholders; argv[0] is what is looked for in PATH */
    uint16_t *inputs;    /* files, those included by others too */
    size_t n_inputs;
    uint16_t *outputs;
    size_t n_outputs; /* 0: a check */
};

struct plan {
    struct plan_step *steps; /* in nvcc's order */
    size_t n_steps;
    struct plan_file *files;
    size_t n_files;
    struct strlist environment; /* NAME=value, the last one counts; with placeholders */
    const char *notice;         /* what nvcc itself prints to standard error first */
};

/* How the command that is planned spells things. */
struct plan_names {
    const char *dir;    /* absolute: where intermediate files are (nvcc's TMPDIR) */
    const char *source; /* as the command writes it */
    const char *output;
    const char *source_path; /* absolute: what the module id is made from; not used when
                                parsing */
};

/* Read nvcc's standard error.  UNPLANNED_LINE, UNPLANNED_FILE with *out_culprit: the
 * first word or line that is not understood. */
NVC_NODISCARD enum nvc_status plan_parse(struct arena *arena, const char *text,
                                         size_t len, const struct plan_names *names,
                                         struct plan *out, const char **out_culprit);

/* The bytes of a record.  plan_decode: ERR_FORMAT, ERR_CORRUPT; UNPLANNED_LINE when they
 * say that there is no plan. */
void plan_encode(const struct plan *plan, struct buf *out);
void plan_encode_refusal(struct buf *out);
NVC_NODISCARD enum nvc_status plan_decode(struct arena *arena, const void *data,
                                          size_t len, struct plan *out);

/* Where a file is; the output is where the step that makes it shall put it: also in the
 * directory. */
char *plan_file_path(struct arena *arena, const struct plan *plan, unsigned file,
                     const struct plan_names *names);

/* The words of a step, and NAME=value for its environment. */
char **plan_step_argv(struct arena *arena, const struct plan *plan,
                      const struct plan_step *step, const struct plan_names *names);
void plan_environment(struct arena *arena, const struct plan *plan, struct strlist *out);

/* A value of that environment, or NULL. */
const char *plan_variable(const struct strlist *environment, const char *name);

/* What of the step's words decides its outputs: all but the names of files, and the
 * macros with the architectures in the host compiler's words, which act in its
 * preprocessed text or not at all.  With `with_paths` also how the command spells the
 * source. */
void plan_step_hash(const struct plan_step *step, const struct plan_names *names,
                    bool with_paths, struct hasher *hasher);

/* The first file with that role among `files` (a step's inputs or outputs), or -1. */
int plan_find_role(const struct plan *plan, const uint16_t *files, size_t n,
                   enum plan_role role);

/* The preprocessor passes (steps) in the order in which nvcc's dependency lists name what
 * they read: the device's as their code stands in the image, then the host's (11.8 runs
 * them in another order, and lists them in this).  Returns how many. */
size_t plan_passes(struct arena *arena, const struct plan *plan, uint16_t **out);

/* "cicc", "ptxas", ...: for log and messages. */
const char *plan_tool_word(enum plan_tool tool);

/* The source's stem: its last component without its last suffix. */
char *plan_stem(struct arena *arena, const char *source);

#endif
