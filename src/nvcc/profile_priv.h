#ifndef NVCACHE_NVCC_PROFILE_PRIV_H
#define NVCACHE_NVCC_PROFILE_PRIV_H

#include <stdbool.h>

struct arena;

/* nvcc.profile, the file beside nvcc that says where its parts are: lines `NAME = text`,
 * `NAME += text` (behind the environment's) and `NAME =+ text`, in which `$(NAME)` is a
 * variable: of nvcc's own, of the profile or of the environment (11.8 to 13.5). */

/* Does `text` depend on nothing but itself, nvcc and variables that are in the key? */
bool profile_is_closed(struct arena *arena, const char *text);

#endif
