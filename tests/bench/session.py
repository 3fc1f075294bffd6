# SPDX-License-Identifier: GPL-2.0-or-later
"""Speaks autopkgtest's protocol with a virtualisation server; every wait has a deadline."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from urllib.parse import quote, unquote

# Seconds. What takes longer is a failure; generous, as TCG on a busy machine is slow.
BOOT_TIMEOUT = 300
COMMAND_TIMEOUT = BOOT_TIMEOUT + 60
EXEC_TIMEOUT = 120
END_TIMEOUT = 30
MAX_REPLY = 65536


class Failed(Exception):
    """There is no number; the text says why, in one line."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def last_line(path):
    """What the server said last, to be put at the end of a message."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return next((": " + line.strip() for line in reversed(lines) if line.strip()), "")


class Session:
    """One server process and its testbed. All it makes is in `directory`, which the caller removes."""

    def __init__(self, argv, directory, data):
        self.argv = argv
        self.directory = directory
        self.data = data
        self.log = directory / "stderr"
        self.process = None
        self.replies = b""
        self.scratch = None
        self.open_seconds = None
        self.copied = set()

    def spawn(self):
        """A process group of its own, so that kill() finds QEMU too, and ^C is ours alone."""
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, bufsize=0,
                env={**os.environ, "TMPDIR": str(self.directory)}, start_new_session=True)

    def start(self):
        begin = time.monotonic()
        self.spawn()
        self.read_reply("start", END_TIMEOUT)
        self.scratch = self.command("open")[0]
        self.open_seconds = time.monotonic() - begin

    def read_reply(self, what, timeout):
        """The words after ok."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self.replies:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise Failed(f"{what}: no reply in {timeout} s{last_line(self.log)}")
            block = os.read(self.process.stdout.fileno(), 4096)
            if not block or len(self.replies) > MAX_REPLY:
                raise Failed(f"{what}: the server is gone{last_line(self.log)}")
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
            raise Failed(f"{words[0]}: the server is gone{last_line(self.log)}") from None
        return self.read_reply(words[0], COMMAND_TIMEOUT)

    def timed(self, *words):
        begin = time.monotonic()
        self.command(*words)
        return time.monotonic() - begin

    def auxverb(self):
        """Asked anew for each row: Debian's server has another one after revert."""
        (line,) = self.command("print-execute-command")
        return [unquote(word) for word in line.split(",")]

    def execute(self, commands, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
        """Runs COMMANDS (each an argv) in the guest at the same time; how many seconds that took."""
        auxverb = self.auxverb()
        processes = []
        with open(self.log, "ab") as log:
            try:
                begin = time.monotonic()
                for argv in commands:
                    processes.append(subprocess.Popen(auxverb + argv, stdin=stdin, stdout=stdout, stderr=log))
                for process in processes:
                    if process.wait(max(0, begin + EXEC_TIMEOUT - time.monotonic())) != 0:
                        raise Failed(f"{argv[0]}: status {process.returncode}{last_line(self.log)}")
                return time.monotonic() - begin
            except subprocess.TimeoutExpired:
                raise Failed(f"{argv[0]}: not done in {EXEC_TIMEOUT} s") from None
            finally:
                for process in processes:
                    if process.poll() is None:
                        process.kill()
                        process.wait()

    def kill(self):
        """Ends what is left: politely, then not. Debian's server leaves QEMU behind when it is ended
        during open, so its whole process group goes."""
        if self.process is None:
            return
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(END_TIMEOUT)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process = None

    def finish(self):
        self.command_quit()
        self.kill()

    def command_quit(self):
        self.process.stdin.write(b"quit\n")
        try:
            status = self.process.wait(END_TIMEOUT)
        except subprocess.TimeoutExpired:
            say(f"warning: {self.argv[0]}: did not end in {END_TIMEOUT} s after quit")
            return
        if status != 0:
            say(f"warning: {self.argv[0]}: status {status} after quit{last_line(self.log)}")
