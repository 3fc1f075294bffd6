# SPDX-License-Identifier: GPL-2.0-or-later
"""A server that is brought into a phase of its life."""

import os
import re
import select
import subprocess
import time
from pathlib import Path
from urllib.parse import unquote

from hosts import Host
from witness import Failed, list_children, wait_for

BOOT = 600  # seconds: generous, as a machine without KVM may be busy
SOON = 60


class Server:
    """It tells with --debug on its stderr, which is a file, what it does: that is when faults come."""

    def __init__(self, directory, arguments, host=Host()):
        self.directory = Path(directory)
        self.host = host
        self.tmpdir = self.directory / "tmp"
        self.tmpdir.mkdir(exist_ok=True)
        self.log = self.directory / "stderr"
        host.prepare(self)
        self.client = None
        self.execute = self.scratch = self.tree = None
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*host.prefix, os.environ["VQ_SERVER"], "--debug", "--accel=tcg", "--spare=off", *arguments, *host.arguments,
                 os.environ["VQ_IMAGE"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, bufsize=0,
                start_new_session=True,
                env={**os.environ, "TMPDIR": str(self.tmpdir), **host.get_environment(self)})

    def read_line(self, seconds):
        """One reply; an empty text if the server closed its stdout."""
        deadline, line = time.monotonic() + seconds, b""
        while not line.endswith(b"\n"):
            if not select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                raise Failed(f"no reply within {seconds} s")
            byte = os.read(self.process.stdout.fileno(), 1)
            if not byte:
                break
            line += byte
        return line.decode().strip()

    def send(self, text):
        os.write(self.process.stdin.fileno(), text.encode())

    def ask(self, text, seconds=SOON):
        self.send(text + "\n")
        reply = self.read_line(seconds)
        if not re.match("ok( |$)", reply):
            raise Failed(f"{text}: {reply or self.read_messages()}")
        return reply[3:]

    def begin(self):
        """Until it takes commands."""
        if self.read_line(SOON) != "ok":
            raise Failed(f"it does not start: {self.read_messages()}")

    def open(self, command="open"):
        self.scratch = self.ask(command, BOOT)
        self.execute = [unquote(word) for word in self.ask("print-execute-command").split(",")]

    def send_until(self, text, pattern):
        """Sends a command, and waits until the server has said on its stderr what matches PATTERN."""
        start = self.log.stat().st_size
        self.send(text + "\n")
        wait_for(self.log, lambda: re.search(pattern, self.log.read_text(errors="replace")[start:]), BOOT, pattern)

    def run_until(self, script):
        """Starts the shell SCRIPT in the guest, and waits until it prints something. It goes on then."""
        self.client = subprocess.Popen([*self.execute, "sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL)
        if not select.select([self.client.stdout], [], [], SOON)[0] or not self.client.stdout.read(1):
            raise Failed(f"the guest does not say anything: {script}")

    def get_qemu(self):
        pids = [pid for pid, name in list_children(self.process.pid).items() if name.startswith("qemu-system")]
        if len(pids) != 1:
            raise Failed(f"{len(pids)} QEMUs run, not one")
        return pids[0]

    def read_messages(self):
        """The lines of its stderr that are for users."""
        lines, kept, debug = self.log.read_text(errors="replace").splitlines(), [], False
        for line in lines:
            debug = ": debug: " in line or (debug and "(the same again, " in line)
            kept += [] if debug else [line]
        return kept

    def read_rest(self):
        """The first words of the replies that nobody has read."""
        if self.process.stdout.closed:
            return ""
        return " ".join(line.split()[0] for line in self.process.stdout.read().decode().splitlines())

    def clean(self):
        """What its user does after its end."""

    def wait(self, seconds):
        """Gives its exit status. Whoever uses it must have heard of its end, too."""
        try:
            if self.client is not None and self.client.wait(seconds) == 0:
                raise Failed("a command that was cut off has the status 0")
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"{'the server' if error.cmd == self.process.args else 'its client'} still runs after "
                         f"{seconds} s") from None
