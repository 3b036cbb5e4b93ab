#ifndef NVCACHE_NVCC_OPTIONS_PRIV_H
#define NVCACHE_NVCC_OPTIONS_PRIV_H

#include "nvcache/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* nvcc's options as data: options.def has a row for every option of every nvcc we know,
 * and tests/e2e/options_table.py compares it with the installed `nvcc --help`. */

/* Where the value of an option is, and how a list is taken apart (words_priv.h). */
enum option_arity {
    ARITY_NONE,     /* a flag; `--flag=x` is an error */
    ARITY_ONE,      /* `--name value`, `--name=value`, `-n value`, `-n=value` */
    ARITY_BOOL,     /* as ARITY_ONE; the value is "true" or "false" */
    ARITY_OPTIONAL, /* `=value`, or the next word unless that begins with a dash */
    ARITY_LIST,     /* a list that we keep whole */
    ARITY_TEXTS, /* a list; quotes stay, a backslash takes the next character as it is */
    ARITY_PATHS, /* a list; quotes go, backslashes stay */
    ARITY_RAWS,  /* a list; quotes and backslashes stay */
};

/* What an option means for caching. */
enum option_class {
    CLASS_KEY,        /* decides the output: name and value go into the key as they are */
    CLASS_NEUTRAL,    /* changes nothing in the output (--threads) */
    CLASS_PATH_KEY,   /* value is a path that decides the output; tokenised in the key */
    CLASS_MACRO,      /* value is NAME[=TEXT]; only the name may be shown */
    CLASS_INCLUDE,    /* value is a directory searched for headers */
    CLASS_PREINCLUDE, /* value is a header included first */
    CLASS_ARCH, /* -arch, -code, -gencode: goes into the architecture list, and the key */
    CLASS_OUTPUT,   /* -o, -odir, -MF: where an output goes */
    CLASS_DEPS,     /* -MD, -MP, -MT, ...: the shape of the depfile; in the key */
    CLASS_PHASE,    /* -c, -ptx, -cubin, ...: what is compiled to what */
    CLASS_LANGUAGE, /* -x */
    CLASS_DEBUG,    /* in the key, and puts paths into the output: -g, -G, -lineinfo */
    CLASS_HOST,     /* handed to the host compiler: -Xcompiler */
    CLASS_TOOL,     /* handed to another tool: -Xptxas, -Xcudafe, ...; in the key */
    CLASS_CCBIN,    /* the host compiler */
    CLASS_FILE,     /* --options-file: replaced by its contents */
    CLASS_LINK,     /* matters for links only; in the key, harmless in a compile */
    CLASS_BYPASS,   /* the command is handed on untouched; the row names the status */
};

struct nvcc_option {
    int id;                 /* OPT_xxx */
    const char *long_name;  /* with its dashes: "--compile" */
    const char *short_name; /* "-c"; NULL if it has none */
    enum option_arity arity;
    enum option_class class;
    bool glued; /* the short name may be followed directly by its value: -Idir */
    enum nvc_status bypass; /* CLASS_BYPASS: why; else NVC_OK */
};

enum nvcc_option_id {
    OPT_NONE =
        0, /* not an option: an input file, or a word forwarded to the host compiler */
#define NVCC_OPTION(id, long_name, short_name, arity, class, glued, bypass, note)        \
    OPT_##id,
#include "options.def"
#undef NVCC_OPTION
    OPT_COUNT
};

/* The row of OPT_xxx; never OPT_NONE. */
const struct nvcc_option *option_by_id(int id);

/* Find the option that `word` (as it stands on the command line) spells, in the way nvcc
 * does.  *out_value: the value inside the same word ("=value" or glued), or NULL.  NULL
 * if there is no such option (*out_value is untouched). */
const struct nvcc_option *option_find(const char *word, const char **out_value);

#endif
