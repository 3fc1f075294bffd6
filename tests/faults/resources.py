# SPDX-License-Identifier: GPL-2.0-or-later
"""The cells in which the host has too little of something, or QEMU stands still."""

import errno
import os
import signal
import subprocess

import phases
from cell import Cell, full_then, go_on, tell
from hosts import HOUR, YEAR, Changing, Limited, OfNobody, Small, WithTmpdir, is_root
from server import SOON
from witness import Failed


def commands(text):
    return lambda server: tell(server, text)


# ---- QEMU stands still ----

def stop_qemu(server):
    os.kill(server.get_qemu(), signal.SIGSTOP)


def stopped_then(make_fault):
    def both(server):
        stop_qemu(server)
        make_fault(server)
    return both


def sigterm(server):
    server.process.terminate()


def stdin_ends(server):
    server.process.stdin.close()


def continue_qemu(server):
    """A command that was asked for meanwhile runs then."""
    client = subprocess.Popen([*server.execute, "true"], stdin=subprocess.DEVNULL)
    os.kill(server.get_qemu(), signal.SIGCONT)
    if client.wait(SOON) != 0:
        raise Failed("a command does not survive that QEMU stands still for a while")
    go_on(server)


WITH_QEMU = (phases.qemu_starts, phases.state_is_loaded, phases.fork_goes_on, phases.is_open, phases.command_runs,
             phases.copying_down, phases.copying_up, phases.reverting, phases.rebooting, phases.closing)
CELLS = [Cell(phase, "QEMU stops, then SIGTERM", stopped_then(sigterm), -signal.SIGTERM, "got signal 15")
         for phase in WITH_QEMU[:-1]]
CELLS += [Cell(phase, "QEMU stops, then stdin ends", stopped_then(stdin_ends), 12, "the caller has gone away")
          for phase in WITH_QEMU[:-1]]
CELLS += [Cell(phase, "QEMU stops, then close", stopped_then(go_on), replies="ok ok")
          for phase in (phases.is_open, phases.command_runs)]
CELLS += [Cell(phases.is_open, "QEMU stops, then revert", stopped_then(commands("revert,close,quit")), replies="ok ok ok"),
          Cell(phases.is_open, "QEMU stops and continues", stopped_then(continue_qemu), replies="ok ok")]


# ---- a file system without room ----

def run_in_guest(server, script):
    return subprocess.run([*server.execute, "sh", "-c", script], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True, timeout=SOON, check=False)


def guest_fills_it(text, told):
    """Whoever runs the command is TOLD."""
    def make_fault(server):
        client = run_in_guest(server, "dd if=/dev/zero of=/root/big bs=1M count=200 oflag=direct")
        if client.returncode == 0 or told not in client.stderr:
            raise Failed(f"the guest has written more than there is room for: {client.stderr}")
        tell(server, text)
    return make_fault


def copy_up(server):
    server.host.fill(server)
    tell(server, f"copyup /etc/passwd {server.directory}/up/passwd,close,quit")


NO_SPACE = "No space left on device"
FULL = "no space left for the testbed's disk"
CELLS += [
    Cell(phases.closed, "TMPDIR is full", full_then(commands("open,close,quit")), 12, NO_SPACE, "", Small()),
    Cell(phases.closed, "--overlay-dir is full", full_then(commands("open,close,quit")), 12, NO_SPACE, "",
         Small("overlay", "--overlay-dir")),
    Cell(phases.fork_goes_on, "TMPDIR is full", full_then(commands("close,quit")), 0, "", "ok ok ok", Small()),
    Cell(phases.is_open, "TMPDIR is full, then revert, which makes room", full_then(commands("revert,close,quit")), 0, "", "ok ok ok", Small()),
    Cell(phases.is_open, "TMPDIR is full, then close", full_then(commands("close,quit")), 0, "", "ok ok", Small()),
    Cell(phases.is_open, "the guest fills TMPDIR", guest_fills_it("close,quit", FULL), 0, "", "ok ok", Small()),
    Cell(phases.is_open, "the guest fills TMPDIR, then revert", guest_fills_it("revert,close,quit", FULL), 0, "", "ok ok ok",
         Small()),
    Cell(phases.is_open, "the guest fills --overlay-dir", guest_fills_it("close,quit", FULL), 0, "", "ok ok",
         Small("overlay", "--overlay-dir")),
    Cell(phases.is_open, "copyup to a full disk", copy_up, 0, NO_SPACE, "copy-failed ok ok", Small("up")),
    Cell(phases.closing, "TMPDIR is full", full_then(commands("quit")), 0, "", "ok ok", Small()),
    Cell(phases.closed, "--log-dir is full", full_then(commands("open,close,quit")), 0, NO_SPACE, "ok ok ok",
         Small("logs", "--log-dir")),
    Cell(phases.booting, "--template-dir becomes full", full_then(commands("close,quit")), 0, "has become full", "ok ok ok", Small("none", mib=1536)),
    Cell(phases.is_open, "--log-dir is full", full_then(commands("close,quit")), 0, NO_SPACE, "ok ok", Small("logs", "--log-dir")),
]


