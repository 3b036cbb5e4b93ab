#ifndef NVCACHE_STORE_REMOTEFS_PRIV_H
#define NVCACHE_STORE_REMOTEFS_PRIV_H

/* As store_remote_fs, for something that is open. */
const char *remotefs_of_fd(int fd);

/* The name of a file system type that is not local, or NULL. */
const char *remotefs_of_type(unsigned long type);

#endif
