# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured: one function per row of the table, which gives all samples of one session."""

import filecmp
import os
import select
import shutil
import subprocess
import time
from typing import Callable, NamedTuple, Optional

import floors
import processes
from session import EXEC_TIMEOUT
from virt_server import Failed

FILE_SIZE = 8192
LARGE_COUNT, LARGE_SIZE = 125, 4 << 20
TRUE_COUNT = 30
SLEEP_COUNT = 8
TEST_COUNT = 5
READER_SLEEP = 2  # seconds
SILENCE_SECONDS = 2
LATER_COUNT = 7
IDLE_SECONDS = 3  # after which a new testbed counts as idle
REVERT_COUNT = 10
REVERT_SECONDS = 30
REPEAT_COUNT = 5
REPEAT_SECONDS = 4

TESTS_CONTROL = """Test-Command: true
Features: test-name=test{number}
Depends:
Restrictions: breaks-testbed, needs-root

"""

CONTROL = """Source: vq-bench
Section: misc
Priority: optional
Maintainer: Nobody <nobody@localhost>
Standards-Version: 4.6.2

Package: vq-bench
Architecture: all
Description: package that is only there for its tests
"""

CHANGELOG = """vq-bench (1) unstable; urgency=medium

  * Nothing is ever built from it.

 -- Nobody <nobody@localhost>  Fri, 20 Nov 2026 12:00:00 +0000
"""


class Data:
    """What goes into the guests: a file and two directories of files, which are compared with what comes back,
    and a source package with trivial tests, each of which makes autopkgtest revert the testbed."""

    def __init__(self, directory, size, count):
        self.size = size
        self.count = count
        self.file = directory / "file"
        self.tree = directory / "tree"
        self.large = directory / "large"
        self.package = directory / "package"
        self.file.write_bytes(os.urandom(size))
        self.tree.mkdir()
        for number in range(count):
            (self.tree / str(number)).write_bytes(os.urandom(FILE_SIZE))
        self.make_package()

    def make_large(self):
        """Only when it is needed."""
        if not self.large.exists():
            self.large.mkdir()
            for number in range(LARGE_COUNT):
                (self.large / str(number)).write_bytes(os.urandom(LARGE_SIZE))
        return self.large

    def make_package(self):
        tests = "".join(TESTS_CONTROL.format(number=number) for number in range(TEST_COUNT))
        files = {"control": CONTROL, "changelog": CHANGELOG, "source/format": "3.0 (native)\n",
                 "tests/control": tests}
        for name, text in files.items():
            path = self.package / "debian" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def repeat(measure, count=REPEAT_COUNT, seconds=REPEAT_SECONDS):
    """Up to COUNT samples, as long as they took less than SECONDS; at least one."""
    samples = [measure()]
    while len(samples) < count and sum(samples) < seconds:
        samples.append(measure())
    return samples


def measure_revert(session):
    return repeat(lambda: session.timed("revert"), REVERT_COUNT, REVERT_SECONDS)


def after_silence(session):
    """A server may have made the next testbed meanwhile."""
    time.sleep(SILENCE_SECONDS)


def measure_revert_later(session):
    samples = []
    for _ in range(LATER_COUNT):
        after_silence(session)
        samples.append(session.timed("revert"))
        if samples[0] > REVERT_SECONDS / LATER_COUNT:
            break
    return samples


def after_revert(session, count):
    """How long the first COUNT times `true` take after a revert."""
    session.command("revert")
    return sum(session.execute([["true"]]) for _ in range(count))


def measure_after_revert(count):
    """The reverts take their time, too, so that is what counts."""
    def measure(session):
        begin = time.monotonic()
        samples = [after_revert(session, count)]
        while len(samples) < REPEAT_COUNT and time.monotonic() - begin < REVERT_SECONDS:
            samples.append(after_revert(session, count))
        return samples
    return measure


def measure_true(session):
    return [session.execute([["true"]]) for _ in range(TRUE_COUNT)]


def measure_parallel(session):
    return [session.execute([["sleep", "1"]] * SLEEP_COUNT)]