# ---- limits ----

CELLS += [Cell(phases.starting, f"{n} files may be open", commands("open,close,quit"), 1, "raise that limit, ulimit -n", "",
               Limited(f"nofile={n}")) for n in (8, 127)]
CELLS += [Cell(phases.starting, "128 files may be open", commands("open,revert,close,quit"), 0, "", "ok ok ok ok ok",
               Limited("nofile=128"))]
CELLS += [Cell(phases.starting, "20 MB of memory", commands("open,close,quit"), 1, "first sectors", "",
               Limited("as=20000000"))]
CELLS += [Cell(phases.closed, f"{n} MB of memory", commands("open,close,quit"), 12, "raise that limit, ulimit -v", "",
               Limited(f"as={n}000000")) for n in (100, 400, 800)]
CELLS += [Cell(phases.closed, "files may have 100 kB", commands("open,close,quit"), 12, "raise that limit, ulimit -f", "",
               Limited("fsize=100000")),
          Cell(phases.is_open, "files may have 20 MB", guest_fills_it("close,quit", "error writing"), 0, "raise that limit, ulimit -f", "ok ok",
               Limited("fsize=20000000"))]


# ---- the clock and the disk ----

def jump(seconds, text):
    def make_fault(server):
        server.host.set(server, seconds=seconds)
        tell(server, text)
    return make_fault


JUMPS = {"1 hour ahead": HOUR, "1 hour back": -HOUR, "10 years ahead": 10 * YEAR, "10 years back": -10 * YEAR}
CELLS += [Cell(phase, f"the clock jumps {name}", jump(seconds, text), 0, "", replies, Changing())
          for name, seconds in JUMPS.items()
          for phase, text, replies in ((phases.fork_goes_on, "revert,close,quit", "ok ok ok ok"),
                                       (phases.is_open, "revert,close,quit", "ok ok ok"),
                                       (phases.copying_down, "revert,close,quit", "ok ok ok ok"),
                                       (phases.reverting, "close,quit", "ok ok ok"),
                                       (phases.closing, "quit", "ok ok"))]


def disk_fails(script, **errors):
    def make_fault(server):
        server.host.set(server, **errors)
        if run_in_guest(server, script).returncode == 0:
            raise Failed("the guest has not seen the error")
        server.host.set(server)
        tell(server, "revert,close,quit")
    return make_fault


CELLS += [
    Cell(phases.is_open, "the disk cannot be written", disk_fails("dd if=/dev/zero of=/root/file bs=4k count=1 oflag=direct",
         no_write=errno.EIO), 0, "Input/output error", "ok ok ok", Changing(), repeats=True),
    Cell(phases.is_open, "the disk cannot be read", disk_fails("dd if=/dev/vda of=/dev/null bs=4k skip=9999 count=1 iflag=direct",
         no_read=errno.EIO), 0, "Input/output error", "ok ok ok", Changing(), repeats=True),
]


# ---- TMPDIR is not what it should be ----

def nothing(_path):
    pass


def plain_file(path):
    path.touch()


CELLS += [Cell(phases.starting, f"TMPDIR is {what}", commands("open,close,quit"), 1, said, "", host) for what, said, host in (
    ("read-only", "Read-only file system", Small(mode="ro")),
    ("missing", "No such file or directory", WithTmpdir(nothing)),
    ("a file", "Not a directory", WithTmpdir(plain_file)))]
if is_root():
    CELLS += [Cell(phases.starting, "TMPDIR is somebody else's", commands("open,close,quit"), 1, "Permission denied", "",
                   OfNobody())]
