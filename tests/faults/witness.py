# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be seen of a server from outside: when something happens, and what is left of it."""

import ctypes
import hashlib
import os
import select
import signal
import time
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_CHILD_SUBREAPER = 36
IN_MODIFY, IN_MOVED_TO, IN_CREATE = 0x2, 0x80, 0x100


class Failed(Exception):
    """The cell failed; the text says why."""


def adopt_orphans():
    """From now on whatever a dead process leaves behind becomes a child of this one."""
    if LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def wait_for(path, condition, seconds, what):
    """Waits until CONDITION is true, which it becomes when the file or directory PATH changes."""
    deadline = time.monotonic() + seconds
    fd = LIBC.inotify_init1(os.O_CLOEXEC)
    try:
        if fd < 0 or LIBC.inotify_add_watch(fd, os.fsencode(path), IN_MODIFY | IN_MOVED_TO | IN_CREATE) < 0:
            raise OSError(ctypes.get_errno(), f"inotify: {path}")
        while not condition():
            if not select.select([fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise Failed(f"nothing within {seconds} s: {what}")
            os.read(fd, 65536)
    finally:
        os.close(fd)


def list_children(pid):
    """{pid: name} of all that descend from PID, dead ones that nobody has asked for too: their threads may go on."""
    found = {}
    try:
        children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir()
                    for child in (task / "children").read_text().split()]
    except OSError:
        return found
    for child in children:
        try:
            found[child] = Path(f"/proc/{child}/comm").read_text().strip()
        except OSError:
            continue
        found.update(list_children(child))
    return found


def wait_for_no_children(seconds):
    """What the server has left must end by itself: it is a child of ours then."""
    deadline = time.monotonic() + seconds
    for pid, name in list_children(os.getpid()).items():
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        ended = select.select([fd], [], [], max(0, deadline - time.monotonic()))[0]
        os.close(fd)
        if not ended:
            raise Failed(f"{name} ({pid}) still runs {seconds} s after the server")


def kill_children():
    """After a cell, so that what one leaves behind is not counted for the next. Reaps them, too."""
    for pid in list_children(os.getpid()):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    try:
        while os.waitpid(-1, 0)[0]:
            pass
    except ChildProcessError:
        pass


def describe(paths):
    """{name: what tells one version of a file from another} of all files below PATHS.

    The time of a lock is that of its last use."""
    files = [file for path in paths for file in [path, *sorted(path.rglob("*"))] if not file.is_dir()]
    return {str(file): (stat.st_ino, stat.st_size, stat.st_mode, 0 if file.name == "lock" else stat.st_mtime_ns)
            for file in files for stat in [file.lstat()]}


def digest(paths):
    """{name: its SHA-256} of the same files."""
    result = {}
    for name in describe(paths):
        with open(name, "rb") as file:
            result[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return result


def list_left(directory, paths):
    """In words, what names DIRECTORY, or locks a file below PATHS, after all processes have ended."""
    inodes = {str(inode) for inode, *_ in describe(paths).values()}
    locks = [line for line in Path("/proc/locks").read_text().splitlines() if line.split()[-3].split(":")[-1] in inodes]
    tables = [(table, line) for table in ("/proc/self/mountinfo", "/proc/net/unix")
              for line in Path(table).read_text().splitlines() if str(directory) in line]
    return [f"in {table}: {line}" for table, line in tables] + [f"a lock: {line}" for line in locks]
