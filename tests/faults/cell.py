# SPDX-License-Identifier: GPL-2.0-or-later
"""A cell: one fault in one phase, and what is right then."""

from typing import Callable, NamedTuple

import phases
from hosts import Host
from server import Server


class Cell(NamedTuple):
    phase: Callable
    fault: str
    make_fault: Callable   # gets the server; does what the caller does then, too
    status: int = 0        # the server's exit status, as subprocess has it
    said: str = ""         # what the message says, as a regular expression; "": there is none
    replies: str = None    # the first words of the replies that follow the fault; None: any
    host: Host = Host()
    side: type = Server    # what the cell is about
    repeats: bool = False  # whether there may be more messages like this

    def __str__(self):
        return f"{self.phase.__name__.replace('_', ' ')}: {self.fault}"

    @property
    def makes_template(self):
        return self.phase in (phases.booting, phases.saving)

    @property
    def boots(self):
        """Whether a guest may boot after the fault, or somebody is waited for, which takes its time."""
        return self.makes_template or self.phase is phases.rebooting or self.host.waits


def tell(server, commands):
    """What a caller says who hears of a fault only by the replies."""
    try:
        server.send("".join(command + "\n" for command in commands.split(",")))
    except BrokenPipeError:
        pass  # the server has said so already


def full_then(make_fault):
    """The disk of a small host becomes full first."""
    def both(server):
        server.host.fill(server)
        make_fault(server)
    return both


def go_on(server):
    tell(server, "close,quit")
