# SPDX-License-Identifier: GPL-2.0-or-later
"""The cells of instances and of images that are fetched: what virt-qemu does, and the processes it leaves running."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from cell import Cell
from server import BOOT, SOON, Server
from witness import Failed, list_children, wait_for, wait_for_no_children

NAME = "web"
GONE = 3  # exit status: there is none of that name
IMAGE_SERVER = Path(__file__).parent.parent / "support" / "image-server.py"
FETCHED_MIB = 8


class Verbs(Server):
    """Instances and a cache of images of their own. The process of which a cell speaks is a verb."""

    def __init__(self, directory, arguments, host):
        self.directory, self.host, self.arguments = Path(directory), host, arguments
        self.tmpdir = self.directory / "tmp"
        self.log = self.directory / "stderr"
        self.state, self.cache = self.directory / "state", self.directory / "cache"
        for path in (self.tmpdir, self.state, self.directory / "run", self.cache):
            path.mkdir(mode=0o700)
        self.client = self.process = self.images = self.port = None
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


# ---- the phases ----

def instance_idles(verbs):
    verbs.must(*verbs.get_launch())


def instance_runs_command(verbs):
    instance_idles(verbs)
    verbs.begin_verb("exec", NAME, "sh", "-c", "echo started; exec sleep 10000")
    if verbs.read_line(SOON) != "started":
        raise Failed(f"the command does not start: {verbs.read_messages()}")


def instance_is_launched(verbs):
    """Until the console of its guest is there: QEMU runs then."""
    verbs.begin_verb(*verbs.get_launch())
    instances = verbs.state / "instances"
    wait_for(verbs.state, instances.is_dir, SOON, "the directory of instances")
    wait_for(instances, (instances / NAME).is_dir, SOON, "the instance")
    wait_for(instances / NAME, (instances / NAME / "console.log").exists, BOOT, "the console of the instance")


def image_is_fetched(verbs):
    """The server holds it back in the middle."""
    files = verbs.directory / "files"
    files.mkdir()
    (files / "image").write_bytes(bytes(510) + b"\x55\xaa" + os.urandom(FETCHED_MIB * 1024 * 1024 - 512))
    verbs.images = subprocess.Popen([sys.executable, IMAGE_SERVER, files], stdout=subprocess.PIPE)
    verbs.port = verbs.images.stdout.readline().decode().strip()
    verbs.begin_verb("image", "pull", "--no-sums", f"--cache-dir={verbs.cache}",
                     f"http://127.0.0.1:{verbs.port}/hold:{FETCHED_MIB * 512 * 1024}/image")
    wait_for(verbs.cache, lambda: [file for file in verbs.cache.rglob("*") if file.is_file() and file.stat().st_size > 99999],
             SOON, "the first part of the image")


# ---- the faults ----

def ask_for_command(verbs):
    verbs.begin_verb("exec", NAME, "true")


def qemu_gets(number, then=lambda verbs: None):
    def make_fault(verbs):
        os.kill(verbs.get_qemu(), number)
        then(verbs)
    return make_fault


def supervisor_gets(number, then=lambda verbs: None):
    def make_fault(verbs):
        os.kill(verbs.get_supervisor(), number)
        then(verbs)
    return make_fault


def verb_gets(number):
    return lambda verbs: verbs.process.send_signal(number)


def delete(verbs):
    verbs.begin_verb("delete", "--force", NAME)


def fetcher_is_killed(verbs):
    for pid, name in list_children(verbs.process.pid).items():
        if name.startswith("virt-qemu-fetch"):
            os.kill(pid, signal.SIGKILL)


def pulled_again(make_fault):
    """What was begun is used: the next pull has the right bytes."""
    def both(verbs):
        make_fault(verbs)
        verbs.process.wait(SOON)
        path = verbs.must("image", "pull", "--no-sums", f"--cache-dir={verbs.cache}", f"http://127.0.0.1:{verbs.port}/image")
        if hashlib.sha256(Path(path.strip()).read_bytes()).digest() != hashlib.sha256(
                (verbs.directory / "files" / "image").read_bytes()).digest():
            raise Failed("the image that was pulled has other bytes")
    return both


CELLS = [Cell(*cell, side=Verbs) for cell in (
    (instance_idles, "QEMU gets SIGKILL", qemu_gets(signal.SIGKILL, ask_for_command), 125, "."),
    (instance_idles, "the supervisor gets SIGKILL", supervisor_gets(signal.SIGKILL, ask_for_command), 125, "."),
    (instance_idles, "QEMU stops, then delete", qemu_gets(signal.SIGSTOP, delete)),
    (instance_runs_command, "QEMU gets SIGKILL", qemu_gets(signal.SIGKILL), 125, "."),
    (instance_runs_command, "the supervisor gets SIGKILL", supervisor_gets(signal.SIGKILL), 125, "."),
    (instance_runs_command, "the supervisor gets SIGTERM", supervisor_gets(signal.SIGTERM), 125, "."),
    (instance_runs_command, "exec gets SIGKILL", verb_gets(signal.SIGKILL), -signal.SIGKILL),
    (instance_runs_command, "exec gets SIGTERM", verb_gets(signal.SIGTERM), 128 + signal.SIGTERM),
    (instance_runs_command, "exec gets SIGINT", verb_gets(signal.SIGINT), 128 + signal.SIGINT),
    (instance_is_launched, "launch gets SIGTERM", verb_gets(signal.SIGTERM), -signal.SIGTERM),
    (instance_is_launched, "launch gets SIGINT", verb_gets(signal.SIGINT), -signal.SIGINT),
    (instance_is_launched, "launch gets SIGKILL", verb_gets(signal.SIGKILL), -signal.SIGKILL),
    (image_is_fetched, "pull gets SIGTERM", pulled_again(verb_gets(signal.SIGTERM)), 1, "signal 15"),
    (image_is_fetched, "pull gets SIGINT", pulled_again(verb_gets(signal.SIGINT)), 1, "signal 2"),
    (image_is_fetched, "pull gets SIGKILL", pulled_again(verb_gets(signal.SIGKILL)), -signal.SIGKILL),
    (image_is_fetched, "its helper is killed", pulled_again(fetcher_is_killed), 1, "."),
)]
