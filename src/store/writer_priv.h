#ifndef NVCACHE_STORE_WRITER_PRIV_H
#define NVCACHE_STORE_WRITER_PRIV_H

#include "store_priv.h"

/* Writing to one generation.  The exclusive lock is held from writer_open to
 * writer_close; one transaction per record. */

struct writer {
    struct store *store;
    MDB_env *env; /* NULL: not open, or crashed */
    int fd;       /* the file, claimed */
};

#define WRITER_INIT                                                                      \
    {                                                                                    \
        NULL, NULL, -1                                                                   \
    }
#define AUTO_WRITER __attribute__((cleanup(writer_close))) struct writer

/* Claim, examine and open a generation's file for adding `to_add` (NULL: any key, to a
 * file we have just created) and about `room` more bytes.  Results of genfile_open,
 * genfile_claim and genfile_examine; ERR_CRASH. */
NVC_NODISCARD enum nvc_status writer_open(struct store *store,
                                          struct generation *generation,
                                          const struct record_key *to_add, uint64_t room,
                                          struct writer *writer);

/* A new file of this name in the directory of generations. */
NVC_NODISCARD enum nvc_status writer_create(struct store *store, const char *name,
                                            struct writer *writer);

/* Seal and add a record.  One that is already there is left: NVC_OK when it can be
 * opened, else ERR_CORRUPT.  ERR_LIMIT: the map is full. ERR_NOSPACE, ERR_GENERATION, ...
 */
NVC_NODISCARD enum nvc_status writer_add(struct writer *writer,
                                         const struct record_key *key,
                                         const void *payload, size_t len);

/* Write the birth record into a new file, and give the file its mode. */
NVC_NODISCARD enum nvc_status writer_give_birth(struct writer *writer);

/* Whether the file was born under this boot. */
bool writer_is_ours(struct writer *writer);

void writer_close(struct writer *writer);

#endif
