# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares autopkgtest-virt-qemu-ng with Debian's autopkgtest-virt-qemu on one image.

    make bench                                  # everything; BENCH=--no-reboot adds an option
    tests/bench/run --rows=true,stdin IMAGE     # two rows
    tests/bench/run --only=ours --runs=1 IMAGE
    tests/bench/run --from=build/bench.json --markdown    # only print, what an earlier run measured

The servers take turns, --runs of each, on the same image, with the same CPUs, memory and accelerator (KVM
only if it works: our server finds that out in a first open, which does not count and warms the page cache).
A turn is a whole life of a server: open, all rows, close, quit. Rows that are quick are measured several
times in each turn, slow ones (reboot, autopkgtest) only in the first. The table goes to stdout, all samples
into a JSON file, and what happens to stderr. The status is 1 if a number is missing.

What the rows mean:
- "open, nothing saved": from the server's start to the reply. Our server gets a new, empty template directory
  for it (never that of the user); "template there" is the next open with the same directory. A server
  without templates opens always in the same way, so its opens count for both rows.
- true, sleep, stdin, stdout: the command that print-execute-command names, from its start to its end. The
  number of bytes that arrive is checked.
- copies: from the command to the reply, to a place that is new. What comes back is compared.
- "server's peak memory": VmHWM of the server's process at the end of a turn, in which it also had to feed a
  reader that first sleeps. Processes that it started do not count.
- "private memory of each further idle testbed": Private_Clean and Private_Dirty of a QEMU while another one
  runs from the same template. Only where there are templates.
- a row that begins with "-" is a floor: the same work as in the row above it, without a server.
- "a package with trivial tests": autopkgtest -B with tests that do nothing, and say that they break the testbed,
  so that it is reverted between them (autopkgtest 6.0 reverts before each test anyway). The template is there.

At last, 1, 2, 4, 8, 16 and 32 testbeds of one template are open at once, as far as the host's memory goes
(--no-many: not): a second table, and a plot.

Only one guest runs at a time otherwise, two for the private memory. All that is started ends with this program, also on
^C. A row that fails is shown as failed, stderr says why, and the rest goes on with a new session.

