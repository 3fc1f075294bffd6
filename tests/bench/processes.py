# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes: wait for them with a deadline, look at them, and leave none behind."""

import contextlib
import ctypes
import os
import re
import select
import signal
import subprocess
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
END_TIMEOUT = 30  # seconds a process gets to clean up


def adopt_orphans():
    """From now on our children's orphans become our children, so that end_all() finds them."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot become the parent of orphans")


def wait(process, timeout):
    """Whether the Popen PROCESS ended within TIMEOUT seconds. Its own wait() with a timeout polls, up to
    50 ms late, which is more than what is measured here."""
    if process.poll() is not None:
        return True
    descriptor = os.pidfd_open(process.pid)
    try:
        ended = select.select([descriptor], [], [], max(0, timeout))[0]
    finally:
        os.close(descriptor)
    if ended:
        process.wait()
    return bool(ended)


def end(process):
    """Ends the Popen PROCESS, which leads a process group: politely, then it and all of its group."""
    with contextlib.suppress(ProcessLookupError):
        if process.poll() is None:
            process.terminate()
    wait(process, END_TIMEOUT)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def descendants(pid):
    """The pids of all processes that PID started, and that those started."""
    children = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(path.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found[1:]


def end_all():
    """Kills every process that we or our processes started and waits for its end."""
    while pids := descendants(os.getpid()):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)


def run(argv, log, timeout, **options):
    """The status of ARGV, or None if it took more than TIMEOUT seconds. Its output goes into the file LOG."""
    with open(log, "wb") as output:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   start_new_session=True, **options)
    try:
        return process.returncode if wait(process, timeout) else None
    finally:
        end(process)


def find_qemus(pid):
    """The pids of the QEMUs that the server PID runs, the oldest first."""
    found = []
    for one in sorted(descendants(pid)):
        with contextlib.suppress(OSError):
            if os.path.basename(os.readlink(f"/proc/{one}/exe")).startswith("qemu-system"):
                found.append(one)
    return found


def find_qemu(pid):
    """The pid of the QEMU that the server PID runs, or None."""
    return next(iter(find_qemus(pid)), None)


def accelerator(qemu):
    """What the running QEMU uses, by its command line."""
    words = Path(f"/proc/{qemu}/cmdline").read_text(errors="replace").split("\0")
    return "KVM" if re.search(r"-enable-kvm|-accel=kvm|[,=]accel=kvm", "=".join(words)) else "TCG"


def kilobytes(path, *names):
    """The sum of the lines NAMES of a file of /proc, in KiB."""
    lines = (line.split() for line in Path(path).read_text().splitlines())
    return sum(int(words[1]) for words in lines if words[0].rstrip(":") in names)


def private_memory(pid):
    """The memory in MiB that no other process has."""
    return kilobytes(f"/proc/{pid}/smaps_rollup", "Private_Clean", "Private_Dirty") / 1024
