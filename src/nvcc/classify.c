/* May a command be cached, and what comes out of it where?
 *
 * What nvcc does (measured with nvcc 13.0):
 * - One device phase (-ptx, -cubin, -fatbin, -optix-ir, -ltoir) beats -c, -dc and -dw in
 * any order; of two device phases one wins by a fixed rank, so two are refused here.  -E
 * and -M beat everything.  -c with -link, -lib, -dlink or -run still compiles, but is
 * refused.
 * - -x is valid for all inputs, also for those before it; the last one counts.
 * - A second input of any kind (also a library) together with -o is an error; without -o
 * nvcc compiles each source and ignores objects and libraries.
 * - Without -o the output is named after the source's last component, its last suffix
 * replaced, in the directory of -odir, else in the working directory; -odir has no effect
 * on -o.
 * - Without -MF the depfile is -o's value with its last suffix replaced by ".d" (added if
 * there is none), or the default output's name with ".d".  Its target: see rule_target.
 * - `-MF ''` writes no depfile, `-o ''` fails: both refused.
 *
 * Must never look at a file, and never say NVC_OK for a word it does not understand. */

#include "nvcache/nvcc/command.h"

#include "hostopts_priv.h"
#include "options_priv.h"
#include "toolwords_priv.h"
#include "words_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"

#include <string.h>

static enum nvc_status
refuse(struct nvcc_command *command, enum nvc_status why, const char *culprit)
{
    command->culprit = culprit;
    return why;
}

static bool
is_input(const struct command_arg *arg)
{
    return arg->option == NULL && !arg->forwarded;
}

static const struct command_arg *
last_of(const struct nvcc_command *command, int id)
{
    const struct command_arg *found = NULL;

    for (size_t i = 0; i < command->nargs; i++)
        if (command->args[i].option != NULL && command->args[i].option->id == id)
            found = &command->args[i];
    return found;
}

static const char *
last_value(const struct nvcc_command *command, int id)
{
    const struct command_arg *arg = last_of(command, id);

    return arg == NULL ? NULL : arg->value;
}

/* Options that nobody may cache.  Also sets debug_info. */
static enum nvc_status
check_options(struct nvcc_command *command)
{
    for (size_t i = 0; i < command->nargs; i++) {
        const struct nvcc_option *option = command->args[i].option;

        if (option == NULL)
            continue;
        if (option->class == CLASS_BYPASS)
            return refuse(command, option->bypass, option->long_name);
        if (option->class == CLASS_DEBUG)
            command->debug_info = true;
    }
    return NVC_OK;
}

static const struct device_phase {
    int option;
    enum command_phase phase;
} device_phases[] = {
    {OPT_PTX, PHASE_PTX},           {OPT_CUBIN, PHASE_CUBIN}, {OPT_FATBIN, PHASE_FATBIN},
    {OPT_OPTIX_IR, PHASE_OPTIX_IR}, {OPT_LTOIR, PHASE_LTOIR},
};

static enum nvc_status
find_phase(struct nvcc_command *command)
{
    const bool is_c = last_of(command, OPT_COMPILE) != NULL;
    const bool is_dc = last_of(command, OPT_DEVICE_C) != NULL;
    const bool is_dw = last_of(command, OPT_DEVICE_W) != NULL;

    if (is_dc && is_dw)
        return refuse(command, NVC_BYPASS_USAGE, "--device-w");
    command->phase = is_c || is_dc || is_dw ? PHASE_COMPILE : PHASE_LINK;
    for (size_t i = 0; i < sizeof(device_phases) / sizeof(device_phases[0]); i++) {
        const struct command_arg *arg = last_of(command, device_phases[i].option);

        if (arg == NULL)
            continue;
        if (command->phase > PHASE_COMPILE)
            return refuse(command, NVC_BYPASS_OPTION, arg->option->long_name);
        command->phase = device_phases[i].phase;
    }
    return NVC_OK;
}