processes.py looks after processes, session.py speaks to a server, rows.py measures, side.py is one server
with its numbers, many.py has many testbeds at once, report.py makes the tables.
"""

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import many
import plot
import processes
import report
from rows import ROWS, Data
from session import BOOT_TIMEOUT, Session, say
from side import Side
from virt_server import Failed

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


def output_of(argv):
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=processes.END_TIMEOUT).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def first_line(argv):
    return output_of(argv).partition("\n")[0].strip()


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


def load():
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def make_parser():
    parser = argparse.ArgumentParser(prog="tests/bench/run", formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description=__doc__.partition("\n\nprocesses.py")[0],
                                     epilog="Rows: " + ", ".join(row.name for row in ROWS))
    add = parser.add_argument
    add("--runs", type=int, default=2, metavar="N", help="turns of each server (default: %(default)s)")
    add("--rows", metavar="ROW[,ROW]", help="measure only these rows (default: all)")
    add("--no-reboot", action="store_true", help="all rows but reboot, which takes 2 minutes under TCG")
    add("--no-many", action="store_true", help="no testbeds at once")
    add("--only", choices=("ours", "theirs"), help="measure only this server")
    add("--size", type=int, default=64, metavar="MIB", help="of streams and files (default: %(default)s)")
    add("--files", type=int, default=2000, metavar="N", help="in the copied tree (default: %(default)s)")
    add("--ram-size", type=int, default=1024, metavar="MIB", help="of the guest (default: %(default)s)")
    add("--cpus", type=int, default=2, metavar="N", help="of the guest (default: %(default)s)")
    add("--accel", choices=("auto", "kvm", "tcg"), default="auto",
        help="for both servers (default: auto, what our server chooses)")
    add("--server", default=TOP / "build/autopkgtest-virt-qemu-ng", metavar="PATH", help="ours")
    add("--server-options", default="", metavar="OPTIONS", help="more options for ours")
    add("--theirs", default="autopkgtest-virt-qemu", metavar="PATH", help="Debian's server")
    add("--theirs-options", default="--efi", metavar="OPTIONS",
        help="it does not look at the image (default: %(default)s)")
    add("--json", type=Path, default=TOP / "build/bench.json", metavar="FILE",
        help="all samples (default: build/bench.json)")
    add("--svg", type=Path, default=TOP / "build/bench.svg", metavar="FILE",
        help="the plot of many testbeds at once (default: build/bench.svg)")
    add("--markdown", action="store_true", help="print the table in Markdown, without min and max")
    add("--from", type=Path, dest="source", metavar="FILE", help="print the table of this JSON file")
    add("image", nargs="?", help="must suit both: root shell on hvc1 or ttyS1, python3, guest agent")
    return parser


def choose_rows(parser, options):
    known = [row.name for row in ROWS]
    wanted = options.rows.split(",") if options.rows else known
    if not set(wanted) <= set(known):
        parser.error(f"no such row: {', '.join(set(wanted) - set(known))}; rows: {', '.join(known)}")
    return [row for row in ROWS if row.name in wanted and not (row.name == "reboot" and options.no_reboot)]


def parse_arguments():
    parser = make_parser()
    options = parser.parse_args()
    options.rows = choose_rows(parser, options)
    if min(options.runs, options.size, options.files, options.cpus, options.ram_size) < 1:
        parser.error("numbers must be at least 1")
    if options.source is None and options.image is None:
        parser.error("give the image of a guest")
    options.image = os.path.abspath(options.image or "")
    return options


def make_ours(options):
    """Our server; how its accelerator is to be chosen is not decided yet."""
    program = os.path.abspath(options.server)
    more = shlex.split(options.server_options)
    side = Side("autopkgtest-virt-qemu-ng", program, [*common(options), *more], [options.image],
                first_line([program, "--version"]), options.rows)
    side.forks = "--template-dir" in output_of([program, "--help"]) and "--template=off" not in more
    if not side.forks:
        say("our server has no templates, so nothing is forked")
    return side


def make_theirs(options, program, tcg_command):
    argv = [*common(options), *shlex.split(options.theirs_options)]
    argv += ["-q", tcg_command] if tcg_command else []
    version = package_version(program)
    return Side("autopkgtest-virt-qemu", program, argv, [options.image], version, options.rows)


def common(options):
    return [f"--cpus={options.cpus}", f"--ram-size={options.ram_size}", f"--timeout-reboot={BOOT_TIMEOUT}"]


def warm_up(ours, accel, directory):
    """An open that does not count. The accelerator for all; TCG, which always works, if that cannot be seen."""
    say("a first open, which does not count")
    ours.options.append(f"--accel={accel}")
    ours.renew_templates(directory)
    with tempfile.TemporaryDirectory(dir=directory, ignore_cleanup_errors=True) as place:
        session = Session(ours.argv(), Path(place), None)
        try:
            session.start()
            ours.look_at(session)
        except (Failed, OSError) as error:
            say(f"{ours.name}: first open: failed: {error}")
        finally:
            session.end()
            processes.end_all()
            ours.forget_templates()
    accelerator = ours.accelerator or ("KVM" if accel == "kvm" else "TCG")
    ours.options[-1] = f"--accel={accelerator.lower()}"
    return accelerator


def make_wrapper(directory):
    wrapper = directory / "qemu-without-kvm"
    wrapper.write_text(WITHOUT_KVM % qemu_command())
    wrapper.chmod(0o755)
    return str(wrapper)


def make_sides(options, directory):
    """Ours, then theirs if it is there; or one of them."""
    ours = make_ours(options)
    accelerator = warm_up(ours, options.accel, directory)
    program = None if options.only == "ours" else shutil.which(options.theirs)
    if program is None:
        if options.only == "theirs":
            raise Failed(f"{options.theirs} is not installed (package autopkgtest)")
        if options.only is None:
            say(f"nothing to compare with: {options.theirs} is not installed (package autopkgtest)")
        return [ours]
    wrapper = make_wrapper(directory) if accelerator == "TCG" else None
    theirs = make_theirs(options, os.path.abspath(program), wrapper)
    return [theirs] if options.only == "theirs" else [ours, theirs]


def describe(options, sides, load_before, begin):
    """The conditions, as (what, value)."""
    yield "date", time.strftime("%Y-%m-%d %H:%M:%S %z")
    yield "image", options.image
    yield "guest", f"{options.cpus} CPUs, {options.ram_size} MiB"
    yield "accelerator", ", ".join(f"{side.accelerator} ({side.name})" for side in sides)
    yield "host", f"{cpu_model()}, {os.cpu_count()} CPUs, Linux {os.uname().release}"
    yield "load", f"{load_before} before, {load()} after (1, 5, 15 minutes; a guest is a part of it)"
    yield "QEMU", first_line([qemu_command(), "--version"])
    yield "runner", package_version(shutil.which("autopkgtest") or "autopkgtest")
    yield from ((side.name, side.version) for side in sides)
    yield "turns", f"{options.runs} of each server, {(time.monotonic() - begin) / 60:.0f} minutes in all"


def measure(options, directory):
    """The report."""
    begin = time.monotonic()
    load_before = load()
    sides = make_sides(options, directory)
    data = Data(directory, options.size * MIB, options.files)
    for turn in range(options.runs):
        for side in sides:
            say(f"{side.name}: turn {turn + 1} of {options.runs}")
            side.take_turn(directory, data, turn == 0)
    points = [] if options.no_many or not sides[0].forks else many.measure(sides[0], directory)
    return report.make(describe(options, sides, load_before, begin), options.size, options.files, sides, points)


def measure_and_save(options):
    # A short path: there will be sockets in it.
    with tempfile.TemporaryDirectory(prefix="vqb.", ignore_cleanup_errors=True) as directory:
        result = measure(options, Path(directory))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=2) + "\n")
    if result["many"]:
        options.svg.write_text(plot.svg(many.panels(result["many"]), many.AXIS))
    return result


def interrupt(number, _):
    """Unwinds once; a second ^C must not stop the cleaning up."""
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    say("interrupted, ending what runs")
    sys.exit(128 + number)


def main():
    options = parse_arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        processes.adopt_orphans()
        result = json.loads(options.source.read_text()) if options.source else measure_and_save(options)
        for line in (report.markdown if options.markdown else report.text)(result):
            print(line)
        return 0 if report.all_measured(result) else 1
    except (Failed, OSError, json.JSONDecodeError) as error:
        say(f"cannot measure: {error}")
        return 1
    finally:
        processes.end_all()


if __name__ == "__main__":
    sys.exit(main())
