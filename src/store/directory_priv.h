#ifndef NVCACHE_STORE_DIRECTORY_PRIV_H
#define NVCACHE_STORE_DIRECTORY_PRIV_H

#include "nvcache/base/status.h"
#include "nvcache/entry/record.h"

#include <stdbool.h>
#include <sys/types.h>

/* Where everything lies: the format is part of the path, so that another layout, another
 * LMDB or another version of the records never meets our files: two versions in one
 * directory would each find the other's records damaged, and begin a new file for each.
 */
#define DIRECTORY_SUBDIR         "v" DIRECTORY_TEXT(RECORD_VERSION) "-lmdb09"
#define DIRECTORY_TEXT(version)  DIRECTORY_TEXT_OF(version)
#define DIRECTORY_TEXT_OF(value) #value

struct directory {
    int fd;      /* of DIR/v1-lmdb09; -1: not there, and not ours to create */
    bool shared; /* a group writes here: its members' files are accepted */
    bool writable;
    uid_t owner;
};

#define DIRECTORY_INIT                                                                   \
    {                                                                                    \
        -1, false, false, 0                                                              \
    }

/* Open DIR/v1-lmdb09, creating both when `create`, and check that nobody else can have
 * put things there.  NVC_OK with fd -1: there is nothing, and nothing may be created.
 * ERR_OWNER, ERR_NETWORK_FS, ERR_PERMISSION, ERR_NOSPACE, ERR_IO. */
NVC_NODISCARD enum nvc_status directory_open(const char *dir, int umask, bool create,
                                             struct directory *out);
void directory_close(struct directory *directory);

/* Whether a file of this owner may lie in the directory. */
bool directory_accepts(const struct directory *directory, uid_t file_owner);

/* A file that we created in `dir_fd`: give it the mode 0664 less `umask` (-1: leave it),
 * and, if we are root in a user's directory, to that user. */
void directory_adopt(int dir_fd, int fd, int umask);

#endif