static enum nvc_status
find_source(struct nvcc_command *command)
{
    for (size_t i = 0; i < command->nargs; i++) {
        if (!is_input(&command->args[i]))
            continue;
        if (command->phase == PHASE_LINK)
            return refuse(command, NVC_BYPASS_LINK, "--link");
        if (command->source != NULL)
            return refuse(command, NVC_BYPASS_SOURCES, command->args[i].value);
        command->source = command->args[i].value;
    }
    if (command->source == NULL)
        return refuse(command, NVC_BYPASS_NO_SOURCE, NULL);
    if (str_equal(command->source, "-"))
        return refuse(command, NVC_BYPASS_STDIN, command->source);
    return NVC_OK;
}

static const char *
language_of_name(const char *source)
{
    static const char *const languages[][2] = {
        {".cu", "cu"}, {".cpp", "c++"}, {".cc", "c++"}, {".cxx", "c++"}, {".c", "c"},
    };
    const char *dot = strrchr(path_base(source), '.');

    for (size_t i = 0; dot != NULL && i < sizeof(languages) / sizeof(languages[0]); i++)
        if (str_equal(dot, languages[i][0]))
            return languages[i][1];
    return NULL;
}

static enum nvc_status
find_language(struct nvcc_command *command)
{
    const char *given = last_value(command, OPT_X);

    command->language = given == NULL ? language_of_name(command->source) : given;
    if (given != NULL && !str_equal(given, "cu") && !str_equal(given, "c++") &&
        !str_equal(given, "c"))
        return refuse(command, NVC_BYPASS_USAGE, "--x");
    if (command->language == NULL)
        return refuse(command, NVC_BYPASS_LANGUAGE, command->source);
    /* nvcc makes no device code of other languages, and says nothing. */
    if (command->phase != PHASE_COMPILE && !str_equal(command->language, "cu"))
        return refuse(command, NVC_BYPASS_LANGUAGE, command->source);
    return NVC_OK;
}

static const char *
suffix_of(enum command_phase phase)
{
    switch (phase) {
    case PHASE_PTX:
        return ".ptx";
    case PHASE_CUBIN:
        return ".cubin";
    case PHASE_FATBIN:
        return ".fatbin";
    case PHASE_OPTIX_IR:
        return ".optixir";
    case PHASE_LTOIR:
        return ".ltoir";
    case PHASE_COMPILE:
    case PHASE_LINK:
    case PHASE_CUDA:
        break;
    }
    return ".o";
}

/* `path` with the last suffix of its last component replaced: ".o" becomes ".d". */
static char *
with_suffix(struct arena *arena, const char *path, const char *suffix)
{
    const char *dot = strrchr(path_base(path), '.');
    const size_t len = dot == NULL ? strlen(path) : (size_t)(dot - path);

    return arena_printf(arena, "%.*s%s", (int)len, path, suffix);
}

static const char *
default_output(struct arena *arena, const struct nvcc_command *command)
{
    const char *name =
        with_suffix(arena, path_base(command->source), suffix_of(command->phase));

    return path_join(arena, last_value(command, OPT_OUTPUT_DIRECTORY), name);
}

/* The name of a regular file, as far as a name can tell. */
static bool
may_be_file(const char *path)
{
    const bool is_device = str_starts(path, "/dev/") && !str_starts(path, "/dev/shm/");

    return path[0] != '\0' && !str_equal(path, "-") && !is_device && !str_ends(path, "/");
}

/* The directory of -odir stands before whatever names the target, although it has no
 * effect on -o itself; and by default every phase's is an object. */
static const char *
rule_target(struct arena *arena, const struct nvcc_command *command)
{
    const char *dir = last_value(command, OPT_OUTPUT_DIRECTORY);
    const char *name = command->deps_target;

    if (name == NULL)
        name = last_value(command, OPT_OUTPUT_FILE);
    if (name == NULL)
        name = with_suffix(arena, path_base(command->source), ".o");
    return dir == NULL ? name : arena_printf(arena, "%s/%s", dir, name);
}

