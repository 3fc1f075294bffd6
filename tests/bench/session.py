# SPDX-License-Identifier: GPL-2.0-or-later
"""Speaks autopkgtest's protocol with a virtualisation server; every wait has a deadline."""

import os
import select
import subprocess
import sys
import time
from urllib.parse import quote, unquote

import processes
from processes import last_line

# Seconds. What takes longer is a failure; generous, as TCG on a busy machine is slow.
BOOT_TIMEOUT = 300
COMMAND_TIMEOUT = BOOT_TIMEOUT + 60
EXEC_TIMEOUT = 180
MAX_REPLY = 65536


class Failed(Exception):
    """There is no number; the text says why, in one line."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Session:
    """One server process and its testbed. All it makes is in `directory`, which the caller removes.
    `forks` says whether the server forks templates."""

    def __init__(self, argv, directory, data, forks=False):
        self.argv = argv
        self.directory = directory
        self.data = data
        self.forks = forks
        self.log = directory / "stderr"
        self.process = None
        self.replies = b""
        self.scratch = None
        self.open_seconds = None
        self.copied = set()

    def spawn(self):
        """A process group of its own, so that end() finds QEMU too, and ^C is ours alone."""
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, bufsize=0,
                env={**os.environ, "TMPDIR": str(self.directory)}, start_new_session=True)

    def start(self):
        begin = time.monotonic()
        self.spawn()
        self.read_reply("start", processes.END_TIMEOUT)
        self.scratch = self.command("open")[0]
        self.open_seconds = time.monotonic() - begin

    def another(self):
        """A second testbed of the same server, not started."""
        directory = self.directory / "another"
        directory.mkdir()
        return Session(self.argv, directory, self.data, self.forks)

    def read_reply(self, what, timeout):
        """The words after ok."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self.replies:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise Failed(f"{what}: no reply in {timeout} s{last_line(self.log)}")
            block = os.read(self.process.stdout.fileno(), 4096)
            if not block or len(self.replies) > MAX_REPLY:
                raise Failed(f"{what}: {self.how_gone()}")
            self.replies += block
        line, self.replies = self.replies.split(b"\n", 1)
        words = [unquote(word) for word in line.decode(errors="replace").split()]
        if words[:1] != ["ok"]:
            raise Failed(f"{what}: answered {' '.join(words)!r}{last_line(self.log)}")
        return words[1:]

    def command(self, *words):
        try:
            self.process.stdin.write(" ".join(map(quote, words)).encode() + b"\n")
        except OSError:
            raise Failed(f"{words[0]}: {self.how_gone()}") from None
        return self.read_reply(words[0], COMMAND_TIMEOUT)

    def how_gone(self):
        """For a server that closed its end. A negative status is a signal's number."""
        ended = processes.wait(self.process, processes.END_TIMEOUT)
        how = f"ended with status {self.process.returncode}" if ended else "closed its stdout"
        return f"the server {how}{last_line(self.log)}"

    def timed(self, *words):
        begin = time.monotonic()
        self.command(*words)
        return time.monotonic() - begin

    def auxverb(self):
        """Asked anew for each row: Debian's server has another one after revert."""
        (line,) = self.command("print-execute-command")
        return [unquote(word) for word in line.split(",")]

    def popen(self, auxverb, argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
        with open(self.log, "ab") as log:
            return subprocess.Popen(auxverb + argv, stdin=stdin, stdout=stdout, stderr=log)

    def execute(self, commands, **streams):
        """Runs COMMANDS (each an argv) in the guest at the same time; how many seconds that took."""
        auxverb = self.auxverb()
        running = []
        try:
            begin = time.monotonic()
            for argv in commands:
                running.append(self.popen(auxverb, argv, **streams))
            for process in running:
                self.expect_success(process, begin + EXEC_TIMEOUT)
            return time.monotonic() - begin
        finally:
            for process in running:
                if process.poll() is None:
                    process.kill()
                    process.wait()

    def expect_success(self, process, deadline):
        """Waits for a command's end."""
        if not processes.wait(process, deadline - time.monotonic()):
            raise Failed(f"{process.args[-1]}: not done in {EXEC_TIMEOUT} s")
        if process.returncode != 0:
            raise Failed(f"{process.args[-1]}: status {process.returncode}{last_line(self.log)}")

    def finish(self):
        """A polite end; a bad one is only worth a warning, as all is measured."""
        self.process.stdin.write(b"quit\n")
        if not processes.wait(self.process, processes.END_TIMEOUT):
            say(f"warning: {self.argv[0]}: did not end in {processes.END_TIMEOUT} s after quit")
        elif self.process.returncode != 0:
            say(f"warning: {self.argv[0]}: status {self.process.returncode} after quit{last_line(self.log)}")

    def end(self):
        """Ends what is left, if anything is."""
        if self.process is None:
            return
        processes.end(self.process)
        self.process.stdin.close()
        self.process.stdout.close()
        self.process = None
