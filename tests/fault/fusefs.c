/* A FUSE file system with nothing in it, for as long as a command runs.
 *
 *   fusefs DIRECTORY COMMAND...
 *
 * Mounts in a mount namespace of its own (needs root), speaks as much of the protocol as
 * stat, statfs and listing take, and refuses everything else.  Writes to the file that
 * FUSEFS_COUNTS names how often something was to be made or changed.  Ends as the command
 * ends; with 77 where FUSE cannot be mounted. */

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CANNOT_MOUNT = 77,
    REQUEST_SIZE = 1 << 20
};

static int fuse;
static unsigned long changes;

static void
answer(uint64_t unique, int error, const void *data, size_t len)
{
    struct fuse_out_header header = {
        .len = (uint32_t)(sizeof(header) + (error == 0 ? len : 0)),
        .error = -error,
        .unique = unique};
    struct iovec parts[2] = {{&header, sizeof(header)}, {NULL, 0}};
    void *const copy = malloc(len + 1);

    if (copy == NULL)
        return;
    if (len > 0)
        memcpy(copy, data, len);
    parts[1].iov_base = copy;
    parts[1].iov_len = error == 0 ? len : 0;
    if (writev(fuse, parts, 2) < 0 && errno != ENOENT)
        perror("fusefs: writev");
    free(copy);
}

static void
answer_init(uint64_t unique, const struct fuse_init_in *in)
{
    const struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION,
                                      .minor = in->minor < FUSE_KERNEL_MINOR_VERSION
                                                   ? in->minor
                                                   : FUSE_KERNEL_MINOR_VERSION,
                                      .max_write = 4096};

    answer(unique, 0, &out, sizeof(out));
}

static void
answer_attributes(uint64_t unique)
{
    const struct fuse_attr_out out = {.attr = {.ino = 1,
                                               .mode = S_IFDIR | 0755,
                                               .nlink = 2,
                                               .uid = geteuid(),
                                               .gid = getegid(),
                                               .blksize = 4096}};

    answer(unique, 0, &out, sizeof(out));
}

static void
serve(const struct fuse_in_header *in)
{
    const struct fuse_statfs_out disk = {
        .st = {.bsize = 4096, .frsize = 4096, .namelen = 255}};
    const struct fuse_open_out opened = {.fh = 1};

    switch (in->opcode) {
    case FUSE_INIT:
        answer_init(in->unique, (const void *)(in + 1));
        return;
    case FUSE_GETATTR:
        answer_attributes(in->unique);
        return;
    case FUSE_STATFS:
        answer(in->unique, 0, &disk, sizeof(disk));
        return;
    case FUSE_OPENDIR:
        answer(in->unique, 0, &opened, sizeof(opened));
        return;
    case FUSE_READDIR:
    case FUSE_RELEASEDIR:
        answer(in->unique, 0, NULL, 0);
        return;
    case FUSE_LOOKUP:
        answer(in->unique, ENOENT, NULL, 0);
        return;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
        return;
    case FUSE_MKDIR:
    case FUSE_MKNOD:
    case FUSE_CREATE:
    case FUSE_SETATTR:
    case FUSE_SETLK:
    case FUSE_SETLKW:
        changes++;
        break;
    default:
        break;
    }
    answer(in->unique, ENOSYS, NULL, 0);
}

static bool
mount_here(const char *directory)
{
    char options[128];

    fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fuse < 0 || unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return false;
    snprintf(options, sizeof(options),
             "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse);
    return mount("fusefs", directory, "fuse", 0, options) == 0;
}

static void
serve_all(void)
{
    static union {
        struct fuse_in_header header;
        char bytes[REQUEST_SIZE];
    } request;

    for (;;) {
        const ssize_t n = read(fuse, &request, sizeof(request));

        if (n < 0 && (errno == EINTR || errno == ENOENT || errno == EAGAIN))
            continue;
        if (n < (ssize_t)sizeof(request.header))
            return;
        serve(&request.header);
    }
}

static void
report(void)
{
    const char *const path = getenv("FUSEFS_COUNTS");
    FILE *const file = path != NULL ? fopen(path, "w") : NULL;

    if (file == NULL)
        return;
    fprintf(file, "%lu\n", changes);
    fclose(file);
}

/* The command's parent waits for it and unmounts, which ends the service. */
static int
run_and_unmount(const char *directory, char **argv)
{
    int status = 0;
    const pid_t pid = fork();

    if (pid == 0) {
        execvp(argv[0], argv);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        status = 1 << 8;
    umount2(directory, MNT_DETACH);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int
main(int argc, char **argv)
{
    int status = 0;
    pid_t pid;

    if (argc < 3)
        return 2;
    if (!mount_here(argv[1]))
        return CANNOT_MOUNT;
    pid = fork();
    if (pid == 0) {
        close(fuse);
        _exit(run_and_unmount(argv[1], argv + 2));
    }
    serve_all();
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return 2;
    report();
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
