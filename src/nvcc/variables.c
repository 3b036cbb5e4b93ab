/* The environment of a compile.
 *
 * nvcc: the names were collected from `nvcc --dryrun` (nvcc.profile appends to what is in
 * the environment with `+=`: INCLUDES, SYSTEM_INCLUDES, PTXAS_FLAGS, CUDAFE_FLAGS,
 * LIBRARIES, LD_LIBRARY_PATH, PATH) and from the names in the binary (NVVM_FLAGS,
 * NVCC_CCBIN, NVCC_PREPEND_FLAGS, NVCC_APPEND_FLAGS), and then by watching getenv in
 * nvcc, cudafe++, cicc, ptxas, gcc and cc1plus of 13.0 and gcc 12 with a preloaded
 * library.  Seen to change the output that way: OCG_FLAGS (handed to ptxas),
 * NV_NVVM_VERSION and LLVM_OVERRIDE_PRODUCER (cicc).  The others are there because they
 * are read. NVCC_CCBIN and the two with flags are part of the command; PATH only decides
 * which programs run, and those are in the toolchain; LIBRARIES and LD_LIBRARY_PATH do
 * not reach a compile's output. Host compiler: gcc's manual, "Environment Variables
 * Affecting GCC", and "Environment Variables" of cpp's. In COMPILER_PATH and
 * GCC_EXEC_PREFIX another cc1plus or `as` can appear at any time, so with them nothing is
 * cached. TMPDIR must not matter, and does
 * not: it is ours. */

#include "nvcache/nvcc/variables.h"

#include <stdlib.h>

const char *const variables_in_key[] = {
    "INCLUDES",
    "SYSTEM_INCLUDES",
    "PTXAS_FLAGS",
    "CUDAFE_FLAGS",
    "NVVM_FLAGS",
    "OCG_FLAGS",
    "LLVM_OVERRIDE_PRODUCER",
    "NV_NVVM_VERSION",
    "NVVM_IR_VER_CHK",
    "NVVMCCWIZ",
    "EDG_BASE",
    "EDG_MODULES_PATH",
    "USR_INCLUDE",
    "NOCOLOR",
    "CPATH",
    "C_INCLUDE_PATH",
    "CPLUS_INCLUDE_PATH",
    "GCC_COMPARE_DEBUG",
    "GCC_EXTRA_DIAGNOSTIC_OUTPUT",
    "GCC_ROOT",
    "G++_ROOT",
    "BINUTILS_ROOT",
    "SOURCE_DATE_EPOCH",
    "CCC_OVERRIDE_OPTIONS",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "LC_MESSAGES",
};
const size_t variables_in_key_n = sizeof(variables_in_key) / sizeof(variables_in_key[0]);

const char *
variables_forbidden(void)
{
    static const char *const names[] = {"DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES",
                                        "DUMP_KNOBS_TO_FILE", "COMPILER_PATH",
                                        "GCC_EXEC_PREFIX"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (getenv(names[i]) != NULL)
            return names[i];
    return NULL;
}
