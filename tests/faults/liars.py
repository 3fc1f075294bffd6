# SPDX-License-Identifier: GPL-2.0-or-later
"""The cells in which QEMU's monitor, or the helper in the guest, says nothing more, or what is wrong."""

import re
import socket
import subprocess
from pathlib import Path

import phases
from cell import Cell, go_on
from hosts import Host
from server import SOON
from witness import Failed

COPY_SECONDS = 20
GO_BETWEEN = Path(__file__).with_name("go-between")


class Between(Host):
    """Somebody can lie to the server."""

    waits = True
    arguments = of_template = (f"--qemu-command={GO_BETWEEN}",)

    def prepare(self, server):
        (server.directory / "lies").mkdir()

    def get_environment(self, server):
        return {"VQ_LIES": str(server.directory / "lies"), "AUTOPKGTEST_VIRT_COPY_TIMEOUT": str(COPY_SECONDS)}

    def lie(self, server, channel, name):
        """Returns when the lie has begun."""
        begun = [self.order(path, f"{channel} {name}") for path in (server.directory / "lies").iterdir()]
        if not any(begun):
            raise Failed(f"{channel}: {name}: there is no such lie")

    @staticmethod
    def order(path, text):
        """Whether a lie has begun. The QEMU may have ended."""
        with socket.socket(socket.AF_UNIX) as order:
            order.settimeout(SOON)
            try:
                order.connect(str(path))
                order.send(text.encode())
                return order.recv(1) != b""
            except ConnectionError:
                return False


def begin_true(server):
    return subprocess.Popen([*server.execute, "true"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def end_true(client):
    """The exit status, and what it says."""
    said = client.communicate(timeout=SOON)[1]
    return client.returncode, said.strip()


def lie_then_revert(channel, name, status, told):
    """A command in the testbed has the STATUS, and its user is TOLD in one line why. The next testbed is sound."""
    def make_fault(server):
        server.host.lie(server, channel, name)
        client = begin_true(server)
        if name != "silence":
            found = end_true(client)
        server.open("revert")
        if name == "silence":  # nothing tells it from a command that takes its time
            found = end_true(client)
        if found[0] != status or not re.fullmatch(told, found[1]) or not found[1].isprintable():
            raise Failed(f"true: exit status {found[0]}: {found[1]}")
        if end_true(begin_true(server)) != (0, ""):
            raise Failed("the next testbed does not work")
        go_on(server)
    return make_fault


def lie_then_go_on(channel, name):
    def make_fault(server):
        server.host.lie(server, channel, name)
        go_on(server)
    return make_fault


def cells(channel, speaker, status, **told):
    return [Cell(phases.is_open, f"{speaker}: {name.replace('_', ' ')}", lie_then_revert(channel, name, status, text), 0, "",
                 "ok ok", Between()) for name, text in told.items()]


LOST = 255
CELLS = cells("qmp", "QEMU's monitor", 0, garbage="", endless_line="", deep_JSON="", bad_UTF8="", reply_to_nobody="", flood_of_events="")
CELLS += cells("helper", "the helper", LOST, silence=".*", garbage=".*unknown type.*", endless_line=".*unknown type.*",
               too_long_a_frame=".*length of 65535.*", short_frame=".*wrong position.*", wrong_position=".*wrong position.*",
               unknown_kind=".*unknown type.*", output_of_nobody=".*not open", reply_to_nobody=".*not open",
               greeting_again=".*wrong position.*", too_much_credit=".*not open", bytes_nobody_sent=".*what it did not get",
               output_without_end=".*not open", credit_without_end=".*not open",
               end_with_escapes=".*last words: root � virt-qemu: error: all is lost")
SENT, LATE = "the guest helper sent ", f"not done within {COPY_SECONDS} s"
WHILE_COPYING = {"QEMU's monitor: silence": ("qmp", "silence", ""),
                 "QEMU's monitor: garbage": ("qmp", "garbage", ""),
                 "the helper: silence": ("helper", "silence", LATE),
                 "the helper: garbage": ("helper", "garbage", SENT),
                 "the helper: output of nobody": ("helper", "output_of_nobody", SENT)}
CELLS += [Cell(phase, name, lie_then_go_on(channel, lie), 0, "" if phase is phases.command_runs else said, None, Between())
          for phase in (phases.command_runs, phases.copying_down, phases.copying_up)
          for name, (channel, lie, said) in WHILE_COPYING.items()]
