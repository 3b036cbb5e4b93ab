#ifndef NVCACHE_NVCC_TOOLCHAIN_H
#define NVCACHE_NVCC_TOOLCHAIN_H

#include "nvcache/base/status.h"
#include "nvcache/base/strlist.h"
#include "nvcache/digest/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct memo;

/* What really runs when nvcc compiles: nvcc, its profile, cudafe++, cicc, ptxas,
 * fatbinary, nvlink, libdevice and crt stubs, the host compiler's driver, its cc1plus and
 * as, and the shared libraries that all of these load.  Version strings are not identity;
 * the contents of these files are.
 *
 * Finding them takes a dozen processes (`nvcc --dryrun`, `gcc -v`, `ld.so --list` for
 * each program), so the answer, a layout, is kept by the caller under
 * toolchain_layout_key(). */

#define TOOLCHAIN_VERSION 5

/* Where things were found before anything is run. */
struct toolchain_seat {
    const char *program;      /* what will be executed: nvcc, or a wrapper script */
    const char *nvcc;         /* the binary */
    const char *ccbin;        /* -ccbin's value; NULL: NVCC_CCBIN's, or nvcc's default */
    const char *host_program; /* what nvcc runs for it: the host compiler, or a wrapper */
    const char *plain_host;   /* NVCC_CCBIN decides: what nvcc runs if it does not know
                                 that (as of 12.4), may be NULL; else NULL */
    const char *host;         /* the host compiler's binary */
    struct strlist host_scripts; /* the wrapper and those it runs */
    bool host_has_words;         /* one of them adds words of its own */
    const char *language; /* of the source, as gcc's -x calls it: "c" (cu is "c++");
                             the caller's to set, NULL is "c++" */
};

struct toolchain_layout {
    const char *top;          /* nvcc's TOP, as it writes it ("/usr/local/cuda/bin/..") */
    const char *device_query; /* what nvcc asks for -arch=native; "": there is none */
    bool is_unordered; /* a wrapper adds directories whose place on the path is unknown */
    struct strlist files;  /* whose contents are the identity */
    struct strlist normal; /* -I directories of nvcc.profile */
    struct strlist system; /* its -isystem directories, then the host compiler's own */
    struct strlist absent; /* below the working directory, or where a program's RUNPATH
                              leads; a file there would be loaded instead of a shared
                              library */
};

/* Find the host compiler the way nvcc does, and what is behind wrapper scripts.  `ccbin`
 * is NULL if the command gives none.  BYPASS_WRAPPER, BYPASS_TOOLCHAIN. */
NVC_NODISCARD enum nvc_status toolchain_seat_init(struct arena *arena,
                                                  const char *program, const char *ccbin,
                                                  struct toolchain_seat *out);

/* The key of the layout: paths and stamps of nvcc, its profile, the host compiler, the
 * assembler on PATH and the directories where another part of them may appear, the
 * language, the environment variables that steer the search, and where shared libraries
 * are looked for. */
NVC_NODISCARD enum nvc_status toolchain_layout_key(const struct toolchain_seat *seat,
                                                   struct digest *out);

/* Ask nvcc and the host compiler.  `work_dir` is an empty private directory.
 * BYPASS_WRAPPER when nvcc or the host compiler is a script, BYPASS_TOOLCHAIN when the
 * answer is not understood. */
NVC_NODISCARD enum nvc_status toolchain_discover(struct arena *arena,
                                                 const struct toolchain_seat *seat,
                                                 const char *work_dir,
                                                 struct toolchain_layout *out);

void toolchain_layout_encode(const struct toolchain_layout *layout, struct buf *out);
NVC_NODISCARD enum nvc_status toolchain_layout_decode(struct arena *arena,
                                                      const void *data, size_t len,
                                                      struct toolchain_layout *out);

/* Is the host compiler gcc (it has a cc1 or cc1plus)? */
bool toolchain_has_gcc(const struct toolchain_layout *layout);

/* May one of the files have been replaced at or after `moment_ns`? */
bool toolchain_is_since(const struct toolchain_layout *layout, int64_t moment_ns);

/* The identity: the contents of all files, in order, without their paths, and how the
 * processor lets them compute (processor.h).  MISS when a file is gone or one that was
 * absent is there (discover again). */
NVC_NODISCARD enum nvc_status toolchain_digest(struct memo *memo,
                                               const struct toolchain_layout *layout,
                                               int64_t now_ns, struct digest *out);

#endif
