/* The program's entry.  Everything is in the rooms, so that tests can link all but this.
 */

#include "nvcache/cli/cli.h"

#include <malloc.h>

/* A hit allocates a few buffers of some hundred kilobytes.  By itself glibc's malloc maps
 * and unmaps each of them, and the kernel zeroes their pages every time.  LMDB asks for
 * 2 MiB of zeroes whenever it opens a file for writing, and touches hardly any: mapped
 * they cost nothing, from the heap they have to be written. */
static void
keep_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 2 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_TOP_PAD, 512 << 10);
#endif
}

int
main(int argc, char **argv)
{
    keep_memory();
    return cli_main(argc, argv);
}
