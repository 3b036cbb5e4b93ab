/* Which words for gcc and clang are understood, as a table.
 *
 * An allow-list: families known to change nothing but the code that comes out.  The first
 * row that fits decides, so exceptions stand before their family.  Denied is what writes
 * further files (-fprofile-*, -save-temps, -ftime-trace), reads files that no list of
 * inputs names
 * (-fplugin, -specs, -B, @file, -fauto-profile), moves the search for headers (-nostdinc,
 * --sysroot, -stdlib), or turns the compile into something else (-E, -S, -o, -x,
 * -fsyntax-only).  What no row fits is denied.
 *
 * Must never allow a family because it looks harmless: each row was looked up in the
 * manuals of gcc 13 and clang 18. */

#include "hostrules_priv.h"

#include "nvcache/base/strlist.h"

#include <string.h>

static const struct host_rule rules[] = {
    {"-v", HOST_VERBOSE, FORM_EXACT},
    {"--verbose", HOST_VERBOSE, FORM_EXACT},
    {"-###", HOST_VERBOSE, FORM_EXACT},

    /* preprocessor */
    {"-include-pch", HOST_DENY, FORM_MAP},
    {"-D", HOST_MACRO, FORM_GLUED},
    {"-U", HOST_MACRO, FORM_GLUED},
    {"-I", HOST_NORMAL, FORM_GLUED},
    {"-isystem", HOST_SYSTEM, FORM_GLUED},
    {"-iquote", HOST_QUOTE, FORM_GLUED},
    {"-idirafter", HOST_AFTER, FORM_GLUED},
    {"-include", HOST_PREINCLUDE, FORM_GLUED},
    {"-imacros", HOST_PREINCLUDE, FORM_GLUED},
    {"-undef", HOST_DENY, FORM_EXACT},

    /* code generation */
    {"-fprofile", HOST_DENY, FORM_MAP},
    {"-fno-profile", HOST_DENY, FORM_MAP},
    {"-fcs-profile", HOST_DENY, FORM_MAP},
    {"-fmemory-profile", HOST_DENY, FORM_MAP},
    {"-fauto-profile", HOST_DENY, FORM_MAP},
    {"-fbranch-probabilities", HOST_DENY, FORM_MAP},
    {"-ftest-coverage", HOST_DENY, FORM_MAP},
    {"-fcoverage", HOST_DENY, FORM_MAP},
    {"-fcondition-coverage", HOST_DENY, FORM_MAP},
    {"-fpath-coverage", HOST_DENY, FORM_MAP},
    {"-fdump", HOST_DENY, FORM_MAP},
    {"-fplugin", HOST_DENY, FORM_MAP},
    {"-fpass-plugin", HOST_DENY, FORM_MAP},
    {"-fmodule", HOST_DENY, FORM_MAP},
    {"-fprebuilt", HOST_DENY, FORM_MAP},
    {"-fimplicit-module", HOST_DENY, FORM_MAP},
    {"-fcxx-modules", HOST_DENY, FORM_MAP},
    {"-fpch", HOST_DENY, FORM_MAP},
    {"-fpreprocessed", HOST_DENY, FORM_EXACT},
    {"-fdirectives-only", HOST_DENY, FORM_EXACT},
    {"-fsyntax-only", HOST_DENY, FORM_EXACT},
    {"-fstack-usage", HOST_DENY, FORM_EXACT},
    {"-fcallgraph-info", HOST_DENY, FORM_MAP},
    {"-fsave-optimization-record", HOST_DENY, FORM_MAP},
    {"-foptimization-record", HOST_DENY, FORM_MAP},
    {"-fopt-info", HOST_DENY, FORM_MAP},
    {"-ftime-", HOST_DENY, FORM_MAP},
    {"-fstats", HOST_DENY, FORM_EXACT}, /* prints times, too */
    {"-fmem-report", HOST_DENY, FORM_MAP},
    {"-fpre-ipa-mem-report", HOST_DENY, FORM_EXACT},
    {"-fpost-ipa-mem-report", HOST_DENY, FORM_EXACT},
    {"-fproc-stat-report", HOST_DENY, FORM_MAP},
    {"-fcompare-debug", HOST_DENY, FORM_MAP},
    {"-frecord-", HOST_DENY, FORM_MAP},
    {"-fself-test", HOST_DENY, FORM_MAP},
    {"-fdbg-cnt", HOST_DENY, FORM_MAP},
    {"-fdeps", HOST_DENY, FORM_MAP},
    {"-fdiagnostics-color", HOST_KEY, FORM_PREFIX},
    {"-fdiagnostics-show-", HOST_KEY, FORM_PREFIX},
    {"-fdiagnostics-absolute-paths", HOST_DEBUG, FORM_EXACT},
    {"-fdiagnostics", HOST_DENY, FORM_MAP},
    {"-fcrash-diagnostics", HOST_DENY, FORM_MAP},
    {"-fbuild-session", HOST_DENY, FORM_MAP},
    {"-fintegrated", HOST_DENY, FORM_MAP},
    {"-fno-integrated", HOST_DENY, FORM_MAP},
    {"-fbasic-block-sections", HOST_DENY, FORM_MAP},
    {"-fthinlto-index", HOST_DENY, FORM_MAP},
    {"-fembed", HOST_DENY, FORM_MAP},
    {"-fxray", HOST_DENY, FORM_MAP},
    {"-foffload", HOST_DENY, FORM_MAP},
    {"-fopenmp-host-ir", HOST_DENY, FORM_MAP},
    {"-fopenmp-targets", HOST_DENY, FORM_MAP},
    {"-fsycl", HOST_DENY, FORM_MAP},
    {"-fdriver-only", HOST_DENY, FORM_EXACT},
    {"-fgen-reproducer", HOST_DENY, FORM_MAP},
    {"-frewrite", HOST_DENY, FORM_MAP},
    {"-fminimize-whitespace", HOST_DENY, FORM_EXACT},
    {"-fdepfile-entry", HOST_DENY, FORM_MAP},
    {"-fdepscan", HOST_DENY, FORM_MAP},
    {"-fuse-cuid", HOST_DENY, FORM_MAP},
    {"-fsanitize-blacklist", HOST_DENY, FORM_MAP},
    {"-fsanitize-ignorelist", HOST_DENY, FORM_MAP},
    {"-fsanitize-coverage", HOST_DENY, FORM_MAP},
    {"-fsanitize-system", HOST_DENY, FORM_MAP},
    {"-fsanitize", HOST_DEBUG, FORM_PREFIX},
    {"-fstandalone-debug", HOST_DEBUG, FORM_PREFIX},
    {"-fworking-directory", HOST_DEBUG, FORM_EXACT},
    {"-finstrument-functions-exclude", HOST_DENY, FORM_MAP},
    {"-ffile-prefix-map=", HOST_KEY, FORM_MAP},
    {"-fmacro-prefix-map=", HOST_KEY, FORM_MAP},
    {"-fdebug-prefix-map=", HOST_KEY, FORM_MAP},
    {"-fdebug-compilation-dir=", HOST_KEY, FORM_MAP},
    {"-flto", HOST_DEBUG, FORM_PREFIX}, /* what the linker compiles holds positions */
    /* else names with a meaning need not stand there as they are read here */
    {"-finput-charset=UTF-8", HOST_KEY, FORM_EXACT},
    {"-finput-charset=utf-8", HOST_KEY, FORM_EXACT},
    {"-finput-charset", HOST_DENY, FORM_MAP},
    {"-f", HOST_KEY, FORM_PREFIX},
    {"-O", HOST_KEY, FORM_PREFIX},
    {"-march=native", HOST_NATIVE, FORM_EXACT},
    {"-mtune=native", HOST_NATIVE, FORM_EXACT},
    {"-mcpu=native", HOST_DENY, FORM_EXACT},
    {"-mllvm", HOST_DENY, FORM_MAP},
    {"-mdump", HOST_DENY, FORM_MAP},
    {"-mlink-", HOST_DENY, FORM_MAP},
    {"-m", HOST_KEY, FORM_PREFIX},
    {"-pthread", HOST_KEY, FORM_EXACT},
    {"-pipe", HOST_KEY, FORM_EXACT},
    {"-pg", HOST_KEY, FORM_EXACT},
    {"--param=", HOST_KEY, FORM_PREFIX},
    {"--param", HOST_KEY, FORM_NEXT},

    /* debug information */
    {"-g0", HOST_KEY, FORM_EXACT},
    {"-gsplit-dwarf", HOST_DENY, FORM_MAP},
    {"-g", HOST_DEBUG, FORM_EXACT},
    {"-g1", HOST_DEBUG, FORM_EXACT},
    {"-g2", HOST_DEBUG, FORM_EXACT},
    {"-g3", HOST_DEBUG, FORM_EXACT},
    {"-ggdb", HOST_DEBUG, FORM_PREFIX},
    {"-gdwarf", HOST_DEBUG, FORM_PREFIX},
    {"-gz", HOST_KEY, FORM_PREFIX},
    {"-gno-", HOST_KEY, FORM_PREFIX},
    {"-gline", HOST_DEBUG, FORM_PREFIX},
    {"-gcolumn-info", HOST_KEY, FORM_EXACT},
    {"-gstrict-dwarf", HOST_KEY, FORM_EXACT},
    {"-gpubnames", HOST_KEY, FORM_EXACT},
    {"-ggnu-pubnames", HOST_KEY, FORM_EXACT},
    {"-gvariable-location-views", HOST_KEY, FORM_PREFIX},
    {"-gstatement-frontiers", HOST_KEY, FORM_EXACT},
    {"-gsimple-template-names", HOST_KEY, FORM_PREFIX},

    /* dialect and warnings */
    {"-std=", HOST_KEY, FORM_PREFIX},
    {"--std=", HOST_KEY, FORM_PREFIX},
    {"-ansi", HOST_KEY, FORM_EXACT},
    {"-pedantic", HOST_KEY, FORM_PREFIX},
    {"-trigraphs", HOST_KEY, FORM_EXACT},
    {"-w", HOST_KEY, FORM_EXACT},
    {"-Qunused-arguments", HOST_KEY, FORM_EXACT},
    {"-Wl,", HOST_LINK, FORM_MAP},
    {"-Wp,-D", HOST_KEY, FORM_SINGLE},
    {"-Wp,-U", HOST_KEY, FORM_SINGLE},
    {"-Wp,", HOST_DENY, FORM_MAP},
    {"-Wa,--noexecstack", HOST_KEY, FORM_EXACT},
    {"-Wa,--execstack", HOST_KEY, FORM_EXACT},
    {"-Wa,-mrelax-relocations=", HOST_KEY, FORM_SINGLE},
    {"-Wa,-mbranches-within-32B-boundaries", HOST_KEY, FORM_EXACT},
    {"-Wa,-mx86-used-note=", HOST_KEY, FORM_SINGLE},
    {"-Wa,", HOST_DENY, FORM_MAP},
    {"-W", HOST_KEY, FORM_PREFIX},

    /* linking */
    {"-static", HOST_LINK, FORM_PREFIX},
    {"-shared", HOST_LINK, FORM_PREFIX},
    {"-rdynamic", HOST_LINK, FORM_EXACT},
    {"-pie", HOST_LINK, FORM_EXACT},
    {"-no-pie", HOST_LINK, FORM_EXACT},
    {"-nopie", HOST_LINK, FORM_EXACT},
    {"-nostdlib", HOST_LINK, FORM_EXACT},
    {"-nodefaultlibs", HOST_LINK, FORM_EXACT},
    {"-nostartfiles", HOST_LINK, FORM_EXACT},
    {"-s", HOST_LINK, FORM_EXACT},
    {"-l", HOST_LINK, FORM_GLUED},
    {"-L", HOST_LINK, FORM_GLUED},
    {"-z", HOST_LINK, FORM_NEXT},
    {"-Xlinker", HOST_LINK, FORM_NEXT},
};

static bool
fits(const struct host_rule *rule, const char *word)
{
    if (rule->form == FORM_EXACT || rule->form == FORM_NEXT)
        return str_equal(word, rule->name);
    return str_starts(word, rule->name);
}

const struct host_rule *
host_rule_find(const char *word)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (fits(&rules[i], word))
            return &rules[i];
    return NULL;
}
