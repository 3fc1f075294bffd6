# SPDX-License-Identifier: GPL-2.0-or-later
"""The phases of a server's life. Each function brings a new server into one, and returns when it is there."""

from server import BOOT
from witness import wait_for

ENDLESS = "exec sleep 10000"
CONTINUES = r'"event": "RESUME"'
GREETS = r'QMP < \{"QMP"'


def starting(_server):
    """It need not come as far as to take commands."""


def closed(server):
    server.begin()


def booting(server):
    server.begin()
    server.send_until("open", CONTINUES)


def saving(server):
    server.begin()
    server.send_until("open", r'"execute":"migrate",')


def qemu_starts(server):
    server.begin()
    server.send_until("open", GREETS)


def state_is_loaded(server):
    server.begin()
    server.send_until("open", r'"execute":"migrate-incoming"')


def fork_goes_on(server):
    server.begin()
    server.send_until("open", CONTINUES)


def is_open(server):
    server.begin()
    server.open()


def command_runs(server):
    is_open(server)
    server.run_until(f"echo started; {ENDLESS}")


def copying_down(server):
    is_open(server)
    server.send(f"copydown {server.tree}/ {server.scratch}/tree/\n")
    server.run_until(f"until [ -s {server.scratch}/tree/file ]; do :; done; echo there; {ENDLESS}")


def copying_up(server):
    is_open(server)
    server.ask(f"copydown {server.tree}/ {server.scratch}/tree/")
    to = server.directory / "up"
    to.mkdir()
    server.send(f"copyup {server.scratch}/tree/ {to}/\n")
    wait_for(to, lambda: any(to.iterdir()), BOOT, "the first file of copyup")


def reverting(server):
    is_open(server)
    server.send_until("revert", GREETS)


def rebooting(server):
    is_open(server)
    server.send_until("reboot", r'"event": "RESET"')


def closing(server):
    is_open(server)
    server.send_until("close", "request: close")


# All moments at which a server with a template can be met.
ALL = (closed, booting, qemu_starts, state_is_loaded, fork_goes_on, is_open, command_runs, copying_down, copying_up,
       reverting, rebooting, closing)
