# SPDX-License-Identifier: GPL-2.0-or-later
"""The cells of instances."""

import os
import signal

from cell import Cell, full_then
from hosts import Small
from server import BOOT, SOON
from verbs import FULL, NAME, Verbs, begin, verb_gets
from witness import Failed, wait_for


# ---- the phases ----

def nothing_runs(_verbs):
    pass


def instance_idles(verbs):
    verbs.must(*verbs.get_launch())


def instance_runs_command(verbs):
    instance_idles(verbs)
    verbs.begin_verb("exec", NAME, "sh", "-c", "echo started; exec sleep 10000")
    if verbs.read_line(SOON) != "started":
        raise Failed(f"the command does not start: {verbs.read_messages()}")


def instance_is_launched(verbs):
    """Until the console of its guest is there: QEMU runs then."""
    verbs.begin_verb(*verbs.get_launch())
    instances = verbs.state / "instances"
    wait_for(verbs.state, instances.is_dir, SOON, "the directory of instances")
    wait_for(instances, (instances / NAME).is_dir, SOON, "the instance")
    wait_for(instances / NAME, (instances / NAME / "console.log").exists, BOOT, "the console of the instance")


# ---- the faults ----

def qemu_gets(number, then=lambda verbs: None):
    def make_fault(verbs):
        os.kill(verbs.get_qemu(), number)
        then(verbs)
    return make_fault


def supervisor_gets(number, then=lambda verbs: None):
    def make_fault(verbs):
        os.kill(verbs.get_supervisor(), number)
        then(verbs)
    return make_fault


def launch(verbs):
    verbs.begin_verb(*verbs.get_launch())


ask_for_command = begin("exec", NAME, "true")
delete = begin("delete", "--force", NAME)
guest_writes = begin("exec", NAME, "dd", "if=/dev/zero", "of=/root/big", "bs=1M", "count=200", "oflag=direct", "status=none")


CELLS = [Cell(*cell, side=Verbs) for cell in (
    (instance_idles, "QEMU gets SIGKILL", qemu_gets(signal.SIGKILL, ask_for_command), 125, "."),
    (instance_idles, "the supervisor gets SIGKILL", supervisor_gets(signal.SIGKILL, ask_for_command), 125, "."),
    (instance_idles, "QEMU stops, then delete", qemu_gets(signal.SIGSTOP, delete)),
    (instance_runs_command, "QEMU gets SIGKILL", qemu_gets(signal.SIGKILL), 125, "."),
    (instance_runs_command, "the supervisor gets SIGKILL", supervisor_gets(signal.SIGKILL), 125, "."),
    (instance_runs_command, "the supervisor gets SIGTERM", supervisor_gets(signal.SIGTERM), 125, "."),
    (instance_runs_command, "exec gets SIGKILL", verb_gets(signal.SIGKILL), -signal.SIGKILL),
    (instance_runs_command, "exec gets SIGTERM", verb_gets(signal.SIGTERM), 128 + signal.SIGTERM),
    (instance_runs_command, "exec gets SIGINT", verb_gets(signal.SIGINT), 128 + signal.SIGINT),
    (instance_is_launched, "launch gets SIGTERM", verb_gets(signal.SIGTERM), -signal.SIGTERM),
    (instance_is_launched, "launch gets SIGINT", verb_gets(signal.SIGINT), -signal.SIGINT),
    (instance_is_launched, "launch gets SIGKILL", verb_gets(signal.SIGKILL), -signal.SIGKILL),
    (instance_is_launched, "the supervisor gets SIGKILL", supervisor_gets(signal.SIGKILL), 1, "."),
    (nothing_runs, "the state directory is full, then launch", full_then(launch), FULL, "room", None, Small("state")),
    (instance_idles, "the state directory is full, then fork", full_then(begin("fork", NAME, "other")), FULL, "room", None,
     Small("state")),
    (instance_idles, "the state directory is full, then revert", full_then(begin("revert", NAME)), FULL, "room", None,
     Small("state")),
    (instance_idles, "the state directory is full, then delete", full_then(delete), 0, "", None, Small("state")),
    (instance_idles, "the guest fills the state directory", guest_writes, 125, "no space left", None, Small("state")),
)]
