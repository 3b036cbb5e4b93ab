#ifndef NVCACHE_CACHE_SPELLING_PRIV_H
#define NVCACHE_CACHE_SPELLING_PRIV_H

#include "nvcache/entry/place.h"

#include <stdbool.h>

struct closure;
struct realpaths;
struct session;
struct strlist;

/* How gcc names a header of a system directory (libcpp/files.cc, find_file_in_dir): as
 * the directory is written, a slash and the name, or by its real path if that is shorter.
 * A header that says `#pragma GCC system_header` makes what it includes in quotes one,
 * wherever it is.  So the name of a header depends on where links lead, and on doubled
 * slashes and the like. */

/* `text` is a directory or a header: whether it is longer than its real path decides a
 * name.  `at` gives the text. */
typedef void spelling_visitor(const struct place *at, const char *text, void *arg);

/* All of them: the directories that the command gives for system headers, the toolkit's
 * own if what it is called shows, and what is reached through links below them.  `listed`
 * are the compiler's names of the inputs. */
void spelling_find(const struct session *session, const struct closure *closure,
                   const struct strlist *listed, bool is_toolkit_named,
                   struct realpaths *known, spelling_visitor *visit, void *arg);

/* Would gcc name it by its real path?  Not if it has none. */
bool spelling_is_longer(struct realpaths *known, const char *text);

#endif
