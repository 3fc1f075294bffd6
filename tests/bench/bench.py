# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares autopkgtest-virt-qemu-ng with Debian's autopkgtest-virt-qemu on one image.

The servers take turns, and only one guest runs at a time: ours, theirs, ours, theirs. Each turn is a
whole life of a server: open, all rows, close, quit. The table goes to stdout, all samples into a JSON
file, and what happens to stderr.
"""

import argparse
import json
import os
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rows import ROWS, Data
from session import BOOT_TIMEOUT, END_TIMEOUT, Failed, Session, say

TOP = Path(__file__).resolve().parents[2]
MIB = 1 << 20

# Debian's server takes KVM whenever /dev/kvm is there, also when it is broken.
WITHOUT_KVM = """#!/bin/bash
args=()
while [ $# -gt 0 ]; do
    case "$1 ${2:-}" in
    "-enable-kvm "*) ;;
    "-cpu kvm64"* | "-cpu host"*) shift ;;
    *) args+=("$1") ;;
    esac
    shift
done
exec %s "${args[@]}"
"""


class Side:
    """One of the two servers: how to start it, and its numbers."""

    def __init__(self, name, argv, version, rows):
        self.name = name
        self.argv = argv
        self.version = version
        self.rows = rows
        self.samples = {row[0]: [] for row in rows}
        self.failures = {}  # row to reason
        self.lost = []  # turns that ended early because there was no testbed, and why

    def fail(self, session, name, error):
        """Whether the turn can go on."""
        reason = " ".join(str(error).split())[:200]
        say(f"{self.name}: {name}: failed: {reason}")
        if session.open_seconds is None:
            self.lost.append(reason)
        else:
            self.failures[name] = reason
        return session.open_seconds is not None

    def take_turn(self, directory, data):
        """One session. After a failed row the next ones get a new server, as nobody knows what state the
        old one is in; what failed once is not tried again, so the time is bounded."""
        todo = [row for row in self.rows if row[0] not in self.failures]
        while todo:
            with tempfile.TemporaryDirectory(dir=directory, ignore_cleanup_errors=True) as place:
                todo = self.run_session(Session(self.argv, Path(place), data), todo)

    def run_session(self, session, todo):
        """Measures TODO until a row fails; what this turn has still to do then."""
        try:
            session.start()
            while todo:
                name, _, unit, measure = todo[0]
                samples = measure(session)
                self.samples[name] += samples
                say(f"{self.name}: {name}: {statistics.median(samples):.3f} {unit}")
                todo = todo[1:]
            session.finish()
            return []
        except (Failed, OSError) as error:
            name = todo[0][0] if todo else "quit"
            return todo[1:] if self.fail(session, name, error) else []
        finally:
            session.kill()

    def median(self, name):
        good = self.samples[name] and name not in self.failures
        return statistics.median(self.samples[name]) if good else None

    def cell(self, name, unit):
        if self.median(name) is None:
            reason = self.failures.get(name) or (self.lost or ["not measured"])[0]
            return "failed: " + reason.replace("|", "\\|")
        return f"{self.median(name):.3f} {unit}" if self.median(name) < 10 else f"{self.median(name):.1f} {unit}"


def first_line(argv):
    try:
        output = subprocess.run(argv, capture_output=True, text=True, timeout=END_TIMEOUT).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return output.partition("\n")[0].strip()


def package_version(path):
    package = first_line(["dpkg-query", "-S", path]).partition(":")[0]
    if not package:
        return f"{path}, not from a package"
    return f"{package} {first_line(['dpkg-query', '-W', '-f', '${Version}', package])}"


def qemu_command():
    return f"qemu-system-{os.uname().machine}"


def cpu_model():
    lines = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return lines[0].partition(":")[2].strip() if lines else os.uname().machine


def parse_arguments():
    names = [row[0] for row in ROWS]
    parser = argparse.ArgumentParser(prog="tests/bench/run", description=__doc__.partition("\n")[0],
                                     epilog=f"Rows: {', '.join(names)}")
    parser.add_argument("--runs", type=int, default=3, help="turns of each server (default: %(default)s)")
    parser.add_argument("--only", metavar="ROW[,ROW]", help="measure only these rows (default: all)")
    parser.add_argument("--ram-size", type=int, default=1024, metavar="MIB",
                        help="of the guest (default: %(default)s)")
    parser.add_argument("--cpus", type=int, default=2, help="of the guest (default: %(default)s)")
    parser.add_argument("--size", type=int, default=16, metavar="MIB",
                        help="of streams and files (default: %(default)s)")
    parser.add_argument("--files", type=int, default=500, help="in the copied tree (default: %(default)s)")
    parser.add_argument("--accel", choices=("auto", "kvm", "tcg"), default="auto",
                        help="for both servers (default: auto: what our server chooses)")
    parser.add_argument("--server", default=TOP / "build/autopkgtest-virt-qemu-ng", metavar="PATH", help="ours")
    parser.add_argument("--theirs", default="autopkgtest-virt-qemu", metavar="PATH", help="Debian's")
    parser.add_argument("--no-theirs", action="store_true", help="measure only ours")
    parser.add_argument("--theirs-options", default="--efi", metavar="OPTIONS",
                        help="Debian's server does not look at the image (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=TOP / "build/bench.json", metavar="PATH",
                        help="all samples (default: build/bench.json)")
    parser.add_argument("image", help="must suit both: root shell on hvc1 or ttyS1, python3, guest agent")
    options = parser.parse_args()
    options.only = options.only.split(",") if options.only else names
    if not set(options.only) <= set(names):
        parser.error(f"no such row: {', '.join(set(options.only) - set(names))}; rows: {', '.join(names)}")
    if min(options.runs, options.size, options.files, options.cpus, options.ram_size) < 1:
        parser.error("numbers must be at least 1")
    return options


def warm_up(options, argv, directory):
    """One open that does not count: the page cache gets warm, and our server tells whether KVM works.
    The accelerator for both servers."""
    say("a first open, which does not count")
    with tempfile.TemporaryDirectory(dir=directory, ignore_cleanup_errors=True) as place:
        session = Session([*argv, f"--accel={options.accel}", options.image], Path(place), None)
        try:
            session.start()
        finally:
            session.kill()
        if options.accel != "auto":
            return options.accel
        return "tcg" if "no KVM" in session.log.read_text(errors="replace") else "kvm"


def make_wrapper(directory):
    wrapper = directory / "qemu-without-kvm"
    wrapper.write_text(WITHOUT_KVM % qemu_command())
    wrapper.chmod(0o755)
    return str(wrapper)


def make_sides(options, directory):
    """The accelerator and the sides: ours, then theirs if it is there."""
    rows = [row for row in ROWS if row[0] in options.only]
    common = [f"--cpus={options.cpus}", f"--ram-size={options.ram_size}", f"--timeout-reboot={BOOT_TIMEOUT}"]
    ours = [os.path.abspath(options.server), *common]
    accel = warm_up(options, ours, directory)
    version = first_line([options.server, "--version"])
    sides = [Side("autopkgtest-virt-qemu-ng", [*ours, f"--accel={accel}", options.image], version, rows)]
    theirs = None if options.no_theirs else shutil.which(options.theirs)
    if theirs:
        argv = [os.path.abspath(theirs), *common, *shlex.split(options.theirs_options)]
        if accel == "tcg":
            argv += ["-q", make_wrapper(directory)]
        sides.append(Side("autopkgtest-virt-qemu", [*argv, options.image], package_version(theirs), rows))
    return accel, sides


def describe(options, accel, sides):
    """The conditions, as (what, value)."""
    facts = [
        ("date", time.strftime("%Y-%m-%d %H:%M:%S %z")),
        ("image", options.image),
        ("guest", f"{options.cpus} CPUs, {options.ram_size} MiB, {accel.upper()}"),
        ("host", f"{cpu_model()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} at the start"),
        ("QEMU", first_line([qemu_command(), "--version"])),
        ("runs", str(options.runs)),
    ]
    return facts + [(side.name, side.version) for side in sides]


def ratio(sides, name):
    medians = [side.median(name) for side in sides]
    return medians[0] / medians[1] if len(medians) == 2 and None not in medians and medians[1] else None


def fill_in(title, options):
    return title.replace("SIZE", str(options.size)).replace("COUNT", str(options.files))


def print_table(options, facts, sides):
    for what, value in facts:
        print(f"- {what}: {value}")
    if len(sides) == 1:
        why = "not asked for" if options.no_theirs else f"{options.theirs} is not installed (package autopkgtest)"
        print(f"- Not compared with Debian's server: {why}.")
    print("\nMedians; a ratio below 1 means that ours takes less.\n")
    print("| row |", " | ".join(side.name for side in sides), "| ratio |" if len(sides) > 1 else "|")
    print("| --- |", " | ".join("---:" for _ in sides), "| ---: |" if len(sides) > 1 else "|")
    for name, title, unit, _ in sides[0].rows:
        cells = [side.cell(name, unit) for side in sides]
        if len(sides) > 1:
            value = ratio(sides, name)
            cells.append("-" if value is None else f"{value:.3f}")
        print(f"| {fill_in(title, options)} |", " | ".join(cells), "|")
    for side in sides:
        for reason in side.lost:
            print(f"\nA run of {side.name} got no testbed and does not count: {reason}")


def write_json(options, facts, sides):
    rows = [
        {"row": name, "title": fill_in(title, options), "unit": unit, "ratio": ratio(sides, name),
         "servers": {side.name: {"median": side.median(name), "samples": side.samples[name],
                                 "failed": side.failures.get(name)} for side in sides}}
        for name, title, unit, _ in sides[0].rows
    ]
    commands = {side.name: side.argv for side in sides}
    lost = {side.name: side.lost for side in sides}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    report = {**dict(facts), "commands": commands, "lost_runs": lost, "rows": rows}
    options.json.write_text(json.dumps(report, indent=2) + "\n")


def measure(options, directory):
    """Whether every row got its number."""
    accel, sides = make_sides(options, directory)
    facts = describe(options, accel, sides)
    data = Data(directory, options.size * MIB, options.files)
    for turn in range(options.runs):
        for side in sides:
            say(f"{side.name}: run {turn + 1} of {options.runs}")
            side.take_turn(directory, data)
    print_table(options, facts, sides)
    write_json(options, facts, sides)
    return not any(side.failures or side.lost for side in sides)


def interrupt(number, _):
    """Unwinds once; a second ^C must not stop the cleaning up."""
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + number)


def main():
    options = parse_arguments()
    options.image = os.path.abspath(options.image)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        # A short path: there will be sockets in it.
        with tempfile.TemporaryDirectory(prefix="vqb.", ignore_cleanup_errors=True) as directory:
            return 0 if measure(options, Path(directory)) else 1
    except (Failed, OSError) as error:
        say(f"cannot measure: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
