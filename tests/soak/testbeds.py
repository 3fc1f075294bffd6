# SPDX-License-Identifier: GPL-2.0-or-later
"""One server opens, uses, reverts and closes a testbed again and again; then many servers do that at once. Memory,
descriptors and files must be the same at the end as at the beginning. VQ_IMAGE is the image, VQ_SERVER the server."""

import argparse
import concurrent.futures
import filecmp
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import plot
from virt_server import BOOT, SOON, Failed, VirtServer

FILES = 20
WARM_CYCLES = 10  # after which nothing may grow any more
GROWTH_KIB = 1024  # of memory that may come and go
SAY_EVERY = 100


class Sample(NamedTuple):
    cycle: int
    memory: float  # MiB
    descriptors: int
    files: int


class Testbed:
    """A server, and the directories in which it leaves files."""

    def __init__(self, directory, templates, tree):
        self.directory = directory
        self.templates = templates
        self.tree = tree
        self.temporary = directory / "tmp"
        self.temporary.mkdir()
        argv = [os.environ["VQ_SERVER"], f"--template-dir={templates}", "--ram-size=512", os.environ["VQ_IMAGE"]]
        self.server = VirtServer(argv, directory / "log", env={**os.environ, "TMPDIR": str(self.temporary)})
        self.server.read_reply("start", SOON)

    def sample(self, cycle):
        """Of a server without a testbed."""
        process = Path("/proc") / str(self.server.process.pid)
        lines = (line.split() for line in (process / "status").read_text().splitlines())
        memory = next(int(words[1]) for words in lines if words[0] == "RssAnon:")
        entries = sum(len(list(place.rglob("*"))) for place in (self.temporary, self.templates))
        return Sample(cycle, memory / 1024, len(list((process / "fd").iterdir())), entries)

    def run(self, *argv, expected=""):
        done = subprocess.run(self.server.execute_command() + list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              timeout=BOOT, text=True, check=False)
        if done.returncode != 0 or done.stdout != expected:
            raise Failed(f"{argv[0]}: status {done.returncode}, said {done.stdout[:80]!r}")

    def copy(self, scratch):
        back = self.directory / "back"
        self.server.ask("copydown", f"{self.tree}/", f"{scratch}/tree/")
        self.server.ask("copyup", f"{scratch}/tree/", f"{back}/")
        names = [str(number) for number in range(FILES)]
        same = filecmp.cmpfiles(self.tree, back, names, shallow=False)[0]
        subprocess.run(["rm", "-r", back], check=True)
        if len(same) != FILES:
            raise Failed("what was copied came back different")

    def cycle(self):
        (scratch,) = self.server.ask("open")
        self.run("true")
        self.copy(scratch)
        self.run("touch", "/left")
        self.server.ask("revert")
        self.run("sh", "-c", "ls /left 2>/dev/null; echo ok", expected="ok\n")
        self.server.ask("close")

    def mixed(self, seconds, chance):
        """Opens once, and does whatever comes until the time is over; how much that was."""
        end = time.monotonic() + seconds
        (scratch,) = self.server.ask("open")
        count = 0
        while time.monotonic() < end:
            what = chance.choice(("run", "run", "run", "copy", "revert"))
            if what == "run":
                self.run("sh", "-c", "head -c 1000000 /dev/zero | wc -c", expected="1000000\n")
            elif what == "copy":
                self.copy(scratch)
            else:
                (scratch,) = self.server.ask("revert")
            count += 1
        self.server.ask("close")
        return count

    def end(self):
        self.server.say("quit")
        self.server.read_end()
        left = list(self.temporary.iterdir())
        if left:
            raise Failed(f"left behind: {left[0]}")


def growth(samples):
    """What is not as it was, or "". One sample may be taken while a spare machine ends."""
    first, last = samples[WARM_CYCLES:2 * WARM_CYCLES], samples[-WARM_CYCLES:]
    begin, end = ([statistics.median(column) for column in zip(*part)][1:] for part in (first, last))
    grown = end[0] - begin[0] > GROWTH_KIB / 1024 or end[1] > begin[1] or end[2] > begin[2]
    return f"(MiB, descriptors, files) were {begin} and are {end}" if grown else ""


def cycles(testbed, count):
    begin, samples = time.monotonic(), []
    for number in range(1, count + 1):
        testbed.cycle()
        samples.append(testbed.sample(number))
        if number % SAY_EVERY == 0 or number == count:
            _, memory, descriptors, files = samples[-1]
            print(f"{number} cycles in {time.monotonic() - begin:.0f} s, {memory:.2f} MiB, {descriptors} descriptors, "
                  f"{files} files", flush=True)
    testbed.end()
    return samples


def crowd(testbeds, seconds):
    """How much all of them did, at the same time."""
    def work(number):
        return testbeds[number].mixed(seconds, random.Random(number))

    with concurrent.futures.ThreadPoolExecutor(len(testbeds)) as pool:
        counts = list(pool.map(work, range(len(testbeds))))
    for testbed in testbeds:
        testbed.end()
    return sum(counts)


def draw(samples):
    titles = ("server's own memory (MiB)", "its descriptors", "files")
    columns = list(zip(*samples))
    return plot.svg([plot.Panel(title, list(zip(columns[0], column))) for title, column in zip(titles, columns[1:])], "cycles")


def make_tree(directory):
    tree = directory / "tree"
    tree.mkdir()
    for number in range(FILES):
        (tree / str(number)).write_bytes(os.urandom(8192))
    return tree


def soak(place, options):
    templates, tree = place / "templates", make_tree(place)

    def testbed(name):
        (place / name).mkdir()
        return Testbed(place / name, templates, tree)

    samples = cycles(testbed("one"), options.cycles)
    options.svg.write_text(draw(samples))
    if growth(samples):
        raise Failed(growth(samples))
    count = crowd([testbed(f"server{number}") for number in range(options.servers)], options.seconds)
    print(f"{options.servers} servers at once did {count} things in {options.seconds} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--servers", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=3600, help="of the mixed load")
    parser.add_argument("--svg", type=Path, default=Path("soak.svg"))
    options = parser.parse_args()
    if options.cycles < 3 * WARM_CYCLES:
        sys.exit(f"testbeds: {3 * WARM_CYCLES} cycles at least")
    with tempfile.TemporaryDirectory(prefix="vq-soak.") as directory:
        try:
            soak(Path(directory), options)
        except (Failed, subprocess.TimeoutExpired) as error:
            sys.exit(f"failed: {error}")
    print("1 passed, 0 failed, 0 skipped")


main()
