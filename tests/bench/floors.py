# SPDX-License-Identifier: GPL-2.0-or-later
"""The same work without a server: what no server can be faster than."""

import contextlib
import json
import os
import select
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import processes
from session import Failed

TIMEOUT = 60  # seconds for each wait
BOOT_TIMEOUT = 600
MAX_ANSWER = 65536
TRUE_COUNT = 50

# A loop of the shell's own words around a program that is none.
TRUE_LOOP = """begin=$(date +%s%N)
i=0
while [ $i -lt {count} ]; do
  /bin/true
  i=$((i + 1))
done
echo $(($(date +%s%N) - begin))"""

# It makes the files with as few system calls as there can be, or has MORE of them.
FILES_LOOP = """use Time::HiRes qw(time);
my $data = "x" x {size};
mkdir "{directory}" or die;
my $begin = time;
for my $name (0 .. {count} - 1) {{
  open my $file, ">", "{directory}/$name" or die;
  syswrite $file, $data;
  {more}
}}
print int((time() - $begin) * 1e9), "\\n";
system "rm", "-r", "{directory}";"""

# What a copy owes each file besides.
OWNED = "chown 0, 0, $file; chmod 0644, $file; utime 1, 1, $file;"


def guest_seconds(session, argv):
    """What ARGV, which says nanoseconds, measured in the guest."""
    output = session.directory / "floor"
    with open(output, "wb") as stdout:
        session.execute([argv], stdout=stdout)
    return int(output.read_text()) / 1e9


def measure_true(session):
    """One fork and exec of `true` in the guest itself."""
    return [guest_seconds(session, ["sh", "-c", TRUE_LOOP.format(count=TRUE_COUNT)]) / TRUE_COUNT for _ in range(3)]


def measure_files(session, size, more=""):
    directory = f"{session.scratch}/bench-floor"
    script = FILES_LOOP.format(size=size, count=session.data.count, directory=directory, more=more)
    return [guest_seconds(session, ["perl", "-e", script]) for _ in range(3)]


# As autopkgtest starts a test of root.
LOGIN = """begin=$(date +%s%N)
su --shell /bin/bash root -c true
echo $(($(date +%s%N) - begin))"""


def measure_logins(session, count):
    """The first login session of each of COUNT testbeds, as the guest itself measures it."""
    seconds = 0
    for _ in range(count):
        session.command("revert")
        seconds += guest_seconds(session, ["sh", "-c", LOGIN])
    return [seconds]


class Monitor:
    """QEMU's QMP on a socket, or the guest agent, which speaks alike."""

    def __init__(self, stream, name="QEMU"):
        self.stream = stream
        self.name = name
        self.data = b""

    def wait(self, wanted, seconds=TIMEOUT):
        """Reads until there is an answer or event that WANTED takes, and returns it."""
        deadline = time.monotonic() + seconds
        while True:
            while b"\n" in self.data:
                line, self.data = self.data.split(b"\n", 1)
                answer = json.loads(line)
                if wanted(answer):
                    return answer
            if not select.select([self.stream], [], [], max(0, deadline - time.monotonic()))[0]:
                raise Failed(f"{self.name} did not answer in {seconds} s")
            block = self.stream.recv(MAX_ANSWER)
            if not block:
                raise Failed(f"{self.name} ended")
            self.data += block

    def send(self, name, descriptors=(), **arguments):
        line = json.dumps({"execute": name, "arguments": arguments} if arguments else {"execute": name})
        socket.send_fds(self.stream, [line.encode() + b"\n"], descriptors)

    def execute(self, name, descriptors=(), **arguments):
        self.send(name, descriptors, **arguments)
        return self.wait(lambda answer: "return" in answer)["return"]


def load(monitor, state):
    """From the greeting to the moment at which the machine runs."""
    monitor.wait(lambda answer: "QMP" in answer)
    monitor.execute("qmp_capabilities")
    names = ("x-ignore-shared", "events")
    monitor.execute("migrate-set-capabilities", capabilities=[{"capability": name, "state": True} for name in names])
    with open(state, "rb") as stream:
        monitor.execute("getfd", [stream.fileno()], fdname="floor")
    monitor.send("migrate-incoming", uri="fd:floor")
    monitor.wait(lambda answer: answer.get("data", {}).get("status") == "completed")
    monitor.send("cont")
    monitor.wait(lambda answer: answer.get("event") == "RESUME")


def words_of(qemu):
    return Path(f"/proc/{qemu}/cmdline").read_text().rstrip("\0").split("\0")


def value(words, name):
    """What follows NAME= in the first word that has it."""
    return next(word.split(name + "=", 1)[1].split(",")[0] for word in words if name + "=" in word)


