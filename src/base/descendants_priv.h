#ifndef NVCACHE_BASE_DESCENDANTS_PRIV_H
#define NVCACHE_BASE_DESCENDANTS_PRIV_H

#include <stddef.h>

/* Send a signal (0: none, only count) to every process below this one.  Returns how many
 * there were, zombies included. */
size_t descendants_signal(int signal_number);

#endif
