/* The program's entry.  Everything is in the rooms, so that tests can link all but this.
 */

#include "nvcache/cli/cli.h"

int
main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
