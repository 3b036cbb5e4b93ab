#!/usr/bin/env python3
"""`nvcache watch` on a terminal, beside a build: every element of its page, and Ctrl-C, which leaves the build alone."""

import os
import pty
import re
import select
import signal
import subprocess
import time

from faultlib import NVCACHE, Place, Tally

SMALL = {"NVCACHE_MEMORY": "1500M"}


def start(place, name):
    return subprocess.Popen([NVCACHE, *place.command(name)], cwd=place.work, env={**place.env, **SMALL}, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def read_for(fd, seconds, until=None):
    """What is shown on the terminal in that time, or until it matches, and the rest of a page that has begun."""
    text, end = "", time.monotonic() + seconds
    while True:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                text += os.read(fd, 65536).decode()
            except OSError:
                return text
        elif time.monotonic() >= end or (until and re.search(until, text)):
            return text


def last_page(text):
    return text.split("\x1b[H\x1b[J")[-1].replace("\r", "")


def show(place):
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(place.work)
        os.execve(NVCACHE, [str(NVCACHE), "watch"], {**place.env, **SMALL, "TERM": "xterm"})
    return pid, fd


def main():
    tally = Tally()
    place = Place("watch")
    place.unit("hit")
    place.unit("slow", more="// fake-memory: 40@300 40@6000")
    place.unit("next", more="// fake-memory: 20@50")
    for name in ("hit", "slow"):
        place.compile(name)
    pid, fd = show(place)
    idle = last_page(read_for(fd, 10, "Nothing is compiling"))
    tally.check("Nothing is compiling." in idle, f"idle: {idle!r}")
    (place.work / "slow.cu").write_text((place.work / "slow.cu").read_text() + "// edited\n")
    builds = [start(place, "slow")]
    time.sleep(0.5)
    builds.append(start(place, "next"))
    place.compile("hit")
    seen = last_page(read_for(fd, 15, r"(?s)next\.cu.*waits.*\n"))
    seen = last_page(read_for(fd, 3)) or seen
    for what, pattern in (
        ("the memory in use, promised, available, and of how much", r"Memory   [\d.]+ .iB in use, [\d.]+ .iB promised; 1\.\d GiB available of 1\.5 GiB"),
        ("hits and misses of this build", r"Build    1 hits, 0 misses"),
        ("how many run and wait", r"1 running, 1 waiting"),
        ("the expected end", r"about \d s left for these|more than \d s left for these"),
        ("file, step, age, memory now and expected, time left", r"slow\.cu +nvcc +\d s +[\d.]+ MiB +[\d.]+ MiB +\d s left"),
        ("the queue", r"next\.cu +waits +\d s +0 bytes +[\d.]+ .iB"),
    ):
        tally.check(re.search(pattern, seen), f"{what}: {seen!r}")
    os.write(fd, b"\x03")
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    tally.check(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT, f"Ctrl-C ends watching: {status}")
    tally.check([build.wait(timeout=60) for build in builds] == [0, 0], "and leaves the build alone")
    line = subprocess.Popen([NVCACHE, "watch"], env={**place.env, **SMALL}, stdout=subprocess.PIPE, text=True)
    tally.check(re.match(r"0 running, 0 waiting; .* available of 1\.5 GiB; 0 hits, 0 misses, 0 failed\n", line.stdout.readline()), "plain lines elsewhere")
    line.terminate()
    line.wait()
    tally.end()


if __name__ == "__main__":
    main()