def copied_words(words, directory, descriptor):
    """The command of another machine of the same template, with files of its own and our end of the monitor."""
    old = next(os.path.dirname(word.split("=")[-1]) for word in words if word.endswith("/efivars.fd"))
    number = value(words, "id=vq-own-qmp,fd")
    copied = [word.replace(old, str(directory)).replace(",logfile=/dev/fdset/1,logappend=on", "") for word in words]
    copied = [word.replace(f"id=vq-own-qmp,fd={number}", f"id=vq-own-qmp,fd={descriptor}") for word in copied]
    place = copied.index("-add-fd")
    return copied[:place] + copied[place + 2:]


@contextlib.contextmanager
def guest_agent(directory):
    with socket.socket(socket.AF_UNIX) as port:
        port.connect(str(Path(directory) / "qga"))
        yield Monitor(port, "the guest agent")


def wait_for_agent(directory):
    """A program of the guest has read a line and answered it."""
    with guest_agent(directory) as agent:
        agent.execute("guest-sync", id=1)


@contextlib.contextmanager
def machine(words, directory):
    """The monitor and the process ID of another machine of the same template."""
    ours, theirs = socket.socketpair()
    with ours, subprocess.Popen(copied_words(words, directory, theirs.fileno()), pass_fds=[theirs.fileno()],
                                stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        theirs.close()
        try:
            yield Monitor(ours), process.pid
        finally:
            process.kill()


@contextlib.contextmanager
def fork(words, directory):
    """The process ID of another machine of the same template, which runs."""
    template = Path(os.path.dirname(value(words, "mem-path")))
    for name in ("overlay", "efivars.fd"):
        shutil.copy(template / name, directory)
    with machine(words, directory) as (monitor, pid):
        load(monitor, template / "state")
        yield pid


def fork_once(words, directory, awake):
    """How many seconds QEMU takes until another machine of the same template runs, or is even AWAKE."""
    begin = time.monotonic()
    with fork(words, directory):
        if awake:
            wait_for_agent(directory)
        return time.monotonic() - begin


def measure_fork(session, awake):
    """The same QEMU with the same state, without all that makes it a testbed."""
    session.command("revert")
    words = words_of(processes.find_qemu(session.process.pid))
    samples = []
    for _ in range(10):
        with tempfile.TemporaryDirectory(dir=session.directory) as directory:
            samples.append(fork_once(words, directory, awake))
    return samples


def measure_private(session, seconds):
    """The memory that another machine of the same template has for itself when it has been idle for SECONDS."""
    session.command("revert")
    words = words_of(processes.find_qemu(session.process.pid))
    with tempfile.TemporaryDirectory(dir=session.directory) as directory, fork(words, directory) as pid:
        wait_for_agent(directory)
        time.sleep(seconds)
        return [processes.private_memory(pid)]


def wait_for_boot(monitor, directory):
    """systemd has done all that belongs to the boot, says the guest agent."""
    opened = {"id": "vq-agent0", "open": True}
    deadline = time.monotonic() + BOOT_TIMEOUT
    monitor.wait(lambda answer: answer.get("event") == "VSERPORT_CHANGE" and answer["data"] == opened, BOOT_TIMEOUT)
    with guest_agent(directory) as agent:
        words = {"path": "systemctl", "arg": ["is-system-running", "--wait"]}
        pid = agent.execute("guest-exec", **words)["pid"]
        while not agent.execute("guest-exec-status", pid=pid)["exited"]:
            if time.monotonic() > deadline:
                raise Failed(f"systemd has not done its jobs in {BOOT_TIMEOUT} s")
            time.sleep(0.05)  # nothing tells the end


def qemu_img(*words):
    return subprocess.run(["qemu-img", *map(str, words)], check=True, capture_output=True, text=True).stdout


def make_empty(like, path):
    """A disk of the same size, without anything of its own."""
    qemu_img("create", "-f", "qcow2", path, json.loads(qemu_img("info", "--output=json", like))["virtual-size"])


def boot_once(words, directory):
    """How many seconds QEMU takes until the image, which nothing has been written to, has booted."""
    template = os.path.dirname(value(words, "mem-path"))
    disk = Path(template) / "disk"
    fresh = [word.replace(template, str(directory)) for word in words]
    cut = fresh.index("-incoming")
    shutil.copy(Path(template) / "efivars.fd", directory)
    begin = time.monotonic()
    shutil.copy(Path(template) / "overlay", directory)
    make_empty(disk, Path(directory) / "disk")
    with machine(fresh[:cut] + fresh[cut + 2:], directory) as (monitor, _):
        monitor.wait(lambda answer: "QMP" in answer)
        monitor.execute("qmp_capabilities")
        monitor.execute("cont")
        wait_for_boot(monitor, directory)
        return time.monotonic() - begin


def measure_boot(session):
    session.command("revert")
    words = words_of(processes.find_qemu(session.process.pid))
    with tempfile.TemporaryDirectory(dir=session.directory) as directory:
        return [boot_once(words, directory)]
