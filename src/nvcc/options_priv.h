#ifndef NVCACHE_NVCC_OPTIONS_PRIV_H
#define NVCACHE_NVCC_OPTIONS_PRIV_H

#include <stdbool.h>
#include <stddef.h>

/* nvcc's options as data: options.def has a row for every option of every nvcc we know, and
 * tests/ compare it with the installed `nvcc --help`. */

enum option_arity {
    ARITY_NONE, /* a flag */
    ARITY_ONE,  /* one value: `--name value`, `--name=value`, `-n value`, `-n=value` */
    ARITY_LIST, /* a comma separated list of values, may be repeated */
    ARITY_BOOL, /* `--name true`, `--name=false`: needs a value */
};

/* What an option means for caching. */
enum option_class {
    CLASS_KEY,      /* decides the output: name and value go into the key as they are */
    CLASS_NEUTRAL,  /* changes nothing in the output (--threads) */
    CLASS_PATH_KEY, /* value is a path that decides the output; tokenised in the key */
    CLASS_INCLUDE,  /* value is a directory searched for headers */
    CLASS_PREINCLUDE, /* value is a header included first */
    CLASS_ARCH,     /* -arch, -code, -gencode: goes into the architecture list, and the key */
    CLASS_OUTPUT,   /* -o, -odir, -MF: where an output goes */
    CLASS_DEPS,     /* -MD, -MP, -MT, ...: the shape of the depfile; in the key */
    CLASS_PHASE,    /* -c, -ptx, -cubin, ...: what is compiled to what */
    CLASS_LANGUAGE, /* -x */
    CLASS_HOST,     /* handed to the host compiler: -Xcompiler */
    CLASS_TOOL,     /* handed to another tool: -Xptxas, -Xcudafe, ...; in the key */
    CLASS_CCBIN,    /* the host compiler */
    CLASS_FILE,     /* --options-file: replaced by its contents */
    CLASS_LINK,     /* matters for links only; in the key, harmless in a compile */
    CLASS_BYPASS,   /* the command is handed on untouched; the row names the status */
};

struct nvcc_option {
    int id;                  /* OPT_xxx */
    const char *long_name;   /* with its dashes: "--compile" */
    const char *short_name;  /* "-c"; NULL if it has none */
    enum option_arity arity;
    enum option_class class;
    bool glued;              /* the short name may be followed directly by its value: -Idir */
    int bypass;              /* CLASS_BYPASS: an enum nvc_status */
};

enum nvcc_option_id {
    OPT_NONE = 0, /* not an option: an input file, or a word forwarded to the host compiler */
#define NVCC_OPTION(id, long_name, short_name, arity, class, glued, bypass, note) OPT_##id,
#include "options.def"
#undef NVCC_OPTION
    OPT_COUNT
};

const struct nvcc_option *option_by_id(int id);

/* Find the option that `word` (as it stands on the command line) spells, in the way nvcc
 * does.  *out_value: the value inside the same word ("=value" or glued), or NULL.  NULL if there
 * is no such option. */
const struct nvcc_option *option_find(const char *word, const char **out_value);

#endif
