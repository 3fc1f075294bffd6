# SPDX-License-Identifier: GPL-2.0-or-later
"""The file with which injector.c is told what shall fail, and tells how often each call was made."""

import errno
import mmap
import struct

from hosts import Host

ROW = struct.Struct("20s3Ii")
SIZE = 64 * ROW.size

# What each call fails with, if that is not EIO.
ERRORS = {errno.EMFILE: "open openat opendir dup pipe pipe2 socket socketpair signalfd timerfd_create pidfd_open accept4 fdopendir",
          errno.ENOSPC: "write pwrite ftruncate mkdir mkdirat rename renameat symlink symlinkat linkat bind sendfile",
          errno.ENOMEM: "posix_spawn mmap recvmsg",
          errno.EAGAIN: "fork",
          errno.ENOBUFS: "send sendmsg",
          errno.ENOLCK: "flock lock",
          errno.ECONNREFUSED: "connect",
          errno.EACCES: "access chmod fchmod fchmodat"}


class Injector(Host):
    """A host on which one call fails. PATH is its file, PROGRAM the name of the program in which calls fail."""

    def __init__(self, library, path, program):
        with open(path, "w+b") as file:
            file.truncate(SIZE)
            self.rows = mmap.mmap(file.fileno(), SIZE)
        self.environment = {"LD_PRELOAD": str(library), "VQ_INJECT_FILE": str(path), "VQ_INJECT_PROGRAM": program}

    def get_environment(self, _server):
        return self.environment

    def clear(self):
        """All calls are counted from the next one on, and none fails."""
        self.rows[:] = bytes(SIZE)

    def arm(self, call, nth):
        """The NTH of these calls from now on shall fail. Returns the name of the error."""
        number = next((number for number, calls in ERRORS.items() if call in calls.split()), errno.EIO)
        self.rows[:] = ROW.pack(call.encode(), 0, 0, nth, number) + bytes(SIZE - ROW.size)
        return errno.errorcode[number]

    def has_fired(self):
        return any(fired for _, _, fired, _, _ in ROW.iter_unpack(self.rows))

    def get_counts(self):
        """{call: how often it was made}"""
        return {name.rstrip(b"\0").decode(): count for name, count, *_ in ROW.iter_unpack(self.rows) if count}
