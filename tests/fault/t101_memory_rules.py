#!/usr/bin/env python3
"""What a person notices of memory: waiting is said once and can be silenced, what somebody else compiled
meanwhile is a hit, nothing is reserved twice, a user's kill stays a kill, and without a place for the table every
build goes on.

The budget is made small by NVCACHE_MEMORY; a unit that nobody knows is taken to need 1 GiB.
"""

import os
import signal
import subprocess
import threading
import time

from faultlib import FULL, NVCACHE, Place, Tally, figure

ANNA, BERT, TEAM = 12001, 12002, 12100
SMALL = {"NVCACHE_MEMORY": "1500M"}


def fresh(name):
    place = Place(name)
    place.env["NVCACHE_LOG"] = str(place.top / "log")
    return place


def beside(place, first, second, **how):
    """Run the second while the first compiles."""
    process = subprocess.Popen([NVCACHE, *place.command(first)], cwd=place.work, env={**place.env, **SMALL},
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(0.4)
    outcome = place.compile(second, env={**SMALL, **how.get("env", {})})
    err = process.communicate()[1]
    return outcome, process.returncode, err


def waiting_is_said(tally):
    place = fresh("said")
    place.unit("slow", more="// fake-memory: 20@4500")
    place.unit("next", more="// fake-memory: 20@50")
    outcome, code, err = beside(place, "slow", "next")
    tally.check((outcome.code, code, err) == (0, 0, b""), f"both end well: {outcome.code} {code} {err}")
    tally.check(outcome.err.count(b"\n") == 1, f"one line: {outcome.err}")
    tally.check(outcome.err.startswith(b"nvcache: next.cu waits for memory: it needs about 1.1 GiB, "), f"{outcome.err}")
    tally.check(place.is_right("next"), "the object is right")
    memory = place.stats()["memory"]
    tally.check(memory["waited"] == 1 and 3 < memory["wait_seconds"] < 15, f"counted: {memory}")
    tally.check(place.stats()["errors"] == {}, f"errors: {place.stats()['errors']}")
    place.unit("third", more="// fake-memory: 20@50")
    (place.cache / "memory-v1").unlink()
    quiet, _, _ = beside(place, "slow", "third", env={"NVCACHE_QUIET": "1"})
    tally.check((quiet.code, quiet.err) == (0, b""), f"quiet: {quiet.err}")


def short_waits_are_not_said(tally):
    place = fresh("short")
    place.unit("slow", more="// fake-memory: 20@1200")
    place.unit("next")
    outcome, _, _ = beside(place, "slow", "next")
    tally.check((outcome.code, outcome.err) == (0, b""), f"silent: {outcome.err}")
    tally.check(place.stats()["memory"]["waited"] == 1, "it did wait")


def meanwhile_compiled_is_a_hit(tally):
    place = fresh("meanwhile")
    place.unit("slow", more="// fake-memory: 20@1500")
    outcome, _, _ = beside(place, "slow", "slow")
    stats = place.stats()
    tally.check(outcome.code == 0 and stats["misses"] == 1 and stats["hits"]["manifest"] == 1, f"{stats}")


def a_source_that_changed_meanwhile(tally):
    """The key must be that of the source that was compiled."""
    place = fresh("changed")
    place.unit("slow", more="// fake-memory: 20@1500")
    place.unit("next")
    old = place.right("next")

    def change():
        time.sleep(0.8)
        with open(place.work / "next.cu", "a", encoding="utf-8") as file:
            file.write("// changed\n")

    thread = threading.Thread(target=change)
    thread.start()
    beside(place, "slow", "next")
    thread.join()
    place.oracle.clear()
    new = place.right("next")
    tally.check((place.work / "next.o").read_bytes() == new, "the new source was compiled")
    place.unit("next")
    place.compile("next")
    tally.check((place.work / "next.o").read_bytes() == old, "the old source is not the new object")


def a_user_s_kill_stays_a_kill(tally):
    place = fresh("kill")
    place.unit("dies", more="// fake-die: 9")
    plain = place.run(place.command("dies"))
    outcome = place.compile("dies")
    tally.check((outcome.code, outcome.err) == (plain.code, plain.err) == (-9, b""), f"{outcome.code} {outcome.err}")
    tally.check(place.stats()["memory"]["rescued"] == 0, "not rescued")
    tally.check(place.stats()["failed_compiles"] == 1, "counted once")


def nested_launchers_reserve_once(tally):
    """nvcc is a script that calls nvcache again; the budget has room for one."""
    place = fresh("nested")
    place.unit("unit", more="// fake-memory: 20@100")
    (place.top / "outer").mkdir()
    script = place.top / "outer" / "nvcc"
    script.write_text(f'#!/bin/sh\necho outer >>{place.top}/seen\nexec {NVCACHE} {place.top}/bin/nvcc "$@"\n')
    script.chmod(0o755)
    outcome = place.run([NVCACHE, script, *place.command("unit")[1:]], env={"NVCACHE_MEMORY": "900M"}, limit=20)
    tally.check(outcome.code == 0, f"it does not wait for itself: {outcome.code} {outcome.err}")
    log = (place.top / "log").read_text()
    tally.check(log.count("memory.admit") == 1, f"reserved {log.count('memory.admit')} times")
    stats = place.stats()
    tally.check(stats["misses"] == 1 and stats["bypassed"] == {"wrapper": 1}, f"the inner one caches: {stats}")


def without_a_table_builds_go_on(tally):
    place = fresh("table")
    place.unit("unit")
    table = place.top / "run" / "nvcache"
    table.mkdir(mode=0o700)
    tally.check(place.compile("unit").code == 0, "compiles")
    for file in table.iterdir():
        file.unlink()
        file.mkdir()
    outcome = place.compile("unit", env={"NVCACHE_RECACHE": "1"})
    tally.check((outcome.code, outcome.err) == (0, b""), f"a table that cannot be opened: {outcome.code} {outcome.err}")
    tally.check(place.stats()["errors"] == {"pool": 1}, f"counted: {place.stats()['errors']}")


def off_is_off(tally):
    place = fresh("off")
    place.unit("unit")
    outcome = place.compile("unit", env={"NVCACHE_MEMORY": "off"})
    tally.check(outcome.code == 0 and "memory." not in (place.top / "log").read_text(), "no lease")
    tally.check(not (place.top / "run" / "nvcache").exists(), "no table")


def hits_reserve_nothing(tally):
    place = fresh("hit")
    place.unit("unit")
    place.compile("unit")
    (place.top / "log").write_text("")
    place.compile("unit")
    log = (place.top / "log").read_text()
    tally.check("outcome=manifest" in log and "memory." not in log, f"{log}")


def commands_that_are_passed_through_reserve_too(tally):
    place = fresh("passed")
    place.unit("unit")
    program = ["nvcc", "-c", "--unknown-to-all", "unit.cu", "-o", "unit.o"]
    plain = place.run(program)
    outcome = place.nvcache(*program)
    tally.check((outcome.code, outcome.err) == (plain.code, plain.err), f"{outcome.code} {outcome.err}")
    tally.check("memory.admit" in (place.top / "log").read_text(), "a compile that cannot be cached waits too")
    stats = place.stats()
    tally.check((stats["bypassed"], stats["errors"]) == ({"unknown_option": 1}, {}), f"{stats}")
    (place.top / "log").write_text("")
    place.nvcache("nvcc", "--version")
    tally.check("memory.admit" not in (place.top / "log").read_text(), "--version does not")


def an_interrupted_wait_ends(tally):
    place = fresh("interrupt")
    place.unit("slow", more="// fake-memory: 20@3000")
    place.unit("next")
    first = subprocess.Popen([NVCACHE, *place.command("slow")], cwd=place.work, env={**place.env, **SMALL})
    time.sleep(0.4)
    second = subprocess.Popen([NVCACHE, *place.command("next")], cwd=place.work, env={**place.env, **SMALL})
    time.sleep(0.4)
    second.send_signal(signal.SIGINT)
    tally.check(second.wait(timeout=5) == -signal.SIGINT, "as a shell expects it")
    tally.check(first.wait(timeout=20) == 0, "the other goes on")
    tally.check(not os.path.exists(place.work / "next.o"), "nothing was made")


def containers_share_a_table(tally):
    """Process ids mean nothing there; locks do."""
    place = fresh("pidns")
    place.unit("slow", more="// fake-memory: 20@1500")
    place.unit("next")
    inside = ["unshare", "--pid", "--fork", "--kill-child"]
    if place.run([*inside, "true"]).code != 0:
        tally.skip("no PID namespace can be made here")
        return
    first = subprocess.Popen([*inside, NVCACHE, *place.command("slow")], cwd=place.work, env={**place.env, **SMALL})
    time.sleep(0.4)
    outcome = place.compile("next", env=SMALL)
    tally.check(first.wait(timeout=20) == 0 and outcome.code == 0, "both end well")
    tally.check(place.stats()["memory"]["waited"] == 1, "the second waited for the one in the other namespace")
    first = subprocess.Popen([*inside, NVCACHE, *place.command("slow")], cwd=place.work, env={**place.env, **SMALL, "NVCACHE_RECACHE": "1"})
    time.sleep(0.4)
    first.kill()
    first.wait()
    began = time.monotonic()
    place.compile("next", env={**SMALL, "NVCACHE_RECACHE": "1"})
    tally.check(time.monotonic() - began < 1.2, "what was killed there has given back")


def users_who_share_a_cache_share_its_memory(tally):
    """Two users, one group; neither can see into the other's processes or home."""
    place = fresh("users")
    if os.getuid() != 0 or place.run(["setpriv", "--version"]).code != 0:
        tally.skip("needs root and setpriv, to become others")
        return
    place.unit("slow", more="// fake-memory: 20@1500")
    place.unit("next")
    place.cache.mkdir()
    os.chown(place.cache, ANNA, TEAM)
    place.cache.chmod(0o2775)
    place.top.chmod(0o755)
    share = {**place.env, **SMALL, "NVCACHE_UMASK": "002", "NVCACHE_LOG": "", "XDG_RUNTIME_DIR": "/nowhere"}

    def start_as(user, name):
        home = place.top / f"home-{user}"
        home.mkdir(exist_ok=True)
        os.chown(home, user, TEAM)
        words = ["setpriv", f"--reuid={user}", f"--regid={TEAM}", "--clear-groups", NVCACHE, "nvcc", "-c", f"{place.work}/{name}.cu", "-o", f"{name}.o"]
        return subprocess.Popen(words, cwd=home, env={**share, "HOME": str(home), "TMPDIR": str(home)}, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

    first = start_as(ANNA, "slow")
    time.sleep(0.4)
    second = start_as(BERT, "next")
    ends = [(process.communicate(timeout=20)[1], process.returncode) for process in (first, second)]
    tally.check(ends == [(b"", 0), (b"", 0)], f"both end well: {ends}")
    memory = place.stats()["memory"]
    tally.check(memory["waited"] == 1, f"the second user waited for the first: {memory}")
    tally.check((place.cache / "pool").is_dir(), "the table is in the shared cache")


def what_it_costs(tally):
    """No check: a figure for docs/faults.md.  Processor time, which a busy machine does not change much."""
    place = Place("cost")
    place.unit("unit", size=2000)
    place.compile("unit")
    times = {"off": [], "": []}
    os.chdir(place.work)
    for _ in range(300):
        for setting, spent in times.items():
            env = {**place.env, "NVCACHE_RECACHE": "1", "NVCACHE_MEMORY": setting}
            pid = os.posix_spawn(NVCACHE, [str(NVCACHE), *place.command("unit")], env)
            usage = os.wait4(pid, 0)[2]
            spent.append((usage.ru_utime + usage.ru_stime) * 1000)
    off, on = (sorted(spent)[150] for spent in times.values())
    figure("what a lease costs", f"processor time of a compile of a millisecond, median of 300 in turn: {off:.2f} ms without, {on:.2f} ms with")
    tally.check(place.stats()["errors"] == {}, f"errors: {place.stats()['errors']}")


def a_stopped_one_does_not_block_for_ever(tally):
    place = fresh("stopped")
    place.unit("slow", more="// fake-memory: 20@3000")
    place.unit("next")
    first = subprocess.Popen([NVCACHE, *place.command("slow")], cwd=place.work, env={**place.env, **SMALL}, start_new_session=True)
    time.sleep(0.5)
    os.killpg(first.pid, signal.SIGSTOP)
    outcome = place.compile("next", env=SMALL)
    tally.check(outcome.code == 0 and 10 < outcome.seconds < 25, f"after 15 s it is not waited for: {outcome.seconds:.1f} s")
    os.killpg(first.pid, signal.SIGCONT)
    tally.check(first.wait(timeout=20) == 0, "and it goes on as if nothing had been")


def main():
    tally = Tally()
    for test in (
        waiting_is_said, short_waits_are_not_said, meanwhile_compiled_is_a_hit, a_source_that_changed_meanwhile,
        a_user_s_kill_stays_a_kill, nested_launchers_reserve_once, without_a_table_builds_go_on, off_is_off,
        hits_reserve_nothing, commands_that_are_passed_through_reserve_too, an_interrupted_wait_ends,
        containers_share_a_table, users_who_share_a_cache_share_its_memory,
    ):
        test(tally)
    if FULL:
        a_stopped_one_does_not_block_for_ever(tally)
        what_it_costs(tally)
    tally.end()


if __name__ == "__main__":
    main()