static enum nvc_status
find_outputs(struct arena *arena, struct nvcc_command *command)
{
    const char *output = last_value(command, OPT_OUTPUT_FILE);
    const char *depfile = last_value(command, OPT_DEPENDENCY_OUTPUT);

    command->output = output == NULL ? default_output(arena, command) : output;
    if (!may_be_file(command->output))
        return refuse(command, NVC_BYPASS_OUTPUT, "--output-file");
    if (depfile != NULL && command->deps == DEPS_NONE)
        return refuse(command, NVC_BYPASS_USAGE, "--dependency-output");
    if (command->deps == DEPS_NONE)
        return NVC_OK;
    command->depfile =
        depfile == NULL ? with_suffix(arena, command->output, ".d") : depfile;
    command->rule_target = rule_target(arena, command);
    if (!may_be_file(command->depfile) || str_equal(command->depfile, command->output))
        return refuse(command, NVC_BYPASS_OUTPUT, "--dependency-output");
    return NVC_OK;
}

/* Values that the shell behind nvcc would change on their way to the tools. */
static bool
survives_shell(const struct command_arg *arg)
{
    if (arg->value == NULL || arg->forwarded)
        return true;
    if (arg->option == NULL)
        return path_is_plain(arg->value);
    switch (arg->option->class) {
    case CLASS_INCLUDE:
    case CLASS_PREINCLUDE:
    case CLASS_PATH_KEY:
    case CLASS_CCBIN:
        return path_is_plain(arg->value);
    case CLASS_OUTPUT:
        return arg->option->id == OPT_DEPENDENCY_OUTPUT || path_is_plain(arg->value);
    case CLASS_NEUTRAL:
    case CLASS_DEPS:
    case CLASS_LINK:
    case CLASS_HOST:
    case CLASS_TOOL:
        return true; /* not in the shell's text, or looked at word by word */
    case CLASS_MACRO:
    case CLASS_ARCH:
        return !text_is_expanded(arg->value); /* in double quotes, or not handed on */
    case CLASS_KEY:
    case CLASS_PHASE:
    case CLASS_LANGUAGE:
    case CLASS_DEBUG:
    case CLASS_FILE:
    case CLASS_BYPASS:
        break;
    }
    return strpbrk(arg->value, "$`;&|<>()*?~#'\"\\\n") == NULL;
}

/* What nvcc says of another number does not come from a replay: this one is not in the
 * key. */
static bool
is_number(const char *value)
{
    const size_t len = strspn(value, "0123456789");

    return len > 0 && len < 6 && value[len] == '\0' && (value[0] != '0' || len == 1);
}

static enum nvc_status
check_values(struct arena *arena, struct nvcc_command *command)
{
    for (size_t i = 0; i < command->nargs; i++) {
        const struct command_arg *arg = &command->args[i];

        if (!survives_shell(arg))
            return refuse(command, NVC_BYPASS_SHELL,
                          arg->option == NULL ? arg->value : arg->option->long_name);
        if (arg->option != NULL && arg->option->id == OPT_THREADS &&
            !is_number(arg->value))
            return refuse(command, NVC_BYPASS_USAGE, arg->option->long_name);
        if (arg->option != NULL && arg->option->class == CLASS_TOOL) {
            const enum nvc_status st =
                tool_words_check(arena, arg, &command->debug_info, &command->culprit);

            if (st != NVC_OK)
                return st;
        }
    }
    return NVC_OK;
}

static enum nvc_status
check_host(struct arena *arena, struct nvcc_command *command)
{
    struct host_word *words;
    size_t n = 0;
    const enum nvc_status st = host_words(arena, command, &words, &n, &command->culprit);

    if (st != NVC_OK)
        return st;
    for (size_t i = 0; i < n; i++) {
        if (words[i].rule->kind == HOST_DEBUG)
            command->debug_info = true;
        if (words[i].rule->kind == HOST_NATIVE)
            command->native_host = words[i].word;
    }
    return NVC_OK;
}

enum nvc_status
command_classify(struct arena *arena, struct nvcc_command *command)
{
    enum nvc_status st = check_options(command);

    if (st == NVC_OK)
        st = find_phase(command);
    if (st == NVC_OK)
        st = find_source(command);
    if (st == NVC_OK)
        st = find_language(command);
    if (st == NVC_OK)
        st = find_outputs(arena, command);
    if (st == NVC_OK)
        st = check_values(arena, command);
    if (st == NVC_OK)
        st = check_host(arena, command);
    return st;
}
