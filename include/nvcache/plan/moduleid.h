#ifndef NVCACHE_PLAN_MODULEID_H
#define NVCACHE_PLAN_MODULEID_H

#include "nvcache/digest/digest.h"

struct arena;

/* The module id of an object: what makes the names of its static device variables,
 * anonymous namespaces and registration functions different from those of all other
 * objects of a program.  nvcc derives it from the source's path and contents, or from a
 * process id; ours depends on `unit` alone, the identity of source, output and
 * macros, so that it stays the same when the contents, the architectures or the directory
 * of a build change, and two outputs of one source never clash, nor what is compiled to
 * one place with other macros and then moved.
 *
 * The same form as nvcc's: "_" 8 hex "_" length "_" name "_" 16 hex, all of it letters of
 * an identifier (nvcc: "_8a39a8f8_4_b_cu__Z1kPi"). */
char *module_id(struct arena *arena, const struct digest *unit, const char *source);

#endif