def stdin_once(session):
    output = session.directory / "output"
    with open(session.data.file, "rb") as stdin, open(output, "wb") as stdout:
        seconds = session.execute([["wc", "-c"]], stdin=stdin, stdout=stdout)
    if output.read_text().strip() != str(session.data.size):
        raise Failed(f"the guest counted {output.read_text().strip()[:20]!r} bytes, not {session.data.size}")
    return seconds


def stdout_once(session):
    output = session.directory / "output"
    with open(output, "wb") as stdout:
        seconds = session.execute([zeros(session)], stdout=stdout)
    if output.stat().st_size != session.data.size:
        raise Failed(f"{output.stat().st_size} bytes came, not {session.data.size}")
    return seconds


def zeros(session):
    """A command that writes as many bytes as there are in the file."""
    return ["head", "-c", str(session.data.size), "/dev/zero"]


def down_once(session, kind):
    """Copies the file or the tree into the guest, where it was not before."""
    slash, source = ("/", session.data.tree) if kind == "tree" else ("", session.data.file)
    if kind in session.copied:
        session.execute([["rm", "-r", f"{session.scratch}/bench-{kind}"]])
    session.copied.add(kind)
    return session.timed("copydown", f"{source}{slash}", f"{session.scratch}/bench-{kind}{slash}")


def measure_large(session):
    """It goes away with the testbed's next revert. How many bytes came is checked."""
    target = f"{session.scratch}/bench-large/"
    seconds = session.timed("copydown", f"{session.data.make_large()}/", target)
    session.execute([["sh", "-c", f"test $(cat {target}* | wc -c) = {LARGE_COUNT * LARGE_SIZE}"]])
    return [seconds]


def up_once(session, kind):
    """Copies the file or the tree back, and compares it."""
    slash = "/" if kind == "tree" else ""
    back = session.directory / f"back-{kind}"
    seconds = session.timed("copyup", f"{session.scratch}/bench-{kind}{slash}", f"{back}{slash}")
    if kind == "tree":
        names = [str(number) for number in range(session.data.count)]
        same = len(filecmp.cmpfiles(back, session.data.tree, names, shallow=False)[0]) == len(names)
        shutil.rmtree(back)
    else:
        same = filecmp.cmp(back, session.data.file, shallow=False)
        back.unlink()
    if not same:
        raise Failed(f"the {kind} came back different")
    return seconds


def copydown(kind):
    return lambda session: repeat(lambda: down_once(session, kind))


def copyup(kind):
    def measure(session):
        if kind not in session.copied:
            down_once(session, kind)
        return repeat(lambda: up_once(session, kind))
    return measure


def read_all(stream, deadline):
    """How many bytes come from STREAM."""
    size = 0
    while select.select([stream], [], [], max(0, deadline - time.monotonic()))[0]:
        block = os.read(stream.fileno(), 1 << 20)
        if not block:
            return size
        size += len(block)
    raise Failed(f"the stream did not end in {EXEC_TIMEOUT} s")


def measure_memory(session):
    """The most that the server ever had, after it also had to hold a stream for a slow reader."""
    deadline = time.monotonic() + EXEC_TIMEOUT
    with session.popen(session.auxverb(), zeros(session), stdout=subprocess.PIPE) as process:
        try:
            time.sleep(READER_SLEEP)
            size = read_all(process.stdout, deadline)
            session.expect_success(process, deadline)
        finally:
            process.kill()
    if size != session.data.size:
        raise Failed(f"{size} bytes came, not {session.data.size}")
    return [processes.kilobytes(f"/proc/{session.process.pid}/status", "VmHWM") / 1024]


def measure_private(session):
    """Of the second of two forks: a page of the template that only one process maps counts as private, so
    one fork alone would seem larger than what each further one needs. A guest that rebooted shares little,
    so the first is a new fork, too."""
    if not session.forks:
        return []
    session.command("revert")
    other = session.another()
    try:
        other.start()
        time.sleep(IDLE_SECONDS)
        qemu = processes.find_qemu(other.process.pid)
        if qemu is None:
            raise Failed("no QEMU runs below the server")
        private = processes.private_memory(qemu)
        other.finish()
        return [private]
    finally:
        other.end()


