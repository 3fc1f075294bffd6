# SPDX-License-Identifier: GPL-2.0-or-later
"""Speaks autopkgtest's protocol with a virtualisation server, for the tests that are written in Python. Every wait has a
deadline, and whatever is not as it should be is Failed."""

import contextlib
import select
import subprocess
import time
from pathlib import Path
from urllib.parse import quote, unquote

# Seconds. What takes longer is a failure; generous, as a machine without KVM may be busy.
SOON = 60
BOOT = 600
MAX_REPLY = 65536


class Failed(Exception):
    """The text says why, in one line."""


def last_line(path):
    """What a program said last, to be put at the end of a message."""
    lines = Path(path).read_text(errors="replace").splitlines() if path and Path(path).exists() else []
    return next((": " + line.strip() for line in reversed(lines) if line.strip()), "")


class VirtServer:
    """A server that ARGV starts, with the OPTIONS of Popen. Its stderr goes into the file LOG, if there is one, and the
    last line of that is shown with each failure. TRACE is called with each line of the dialogue."""

    def __init__(self, argv, log=None, trace=lambda line: None, **options):
        self.log = log
        self.trace = trace
        self.received = b""
        with open(log, "wb") if log else contextlib.nullcontext() as stderr:
            self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, bufsize=0,
                                            **options)

    def receive(self, what, deadline):
        """Waits for more bytes, and says whether there are any: otherwise the server has closed its stdout."""
        left = max(0, deadline - time.monotonic())
        if not select.select([self.process.stdout], [], [], left)[0]:
            raise self.failure(what, "no reply in time")
        block = self.process.stdout.read(4096)
        self.received += block
        if len(self.received) > MAX_REPLY:
            raise self.failure(what, f"a reply of more than {MAX_REPLY} bytes")
        return bool(block)

    def read_line(self, what, seconds):
        """The next line, without its end."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self.received:
            if not self.receive(what, deadline):
                raise self.failure(what, self.how_gone())
        line, _, self.received = self.received.partition(b"\n")
        self.trace(f"< {line.decode(errors='replace')}")
        return line.decode(errors="replace")

    def read_reply(self, what, seconds):
        """The words after "ok", as they came. WHAT was said to get them."""
        line = self.read_line(what, seconds)
        if line.split()[:1] != ["ok"]:
            raise self.failure(what, f"answered {line!r}")
        return line.split()[1:]

    def say(self, *words):
        line = " ".join(map(quote, words))
        self.trace(f"> {line}")
        try:
            self.process.stdin.write(line.encode() + b"\n")
        except OSError:
            raise self.failure(words[0], self.how_gone()) from None

    def ask(self, *words, seconds=BOOT):
        """The decoded words after "ok"."""
        self.say(*words)
        return [unquote(word) for word in self.read_reply(words[0], seconds)]

    def execute_command(self):
        """The words that are put before a command."""
        self.say("print-execute-command")
        (line,) = self.read_reply("print-execute-command", SOON)
        return [unquote(word) for word in line.split(",")]

    def read_end(self, seconds=SOON):
        """Ends its input. What it still says, and its exit status; a negative one is a signal's number."""
        deadline = time.monotonic() + seconds
        self.process.stdin.close()
        while self.receive("the end", deadline):
            pass
        self.process.stdout.close()
        said, self.received = self.received.decode(errors="replace"), b""
        try:
            return said, self.process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise self.failure("the end", f"still there after {seconds} s") from None

    def how_gone(self):
        """For a server that has closed its end."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return f"the server ended with status {self.process.wait(SOON)}"
        return "the server closed its stdout"

    def failure(self, what, reason):
        return Failed(f"{what}: {reason}{last_line(self.log)}")
