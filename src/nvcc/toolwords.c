/* Words for ptxas, cudafe++, cicc and fatbinary.
 *
 * Only ptxas lists its options (ptxas --help), and new ones come with each release; all
 * of them steer code or messages, except those that name files.  So for these tools the
 * question is turned around: a word is refused when its name, or the word itself, looks
 * as if it named a file (in any case: ptxas has an undocumented -compilerStatsFile),
 * asked for more output or for help; everything else goes into the key.  cudafe++ and
 * cicc read their words with one parser (EDG's), which takes abbreviations
 * (--error_o=FILE) and several letters in a word (-wLFILE, a listing), so that of their
 * words only those pass that are known.  fatbinary is used for one thing only (-Xfatbin
 * -compress-all), and no other option of its is let through.
 *
 * Must never let a word with a slash or a suffix through: that is how files are named. */

#include "toolwords_priv.h"

#include "options_priv.h"
#include "words_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/strlist.h"
#include "nvcache/nvcc/command.h"

#include <string.h>

static bool
is_one_of(const char *word, const char *const *list)
{
    for (; *list != NULL; list++)
        if (str_equal(word, *list))
            return true;
    return false;
}

static bool
contains_one_of(const char *word, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcasestr(word, *list) != NULL)
            return true;
    return false;
}

/* The word up to its '='. */
static const char *
name_of(struct arena *arena, const char *word)
{
    return arena_strndup(arena, word, strcspn(word, "="));
}

static bool
is_harmless_option(struct arena *arena, const char *word)
{
    static const char *const exact[] = {"-o",   "-optf", "-I", "-h", "-V",    "-#",
                                        "-ias", "-E",    "-M", "-H", "-load", NULL};
    static const char *const parts[] = {
        "file",    "dir",      "pch",       "list",    "xref",      "output",
        "input",   "include",  "dump",      "time",    "trace",     "temp",
        "keep",    "save",     "help",      "version", "path",      "prefix",
        "library", "controls", "link-info", "stats",   "jobserver", NULL};
    const char *name = name_of(arena, word);

    return !is_one_of(name, exact) && !contains_one_of(name, parts);
}

/* What steers diagnostics and the dialect, and the words for cicc's back end. */
static bool
is_front_end_option(struct arena *arena, const char *word)
{
    static const char *const exact[] = {"-w",
                                        "--display_error_number",
                                        "--brief_diagnostics",
                                        "--error_limit",
                                        "--gcc",
                                        "--promote_warnings",
                                        "--wrap_diagnostics",
                                        "--remarks",
                                        "--strict",
                                        "--strict_warnings",
                                        "-O0",
                                        "-O1",
                                        "-O2",
                                        "-O3",
                                        "-ftz",
                                        "-fma",
                                        "-prec-div",
                                        "-prec_div",
                                        "-prec-sqrt",
                                        "-prec_sqrt",
                                        "-opt-fdiv",
                                        NULL};

    return is_one_of(name_of(arena, word), exact) || str_starts(word, "--diag_") ||
           str_starts(word, "--no_");
}

static bool
is_compression(struct arena *arena, const char *word)
{
    static const char *const exact[] = {"-compress",
                                        "--compress",
                                        "-compress-all",
                                        "--compress-all",
                                        "-compress-mode",
                                        "--compress-mode",
                                        NULL};

    return is_one_of(name_of(arena, word), exact);
}

static bool
is_harmless(struct arena *arena, int tool, const char *word)
{
    if (strpbrk(word, "/@") != NULL)
        return false;
    if (tool == OPT_FATBIN_OPTIONS)
        return is_compression(arena, word);
    if (word[0] != '-')
        return strchr(word, '.') == NULL;
    if ((tool == OPT_CUDAFE_OPTIONS || tool == OPT_CICC_OPTIONS) &&
        !is_front_end_option(arena, word))
        return false;
    return is_harmless_option(arena, word);
}

static bool
is_debug(const char *word)
{
    static const char *const exact[] = {"-g", "--device-debug", "-lineinfo", "-show-src",
                                        NULL};

    return is_one_of(word, exact) || strstr(word, "line-info") != NULL;
}

enum nvc_status
tool_text_check(struct arena *arena, int tool, const char *text, bool *debug,
                const char **out_culprit)
{
    struct strlist words;

    strlist_init(&words, arena);
    *out_culprit = text;
    if (!words_of_shell(text, &words))
        return NVC_BYPASS_SHELL;
    for (size_t i = 0; i < words.n; i++) {
        if (!is_harmless(arena, tool, words.v[i])) {
            *out_culprit = words.v[i];
            return NVC_BYPASS_OPTION;
        }
        if (is_debug(words.v[i]))
            *debug = true;
    }
    *out_culprit = NULL;
    return NVC_OK;
}

enum nvc_status
tool_words_check(struct arena *arena, const struct command_arg *arg, bool *debug,
                 const char **out_culprit)
{
    return tool_text_check(arena, arg->option->id, arg->value, debug, out_culprit);
}