def measure_spare(session):
    """Of the machine that the server has made for the next revert. It is the newest one."""
    if not session.forks:
        return []
    time.sleep(IDLE_SECONDS)
    qemus = processes.find_qemus(session.process.pid)
    if len(qemus) < 2:
        raise Failed("there is no spare machine")
    return [processes.private_memory(qemus[-1])]


class Row(NamedTuple):
    """SIZE and COUNT in a title stand for the options. `measure` takes a session and gives its samples,
    none if the row is not for this server; without it the row needs no session. `once`: slow, so in the
    first turn only."""

    name: str
    title: str
    unit: str
    measure: Optional[Callable]
    once: bool = False


def opened(session):
    return [session.open_seconds]


def only_forks(measure):
    """A floor is the same for both servers, and is measured with the one that forks."""
    return lambda session: measure(session) if session.forks else []


def timed(word):
    return lambda session: [session.timed(word)]


# In the order of measuring.
ROWS = [
    Row("open-cold", "open, nothing saved", "s", opened),
    Row("floor-cold", "- QEMU alone boots the same image, until systemd has done its jobs", "s", only_forks(floors.measure_boot)),
    Row("open-warm", "open, template there", "s", opened),
    Row("true", "run `true`", "s", measure_true),
    Row("floor-true", "- a loop in the guest that starts `true`", "s", only_forks(floors.measure_true)),
    Row("parallel", f"{SLEEP_COUNT} x `sleep 1` at once", "s", measure_parallel),
    Row("stdin", "SIZE MiB into stdin", "s", lambda session: repeat(lambda: stdin_once(session))),
    Row("stdout", "SIZE MiB out of stdout", "s", lambda session: repeat(lambda: stdout_once(session))),
    Row("copydown-file", "copydown, a file of SIZE MiB", "s", copydown("file")),
    Row("copyup-file", "copyup, a file of SIZE MiB", "s", copyup("file")),
    Row("copydown-tree", "copydown, COUNT files of 8 KiB", "s", copydown("tree")),
    Row("floor-tree", "- perl in the guest writes COUNT files of 8 KiB", "s",
        only_forks(lambda session: floors.measure_files(session, FILE_SIZE))),
    Row("floor-owned", "- the same, and sets the owner, mode and time of each", "s",
        only_forks(lambda session: floors.measure_files(session, FILE_SIZE, floors.OWNED))),
    Row("copyup-tree", "copyup, COUNT files of 8 KiB", "s", copyup("tree")),
    Row("copydown-large", f"copydown, a tree of {LARGE_COUNT * LARGE_SIZE >> 20} MiB", "s", measure_large, once=True),
    Row("reboot", "reboot", "s", timed("reboot"), once=True),
    Row("revert", "revert, one right after another", "s", measure_revert),
    Row("floor-revert", "- QEMU alone, with the same state, until its machine runs", "s",
        only_forks(lambda session: floors.measure_fork(session, False))),
    Row("floor-awake", "- the same, until a program in the guest (its agent) has answered", "s",
        only_forks(lambda session: floors.measure_fork(session, True))),
    Row("revert-later", f"revert, {SILENCE_SECONDS} s after the last command", "s", measure_revert_later),
    Row("true-first", "the first `true` after a revert", "s", measure_after_revert(1)),
    Row("true-20", "20 times `true` after a revert", "s", measure_after_revert(20)),
    Row("memory", "server's peak memory, SIZE MiB to a slow reader included", "MiB", measure_memory),
    Row("private", "private memory of each further idle testbed", "MiB", measure_private),
    Row("spare", "private memory of a spare machine", "MiB", measure_spare),
    Row("floor-private", f"- QEMU alone, with the same state, idle for {IDLE_SECONDS} s", "MiB",
        only_forks(lambda session: floors.measure_private(session, IDLE_SECONDS))),
    Row("package", f"a package with {TEST_COUNT} trivial tests under autopkgtest", "s", None, once=True),
    Row("floor-package", f"- `su`, once in each of {TEST_COUNT} fresh testbeds", "s",
        only_forks(lambda session: floors.measure_logins(session, TEST_COUNT)), once=True),
    Row("close", "close", "s", timed("close")),
]
