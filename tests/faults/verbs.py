# SPDX-License-Identifier: GPL-2.0-or-later
"""virt-qemu, brought into a phase: what its verbs do, and the processes they leave running."""

import os
import re
import subprocess
from pathlib import Path

from server import BOOT, SOON, Server
from witness import Failed, list_children, wait_for_no_children

NAME = "web"
GONE, FULL = 3, 5  # exit statuses: there is none of that name; there is no room


class Verbs(Server):
    """Instances and a cache of images of their own. The process of which a cell speaks is a verb."""

    def __init__(self, directory, arguments, host):
        self.directory, self.host, self.arguments = Path(directory), host, arguments
        self.tmpdir = self.directory / "tmp"
        self.log = self.directory / "stderr"
        self.state, self.cache = self.directory / "state", self.directory / "cache"
        for path in (self.tmpdir, self.state, self.directory / "run", self.cache):
            path.mkdir(mode=0o700)
        self.client = self.process = self.images = self.url = None
        host.prepare(self)
        self.environment = {**os.environ, "TMPDIR": str(self.tmpdir), "VIRT_QEMU_STATE_DIR": str(self.state),
                            "VIRT_QEMU_RUNTIME_DIR": str(self.directory / "run")}

    def spawn(self, *words, log=subprocess.DEVNULL):
        program = Path(os.environ["VQ_SERVER"]).with_name("virt-qemu")
        return subprocess.Popen([program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                env=self.environment, bufsize=0)

    def begin_verb(self, *words):
        with open(self.log, "wb") as log:
            self.process = self.spawn(*words, log=log)

    def run(self, *words):
        """The exit status of a verb, and what it says."""
        process = self.spawn(*words, log=subprocess.STDOUT)
        try:
            return process.wait(BOOT), process.stdout.read().decode()
        except subprocess.TimeoutExpired:
            raise Failed(f"{' '.join(map(str, words))}: still runs after {BOOT} s") from None

    def must(self, *words):
        status, said = self.run(*words)
        if status != 0:
            raise Failed(f"{' '.join(map(str, words))}: exit status {status}: {said}")
        return said

    def get_launch(self):
        return ("launch", "--accel=tcg", *self.arguments, os.environ["VQ_IMAGE"], NAME)

    def get_qemu(self):
        """Supervisors are children of ours, because those that started them have ended."""
        return next(pid for pid, name in list_children(os.getpid()).items() if name.startswith("qemu-system"))

    def get_supervisor(self):
        words = [line.split() for line in self.must("info", NAME).splitlines()]
        return int(next(word[1] for word in words if word[0] == "pid"))

    def read_messages(self):
        """Not how far it has come."""
        return [line for line in super().read_messages() if re.match("[a-z-]+: (error|warning): ", line)]

    def read_rest(self):
        return ""

    def clean(self):
        """What a user does then. Nothing may be left after it."""
        if self.images is not None:
            self.images.kill()
            self.images.wait()
        elif list((self.state / "instances").glob("*")):
            status, said = self.run("delete", "--force", NAME)
            if status not in (0, GONE):  # its supervisor may have removed it meanwhile
                raise Failed(f"delete: exit status {status}: {said}")
            if status == GONE:
                wait_for_no_children(SOON)
        if list((self.directory / "run").iterdir()) or list((self.state / "instances").glob("*")):
            raise Failed("delete has left something of the instance")


def begin(*words):
    return lambda verbs: verbs.begin_verb(*words)


def verb_gets(number):
    return lambda verbs: verbs.process.send_signal(number)
