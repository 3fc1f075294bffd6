# SPDX-License-Identifier: GPL-2.0-or-later
"""The hosts on which servers run: one that has all it needs, and those on which something is short or goes wrong."""

import errno
import os
import struct
import subprocess
import sys
from pathlib import Path

MOUNTS, ROOT = "VQ_FAULTS_MOUNTS", "VQ_FAULTS_ROOT"  # what is known before this program is begun again
MIB = 1024 * 1024
NOBODY = 65534
HOUR, YEAR = 3600, 365 * 24 * 3600


def get_private_mounts():
    """So that nothing that is mounted here outlives this process, or is seen by others. Needs no root."""
    if MOUNTS in os.environ:
        return
    unshare = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"]), "--"]
    can = subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    command = [*(unshare if can else []), *sys.orig_argv]
    os.execvpe(command[0], command, {**os.environ, MOUNTS: "yes" if can else "no", ROOT: str(os.getuid() == 0)})


def can_mount():
    return os.environ[MOUNTS] == "yes"


def is_root():
    return os.environ[ROOT] == "True"


class Host:
    """A host on which all is well. The others differ from it."""

    arguments = ()
    of_template = ()  # those arguments that make it another template
    prefix = ()
    waits = False

    def prepare(self, _server):
        """Before the server is started; it has its directories."""

    def get_environment(self, _server):
        return {}

    def make_room(self, _server):
        """What its user does when a disk is full."""

    def restore(self, _server):
        """After the server has ended. Gives the files that it left where they would not be seen later."""
        return []


class Limited(Host):
    """The server and its children have a limit of prlimit(1), like nofile=20."""

    def __init__(self, limit):
        self.prefix = ("prlimit", f"--{limit}")


class Small(Host):
    """TMPDIR, or another directory of the server, is a small file system. It can be made full, and read-only."""

    def __init__(self, name="tmp", option=None, mode="rw", mib=64):
        self.name, self.option, self.mode, self.mib = name, option, mode, mib

    def prepare(self, server):
        path = server.directory / self.name
        path.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.mib}M,mode=700,{self.mode}", "vq-faults", path], check=True)
        if self.option is not None:
            self.arguments = (f"{self.option}={path}",)

    def fill(self, server):
        with open(server.directory / self.name / "filler", "wb", buffering=0) as file:
            for size in (MIB, 1):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def make_room(self, server):
        filler = server.directory / self.name / "filler"
        if filler.exists():
            filler.unlink()

    def restore(self, server):
        """It can only be unmounted when nobody uses it any more."""
        path = server.directory / self.name
        if not path.is_mount():
            return []
        self.make_room(server)
        left = [file for file in path.rglob("*") if self.name == "tmp"]
        subprocess.run(["umount", path], check=True)
        return left


class WithTmpdir(Host):
    """TMPDIR is what MAKE makes of it."""

    def __init__(self, make):
        self.make = make

    def prepare(self, server):
        server.tmpdir.rmdir()
        self.make(server.tmpdir)


class OfNobody(Host):
    """The server runs as nobody, and all its directories belong to root."""

    prefix = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--")

    def __init__(self, tmpdir_mode=0o755):
        self.tmpdir_mode = tmpdir_mode

    def prepare(self, server):
        server.directory.chmod(0o755)
        server.tmpdir.chmod(self.tmpdir_mode)
        server.log.touch()
        os.chown(server.log, NOBODY, NOBODY)

    def get_environment(self, _server):
        return {"HOME": "/nonexistent"}


class Changing(Host):
    """The clock and the disks go wrong at a moment (host.c)."""

    library = None

    @classmethod
    def build(cls, directory):
        cls.library = Path(directory) / "host.so"
        source = Path(__file__).with_name("host.c")
        subprocess.run([os.environ.get("CC", "cc"), "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC", source, "-o", cls.library],
                       check=True)

    def prepare(self, server):
        self.set(server)

    def get_environment(self, server):
        return {"LD_PRELOAD": str(self.library), "VQ_FAULTS": str(server.directory / "faults")}

    @staticmethod
    def set(server, seconds=0, no_read=0, no_write=0):
        with open(server.directory / "faults", "r+b" if (server.directory / "faults").exists() else "wb", buffering=0) as file:
            file.write(struct.pack("qqq", seconds, no_read, no_write))
