#ifndef NVCACHE_BASE_FS_H
#define NVCACHE_BASE_FS_H

#include "nvcache/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

struct arena;
struct buf;

/* Files.  Every descriptor opened here is close-on-exec.  EINTR and short transfers are
 * handled.  Failures are mapped with status_from_errno and leave errno set. */

void fs_closep(int *fd);
#define AUTO_FD __attribute__((cleanup(fs_closep))) int

/* Append the whole file to `out`.  More than `limit` bytes is ERR_LIMIT. */
NVC_NODISCARD enum nvc_status fs_read(const char *path, size_t limit, struct buf *out);
NVC_NODISCARD enum nvc_status fs_read_fd(int fd, size_t limit, struct buf *out);

/* Read up to `len` bytes at `at`; fewer only where the file ends (*out_n). */
NVC_NODISCARD enum nvc_status fs_pread_full(int fd, void *data, size_t len, off_t at,
                                            size_t *out_n);

NVC_NODISCARD enum nvc_status fs_write_full(int fd, const void *data, size_t len);

/* `dir` and its missing parents, each with `mode` less the umask.  Existing is fine. */
NVC_NODISCARD enum nvc_status fs_mkdirs(const char *dir, mode_t mode);

/* A file or directory that root created in the directory of another user is given to that
 * user and the directory's group.  For any other user nothing happens.  Only for what the
 * caller has just created: giving away a file that was there would give away its secrets.
 */
void fs_inherit_owner(int fd, int dir_fd);

/* Remove a directory tree without following symbolic links; errors are ignored. */
void fs_remove_tree(const char *dir);

/* The same for what is in an open directory, which stays. */
void fs_empty_dir(int fd);

/* What a symbolic link says, or NULL (errno set). */
char *fs_read_link(struct arena *arena, const char *path);

/* The path with all symbolic links resolved, or NULL (errno set). */
char *fs_realpath(struct arena *arena, const char *path);

/* Find `name` as execvp would: with a slash as it is, else along `search` (a PATH value;
 * NULL means the environment's).  Directories and files without execute permission do not
 * count, but one that cannot be examined for another reason does; files for which `skip`
 * says true are passed over (skip may be NULL). NULL if there is none. */
char *fs_find_program(struct arena *arena, const char *name, const char *search,
                      bool (*skip)(const char *path, void *arg), void *arg);

/* A new 0700 directory `prefix`XXXXXX below `parent` with 64 random bits in its name. */
NVC_NODISCARD enum nvc_status fs_make_private_dir(struct arena *arena, const char *parent,
                                                  const char *prefix, char **out_path);

#endif
