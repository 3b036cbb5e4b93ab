#!/usr/bin/env python3
"""Makes every system call of every compile fail, once and from then on.

Whatever fails, the build must give what the compiler gives, and afterwards the store must be
in order.  The short form takes every 25th point, the full form all.  Short writes: the file
size limit is put at every place where a write can be cut.
"""

import sys

from faultlib import NVCACHE, Place, Tally, figure, full, in_parallel
from stages import Workers, all_stages, calls_of

STRIDE = full(1, 25)

# Which errors a call is given.  Those of starting a process are not nvcache's.
ERRORS = {
    "write": ["ENOSPC", "EIO", "EINTR", "EDQUOT"],
    "pwrite64": ["ENOSPC", "EIO", "EINTR", "EDQUOT"],
    "writev": ["ENOSPC", "EIO", "EINTR"],
    "pwritev": ["ENOSPC", "EIO", "EINTR"],
    "read": ["EIO", "EINTR"],
    "pread64": ["EIO", "EINTR"],
    "open": ["EMFILE", "ENFILE", "ENOMEM", "EACCES", "EIO", "ENOSPC", "EINTR"],
    "openat": ["EMFILE", "ENFILE", "ENOMEM", "EACCES", "EIO", "ENOSPC", "EINTR"],
    "close": ["EIO", "EINTR"],
    "fsync": ["EIO", "ENOSPC"],
    "fdatasync": ["EIO", "ENOSPC"],
    "ftruncate": ["ENOSPC", "EIO", "EFBIG"],
    "fchmod": ["EPERM", "EROFS"],
    "rename": ["ENOSPC", "EIO", "EACCES"],
    "renameat": ["ENOSPC", "EIO", "EACCES"],
    "renameat2": ["ENOSPC", "EIO", "EACCES"],
    "mkdir": ["ENOSPC", "EACCES"],
    "mkdirat": ["ENOSPC", "EACCES"],
    "unlink": ["EIO", "EACCES"],
    "unlinkat": ["EIO", "EACCES"],
    "rmdir": ["EIO"],
    "flock": ["EINTR", "ENOLCK", "ENOSYS", "EWOULDBLOCK"],
    "mmap": ["ENOMEM", "ENODEV", "EPERM"],
    "munmap": ["ENOMEM"],
    "stat": ["EIO", "ENOMEM"],
    "fstat": ["EIO"],
    "lstat": ["EIO"],
    "newfstatat": ["EIO", "ENOMEM"],
    "fstatfs": ["EIO"],
    "statfs": ["EIO"],
    "getdents64": ["EIO", "ENOMEM"],
    "fcntl": ["EINVAL"],
    "lseek": ["EINVAL"],
    "getrandom": ["ENOSYS"],
    "pipe2": ["EMFILE", "ENFILE"],
    "access": ["EIO"],
    "faccessat2": ["ENOSYS", "EACCES"],
    "readlink": ["EIO"],
    "getcwd": ["ENOENT"],
    "madvise": ["EINVAL"],
    "poll": ["EINTR"],
    "ppoll": ["EINTR"],
    "wait4": ["EINTR"],
    "clone": ["EAGAIN", "ENOMEM"],
    "vfork": ["EAGAIN", "ENOMEM"],
    "clone3": ["ENOSYS"],
    "sigaltstack": ["ENOMEM"],
}

# An interrupted call that is interrupted for ever is nobody's to survive.
ONCE_ONLY = {"EINTR"}


def points_of(place, stages):
    points = []
    for stage in stages:
        for call, count in sorted(calls_of(place, stage).items()):
            for error in ERRORS.get(call, []):
                for when in range(1, count + 1):
                    points.append((stage, call, error, f"{when}"))
                    if error not in ONCE_ONLY:
                        points.append((stage, call, error, f"{when}+"))
    return points[::STRIDE]


def starts_at_all(place, inject):
    """Whether a program that does nothing survives this: some errors hit the start itself."""
    return place.run([NVCACHE, "--version"], wrap=inject).code == 0


def met_the_compiler(trace):
    """Whether the error hit the compiler that nvcache had become."""
    own, *after = trace.read_text(errors="replace").split("\nexecve(", 1)
    return bool(after) and "INJECTED" in after[0]


class Errors:
    def __init__(self, place, tally, stages):
        self.place, self.tally = place, tally
        self.workers = Workers(place)
        self.unstartable = self.compilers = 0
        for stage in stages:
            place.right(stage.unit)

    def build(self, worker, stage, wrap, label, is_excused=lambda: False):
        """One disturbed build and two undisturbed ones."""
        cache, work, output = self.workers.prepare(worker, stage)
        how = {"cwd": work, "env": {**stage.env, "NVCACHE_DIR": str(cache)}}
        done = self.place.run(stage.argv, wrap=[*stage.wrap, *wrap], **how)
        right = self.place.right(stage.unit)
        good = done.code == 0 and output.exists() and output.read_bytes() == right
        if good or not is_excused():
            self.tally.check(good, f"{label}: ended with {done.code}: {done.err[-200:]}")
        output.unlink(missing_ok=True)
        done = self.place.run(stage.argv, **how)
        self.tally.check(done.code == 0 and output.read_bytes() == right, f"{label}: the next build: {done.code}")
        done = self.place.run([NVCACHE, "verify"], **how)
        self.tally.check(done.code == 0, f"{label}: verify ended with {done.code}")
        left = [name.name for name in work.iterdir() if "nvcache-tmp" in name.name]
        unremovable = "unlink" in label
        self.tally.check(not left or unremovable, f"{label}: left {left}")
        for name in left:
            (work / name).unlink()

    def is_excused(self, trace, inject):
        if met_the_compiler(trace):
            self.compilers += 1
            return True
        self.unstartable += not starts_at_all(self.place, inject)
        return not starts_at_all(self.place, inject)

    def error(self, worker, point):
        stage, call, error, when = point
        trace = self.place.top / f"trace-{worker}"
        inject = ["strace", "-o", trace, "-e", f"trace={call},execve", "-e", f"inject={call}:error={error}:when={when}"]
        label = f"{stage.name}, {call} {when} {error}"
        self.build(worker, stage, inject, label, lambda: self.is_excused(trace, ["strace", "-o", "/dev/null", *inject[3:]]))

    def cut(self, worker, point):
        stage, size = point
        label = f"{stage.name}, file size limit {size}"
        self.build(worker, stage, ["prlimit", f"--fsize={size}:{size}"], label)


def main():
    place = Place("errors")
    tally = Tally()
    stages = [stage for stage in all_stages(place) if stage.unit]
    errors = Errors(place, tally, stages)
    points = points_of(place, stages)
    in_parallel(errors.error, points)
    figure("errors at every system call", f"{len(points)} points in {len(stages)} operations, "
           f"{errors.compilers} met the compiler itself, {errors.unstartable} let no program start")

    # The compiler itself must be able to write 20,000 bytes.
    sizes = [20033 + n * full(61, 1501) for n in range(full(800, 30))]
    sizes += [4096 * n for n in range(5, full(300, 15))]
    cuts = [(stage, size) for stage in stages for size in sizes][::full(4, 8)]
    in_parallel(errors.cut, cuts)
    figure("short writes (file size limit)", f"{len(cuts)} limits")
    tally.end()


if __name__ == "__main__":
    sys.exit(main())
