#ifndef NVCACHE_PLAN_MODULEID_H
#define NVCACHE_PLAN_MODULEID_H

#include "nvcache/digest/digest.h"

#include <stdbool.h>

struct arena;

/* The module id of an object: what makes the names of its static device variables,
 * anonymous namespaces and registration functions different from those of all other
 * objects of a program.  One of nvcc's steps makes it of a checksum of the source's path
 * and the first external symbol, which no other object of the program can define, too:
 * "_80d0f84c_4_e_cu__Z2hkPi" (11.8 to 13.5).
 *
 * Where there is no such symbol, it makes it of a process id: "_57d17f4d_4_n_cu_"
 * "1984fca7_13658". */
bool module_id_is_passing(const char *id);

/* What to take instead of such a one: of the whole command, its source and output
 * included, and of the text, so that no other object has it.  Is it one of these? */
char *module_id(struct arena *arena, const struct digest *command,
                const struct digest *text, const char *source);
bool module_id_is_own(const char *id);

#endif
