# SPDX-License-Identifier: GPL-2.0-or-later
"""A session with a virtualisation server, whose commands are timed; every wait has a deadline."""

import os
import subprocess
import sys
import time

import processes
from virt_server import Failed, VirtServer, last_line

# Seconds. What takes longer is a failure; generous, as TCG on a busy machine is slow.
BOOT_TIMEOUT = 300
COMMAND_TIMEOUT = BOOT_TIMEOUT + 60
EXEC_TIMEOUT = 180


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
        self.server = None
        self.scratch = None
        self.open_seconds = None
        self.copied = set()

    def spawn(self):
        """A process group of its own, so that end() finds QEMU too, and ^C is ours alone."""
        self.server = VirtServer(self.argv, self.log, env={**os.environ, "TMPDIR": str(self.directory)},
                                 start_new_session=True)

    @property
    def process(self):
        return self.server.process

    def start(self):
        begin = time.monotonic()
        self.spawn()
        self.server.read_reply("start", processes.END_TIMEOUT)
        self.scratch = self.command("open")[0]
        self.open_seconds = time.monotonic() - begin

    def another(self):
        """A second testbed of the same server, not started."""
        directory = self.directory / "another"
        directory.mkdir()
        return Session(self.argv, directory, self.data, self.forks)

    def command(self, *words):
        return self.server.ask(*words, seconds=COMMAND_TIMEOUT)

    def timed(self, *words):
        begin = time.monotonic()
        self.command(*words)
        return time.monotonic() - begin

    def auxverb(self):
        """Asked anew for each row: Debian's server has another one after revert."""
        return self.server.execute_command()

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
        self.server.say("quit")
        if not processes.wait(self.process, processes.END_TIMEOUT):
            say(f"warning: {self.argv[0]}: did not end in {processes.END_TIMEOUT} s after quit")
        elif self.process.returncode != 0:
            say(f"warning: {self.argv[0]}: status {self.process.returncode} after quit{last_line(self.log)}")

    def end(self):
        """Ends what is left, if anything is."""
        if self.server is None:
            return
        processes.end(self.process)
        self.process.stdin.close()
        self.process.stdout.close()
        self.server = None
