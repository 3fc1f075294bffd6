# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured: one function per row of the table, which gives all samples of one session."""

import filecmp
import os
from pathlib import Path

from session import Failed

FILE_SIZE = 8192
TRUE_COUNT = 20
SLEEP_COUNT = 8


class Data:
    """What is copied into the guests and compared with what comes back: a file and a directory of files."""

    def __init__(self, directory, size, count):
        self.size = size
        self.count = count
        self.file = directory / "file"
        self.tree = directory / "tree"
        self.file.write_bytes(os.urandom(size))
        self.tree.mkdir()
        for number in range(count):
            (self.tree / str(number)).write_bytes(os.urandom(FILE_SIZE))


def measure_true(session):
    return [session.execute([["true"]]) for _ in range(TRUE_COUNT)]


def measure_stdin(session):
    output = session.directory / "output"
    with open(session.data.file, "rb") as stdin, open(output, "wb") as stdout:
        seconds = session.execute([["wc", "-c"]], stdin, stdout)
    if output.read_text().strip() != str(session.data.size):
        raise Failed(f"the guest counted {output.read_text().strip()[:20]!r} bytes, not {session.data.size}")
    return [seconds]


def measure_stdout(session):
    output = session.directory / "output"
    with open(output, "wb") as stdout:
        seconds = session.execute([["head", "-c", str(session.data.size), "/dev/zero"]], stdout=stdout)
    if output.stat().st_size != session.data.size:
        raise Failed(f"{output.stat().st_size} bytes came, not {session.data.size}")
    return [seconds]


def copydown_file(session):
    session.copied.add("file")
    return [session.timed("copydown", str(session.data.file), f"{session.scratch}/bench-file")]


def copyup_file(session):
    if "file" not in session.copied:
        copydown_file(session)
    back = session.directory / "back"
    seconds = session.timed("copyup", f"{session.scratch}/bench-file", str(back))
    if not filecmp.cmp(back, session.data.file, shallow=False):
        raise Failed("the file came back different")
    return [seconds]


def copydown_tree(session):
    session.copied.add("tree")
    return [session.timed("copydown", f"{session.data.tree}/", f"{session.scratch}/bench-tree/")]


def copyup_tree(session):
    if "tree" not in session.copied:
        copydown_tree(session)
    back = session.directory / "back-tree"
    seconds = session.timed("copyup", f"{session.scratch}/bench-tree/", f"{back}/")
    names = [str(number) for number in range(session.data.count)]
    if len(filecmp.cmpfiles(back, session.data.tree, names, shallow=False)[0]) != len(names):
        raise Failed("the files came back different")
    return [seconds]


def measure_memory(session):
    status = Path(f"/proc/{session.process.pid}/status").read_text()
    return [int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:")]


# Name, title, unit, measurement; in the order of measuring. It gives all samples of one session.
# SIZE and COUNT in a title stand for the options.
ROWS = [
    ("open", "cold open (from the server's start)", "s", lambda session: [session.open_seconds]),
    ("true", "run `true`", "s", measure_true),
    ("parallel", f"{SLEEP_COUNT} x `sleep 1` at once", "s",
     lambda session: [session.execute([["sleep", "1"]] * SLEEP_COUNT)]),
    ("stdin", "SIZE MiB into stdin", "s", measure_stdin),
    ("stdout", "SIZE MiB out of stdout", "s", measure_stdout),
    ("copydown-file", "copydown, a file of SIZE MiB", "s", copydown_file),
    ("copyup-file", "copyup, a file of SIZE MiB", "s", copyup_file),
    ("copydown-tree", "copydown, COUNT files of 8 KiB", "s", copydown_tree),
    ("copyup-tree", "copyup, COUNT files of 8 KiB", "s", copyup_tree),
    ("reboot", "reboot", "s", lambda session: [session.timed("reboot")]),
    ("revert", "revert", "s", lambda session: [session.timed("revert")]),
    ("memory", "server's peak memory", "MiB", measure_memory),
    ("close", "close", "s", lambda session: [session.timed("close")]),
]
