/* Fills a cache with records of no use, to see whether hits get slower:
 *
 *   fill DIR COUNT BYTES MAX_BYTES FIRST */

#include "nvcache/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
main(int argc, char **argv)
{
    const size_t len = argc == 6 ? strtoul(argv[3], NULL, 10) : 0;
    struct store_config config = {.dir = argv[1], .umask = -1, .write_wait_ms = 2000};
    struct record_key key = {.len = 33, .bytes = {'R'}};
    struct store *store;
    char *payload = calloc(1, len + 1);

    if (argc != 6 || payload == NULL)
        return 2;
    config.max_bytes = strtoull(argv[4], NULL, 10);
    if (store_open(&config, &store) != NVC_OK)
        return 1;
    srandom((unsigned)strtoul(argv[5], NULL, 10));
    for (unsigned long i = strtoul(argv[2], NULL, 10); i > 0; i--) {
        for (size_t k = 1; k < key.len; k++)
            key.bytes[k] = (unsigned char)random();
        memcpy(payload, key.bytes, len < key.len ? len : key.len);
        if (store_put(store, &key, payload, len) != NVC_OK)
            return 1;
    }
    store_close(store);
    return 0;
}
