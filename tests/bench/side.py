# SPDX-License-Identifier: GPL-2.0-or-later
"""One of the servers that are compared: how to start it, its turns, and its numbers."""

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import processes
from session import Session, say
from virt_server import Failed, last_line

PACKAGE_TIMEOUT = 900  # seconds; Debian's server needs 310 for five tests under TCG


class Side:
    def __init__(self, name, program, options, images, version, rows):
        self.name = name
        self.program = program
        self.options = options
        self.images = images
        self.version = version
        self.rows = rows
        self.forks = False  # whether it is to be given a directory for templates
        self.templates = None  # that directory
        self.accelerator = None
        self.samples = {row.name: [] for row in rows}
        self.failures = {}  # row to reason
        self.lost = []  # sessions that got no testbed, and why

    def argv(self):
        templates = [f"--template-dir={self.templates}"] if self.templates else []
        return [self.program, *templates, *self.options, *self.images]

    def fail(self, name, error, opened=True):
        reason = " ".join(str(error).split())[:300]
        say(f"{self.name}: {name}: failed: {reason}")
        if opened:
            self.failures[name] = reason
        else:
            self.lost.append(f"{name}: {reason}")

    def record(self, row, samples):
        self.samples[row.name] += samples
        if samples:
            say(f"{self.name}: {row.name}: {statistics.median(samples):.3f} {row.unit}")

    def take_turn(self, directory, data, first):
        """A cold open (if the server saves anything), a session with all rows, and autopkgtest. What failed
        once is not tried again, so that the time is bounded."""
        todo = [row for row in self.rows if row.name not in self.failures and (first or not row.once)]
        cold = [row for row in todo if row.name == "open-cold" and self.forks]
        if self.forks and (cold or self.templates is None):
            self.renew_templates(directory)
            self.run_sessions(directory, data, cold)
        warm = [row for row in todo if row.measure and row not in cold]
        if warm:
            self.run_sessions(directory, data, warm)
        for row in todo:
            if not row.measure:
                self.run_autopkgtest(directory, data, row)

    def forget_templates(self):
        if self.templates:
            shutil.rmtree(self.templates, ignore_errors=True)
        self.templates = None

    def renew_templates(self, directory):
        """From here on there is nothing saved."""
        self.forget_templates()
        if self.forks:
            self.templates = tempfile.mkdtemp(prefix="templates.", dir=directory)

    def run_sessions(self, directory, data, todo):
        """One session, and a new one after each row that failed, as nobody knows in what state the old one
        is. With nothing to do it is opened and closed."""
        while True:
            with tempfile.TemporaryDirectory(dir=directory, ignore_cleanup_errors=True) as place:
                todo = self.run_session(Session(self.argv(), Path(place), data, self.forks), todo)
            if not todo:
                return

    def run_session(self, session, todo):
        """Measures TODO until a row fails; what of it is left then."""
        try:
            session.start()
            self.look_at(session)
            while todo:
                self.record(todo[0], todo[0].measure(session))
                todo = todo[1:]
            session.finish()
            return []
        except (Failed, OSError) as error:
            self.fail(todo[0].name if todo else "end", error, session.open_seconds is not None)
            return todo[1:] if session.open_seconds is not None else []
        finally:
            session.end()
            processes.end_all()

    def look_at(self, session):
        qemu = processes.find_qemu(session.process.pid)
        if qemu is not None:
            self.accelerator = processes.accelerator(qemu)

    def run_autopkgtest(self, directory, data, row):
        """The real runner with the real server."""
        with tempfile.TemporaryDirectory(dir=directory, ignore_cleanup_errors=True) as place:
            log = Path(place) / "log"
            argv = ["autopkgtest", "-B", str(data.package), "--", *self.argv()]
            begin = time.monotonic()
            try:
                status = processes.run(argv, log, PACKAGE_TIMEOUT, env={**os.environ, "TMPDIR": place})
                seconds = time.monotonic() - begin
                if status != 0:
                    how = f"not done in {PACKAGE_TIMEOUT} s" if status is None else f"status {status}"
                    raise Failed(f"autopkgtest: {how}{last_line(log)}")
                self.record(row, [seconds])
            except (Failed, OSError) as error:
                self.fail(row.name, error)
            finally:
                processes.end_all()

    def result(self, row):
        """The numbers of a row, as in the JSON file."""
        samples = [] if row.name in self.failures else self.samples[row.name]
        numbers = {"median": statistics.median(samples), "min": min(samples), "max": max(samples)} if samples else {}
        return {**numbers, "samples": self.samples[row.name], "failed": self.reason(row)}

    def reason(self, row):
        """Why there is no number, or None."""
        if row.name in self.failures:
            return self.failures[row.name]
        return self.lost[0] if self.lost and not self.samples[row.name] else None
