/* File systems LMDB cannot live on.  LMDB and our locks need memory maps that agree with
 * pwrite in other processes, a working flock and one kernel; what is in this list lacks
 * at least one of them, and on some of it flock hangs for ever.
 *
 * A type that is not in the list counts as local.  Must never lock or map anything. */

#include "remotefs_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/path.h"
#include "nvcache/store/store.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/vfs.h>

struct remote {
    uint32_t type;
    const char *name;
};

/* Numbers from linux/magic.h and coreutils' stat.c, which marks all of these but 9p and
 * wslfs as remote; pass-through file systems of containers and virtual machines are 9p,
 * fuse (also virtiofs) and the shared folders of their makers. */
static const struct remote remotes[] = {
    {0x00006969, "nfs"},    {0x0000517B, "smb"},      {0xFF534D42, "cifs"},
    {0xFE534D42, "smb2"},   {0x65735546, "fuse"},     {0x01021997, "9p"},
    {0x0BD00BD0, "lustre"}, {0x47504653, "gpfs"},     {0x00C36400, "ceph"},
    {0x5346414F, "afs"},    {0x6B414653, "afs"},      {0x73757245, "coda"},
    {0x7461636F, "ocfs2"},  {0x01161970, "gfs2"},     {0x19830326, "beegfs"},
    {0xAAD7AAEA, "panfs"},  {0x786F4256, "vboxsf"},   {0x7C7C6673, "prl_fs"},
    {0xBACBACBC, "vmhgfs"}, {0x53464846, "wslfs"},    {0xBEEFDEAD, "snfs"},
    {0x013111A8, "ibrix"},  {0x61636673, "acfs"},     {0xA501FCF5, "vxfs"},
    {0x0000564C, "ncp"},    {0x0000F15F, "ecryptfs"},
};

const char *
remotefs_of_type(unsigned long type)
{
    /* f_type is signed and 64 bits wide: only the low 32 bits carry the number. */
    const uint32_t low = (uint32_t)(type & 0xFFFFFFFFU);

    for (size_t i = 0; i < sizeof(remotes) / sizeof(remotes[0]); i++)
        if (remotes[i].type == low)
            return remotes[i].name;
    return NULL;
}

const char *
remotefs_of_fd(int fd)
{
    struct statfs info;

    if (fstatfs(fd, &info) != 0)
        return NULL;
    return remotefs_of_type((unsigned long)info.f_type);
}

const char *
store_remote_fs(const char *dir)
{
    struct arena arena = ARENA_INIT;
    const char *at = path_clean(&arena, dir);
    const char *name = NULL;
    struct statfs info;

    /* "." and "/" are their own parents and always answer. */
    while (statfs(at, &info) != 0 && errno == ENOENT && path_base(at)[0] != '\0' &&
           !(at[0] == '.' && at[1] == '\0'))
        at = path_dir(&arena, at);
    if (statfs(at, &info) == 0)
        name = remotefs_of_type((unsigned long)info.f_type);
    arena_fini(&arena);
    return name;
}
