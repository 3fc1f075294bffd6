# SPDX-License-Identifier: GPL-2.0-or-later
"""The cells in which a process ends, or the caller does."""

import os
import signal

import phases
from cell import Cell, go_on, tell
from witness import list_children


def to_server(number):
    return lambda server: server.process.send_signal(number)


def sigpipe(server):
    """Somebody who no longer reads is no reason to end."""
    server.process.send_signal(signal.SIGPIPE)
    go_on(server)


def to_qemu(number):
    def make_fault(server):
        os.kill(server.get_qemu(), number)
        go_on(server)
    return make_fault


def closes_without_qemu(server):
    for pid, name in list_children(server.process.pid).items():
        if name.startswith("qemu-system"):  # it may have ended by itself
            os.kill(pid, signal.SIGKILL)
    tell(server, "quit")


def stdin_ends(server):
    server.process.stdin.close()


def stdin_ends_in_mid_line(server):
    server.send("clo")
    server.process.stdin.close()


def stdout_is_closed(server):
    server.process.stdout.close()
    server.process.stdin.close()


def to_children(server):
    """All processes but QEMU, from which the server has help."""
    for pid, name in list_children(server.process.pid).items():
        if not name.startswith("qemu-system"):
            os.kill(pid, signal.SIGKILL)
    go_on(server)


FAULTS = {
    "SIGTERM": (to_server(signal.SIGTERM), -signal.SIGTERM, "got signal 15"),
    "SIGINT": (to_server(signal.SIGINT), -signal.SIGINT, "got signal 2"),
    "SIGHUP": (to_server(signal.SIGHUP), -signal.SIGHUP, "got signal 1"),
    "SIGKILL": (to_server(signal.SIGKILL), -signal.SIGKILL, ""),
    "stdin ends": (stdin_ends, 12, "the caller has gone away"),
    "stdin ends in mid-line": (stdin_ends_in_mid_line, 12, "unknown command `clo'"),
    "stdout is closed": (stdout_is_closed, 12, "the caller has gone away"),
}
CELLS = [Cell(phase, name, *fault) for phase in phases.ALL for name, fault in FAULTS.items()]
CELLS += [Cell(phases.saving, name, *FAULTS[name]) for name in ("SIGTERM", "SIGKILL", "stdin ends")]
# Only who waits for something in the guest is told. (While a testbed is opened, another QEMU is started.)
CELLS += [Cell(phase, f"QEMU gets {signal.Signals(number).name}", to_qemu(number), 0, said)
          for number in (signal.SIGKILL, signal.SIGABRT)
          for phase, said in ((phases.is_open, ""), (phases.command_runs, ""),
                              (phases.copying_down, f"QEMU ended: killed by signal {number}"),
                              (phases.copying_up, f"QEMU ended: killed by signal {number}"))]
CELLS += [Cell(phase, "SIGPIPE", sigpipe)
          for phase in (phases.qemu_starts, phases.state_is_loaded, phases.fork_goes_on, phases.is_open,
                        phases.command_runs, phases.copying_down, phases.copying_up, phases.reverting)]
CELLS += [Cell(phase, "the children are killed", to_children, 0, said)
          for phase, said in ((phases.qemu_starts, ""), (phases.state_is_loaded, ""), (phases.fork_goes_on, ""),
                              (phases.is_open, ""), (phases.command_runs, ""), (phases.reverting, ""),
                              (phases.copying_down, "killed by signal 9"), (phases.copying_up, "killed by signal 9"))]
# A fork is tried once more. A boot is not: whoever killed QEMU may have had a reason, such as too little memory.
CELLS += [Cell(phase, "QEMU gets SIGKILL", to_qemu(signal.SIGKILL), replies="ok ok ok")
          for phase in (phases.qemu_starts, phases.state_is_loaded, phases.fork_goes_on, phases.reverting)]
CELLS += [Cell(phase, "QEMU gets SIGKILL", to_qemu(signal.SIGKILL), 12, "QEMU ended: killed by signal 9")
          for phase in (phases.booting, phases.rebooting)]
CELLS += [Cell(phases.closing, "QEMU gets SIGKILL", closes_without_qemu, replies="ok ok")]
