# SPDX-License-Identifier: GPL-2.0-or-later
"""Many testbeds of one template at once: what each further one costs."""

import contextlib
import statistics
import tempfile
import time
from pathlib import Path

import processes
from plot import Panel
from session import COMMAND_TIMEOUT, Session, say
from virt_server import Failed

COUNTS = (1, 2, 4, 8, 16, 32)
IDLE_SECONDS = 3  # after which new testbeds count as idle
NEEDED_KIB = 256 * 1024  # of the host's memory for each testbed, which idle ones do not use up

# Of a point: its member, what it is, its unit.
COLUMNS = (("open", "all are open after", "s"), ("private", "private memory of each", "MiB"),
           ("true", "`true` in each, in turns", "s"))


AXIS = "testbeds at once"


def panels(points):
    """What plot.py draws of them."""
    return [Panel(f"{title.replace('`', '')} ({unit})", [(point["count"], point[name]) for point in points])
            for name, title, unit in COLUMNS]


def open_all(sessions):
    """From the first request to the last reply."""
    for session in sessions:
        session.spawn()
    for session in sessions:
        session.server.read_reply("start", processes.END_TIMEOUT)
    begin = time.monotonic()
    for session in sessions:
        session.server.say("open")
    for session in sessions:
        session.server.read_reply("open", COMMAND_TIMEOUT)
    return time.monotonic() - begin


def private(session):
    qemu = processes.find_qemu(session.process.pid)
    if qemu is None:
        raise Failed("no QEMU runs below the server")
    return processes.private_memory(qemu)


def make_point(sessions):
    seconds = open_all(sessions)
    time.sleep(IDLE_SECONDS)
    memory = statistics.median(private(session) for session in sessions)
    for session in sessions:
        session.execute([["true"]])  # the first one is slower, and has a row of its own
    true = statistics.median(session.execute([["true"]]) for session in sessions)
    for session in sessions:
        session.finish()
    return {"count": len(sessions), "open": seconds, "private": memory, "true": true}


def run(argv, directory, count):
    with tempfile.TemporaryDirectory(dir=directory, ignore_cleanup_errors=True) as place, \
            contextlib.ExitStack() as stack:
        sessions = []
        for number in range(count):
            own = Path(place) / str(number)
            own.mkdir()
            sessions.append(Session(argv, own, None, True))
            stack.callback(sessions[-1].end)
        return make_point(sessions)


def measure(side, directory):
    """A point for each of COUNTS for which the host has memory, until one fails. SIDE has a template."""
    points = []
    for count in COUNTS:
        if processes.kilobytes("/proc/meminfo", "MemAvailable") < count * NEEDED_KIB:
            say(f"{count} testbeds at once: not enough memory")
            break
        try:
            points.append(run([*side.argv()[:-len(side.images)], "--spare=off", *side.images], directory, count))
        except (Failed, OSError) as error:
            side.fail(f"{count} testbeds at once", error, False)
            break
        finally:
            processes.end_all()
        say(", ".join(f"{name} {points[-1][name]:.3f}" for name in ("count", "open", "private", "true")))
    return points
