# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs debusine's tasks in the machines of the command virt-qemu.

When this module is imported, debusine's backend "qemu" becomes QemuNgExecutor.
"""

import json
import os
import subprocess
import uuid
from pathlib import Path, PurePath
from typing import Any, override

from debusine import utils
from debusine.tasks.executors.base import (
    ExecutorStatistics,
    InstanceInterface,
    InstanceNotRunning,
)
from debusine.tasks.executors.qemu import QemuExecutor
from debusine.tasks.models import BackendType

COMMAND = "virt-qemu"
# The exit status of virt-qemu if there is no such instance.
MISSING = 3
# The worker's event loop stands still while it asks for statistics.
STATISTICS_SECONDS = 2


class QemuInstance(InstanceInterface):
    """A machine that is forked from a template of its image at each start."""

    def __init__(self, image: str, options: list[str]) -> None:
        """Take an image and options of autopkgtest-virt-qemu-ng for its machine."""
        super().__init__()
        self._image = image
        self._options = options
        self._name: str | None = None

    @override
    def is_started(self) -> bool:
        return self._name is not None

    @override
    def do_start(self) -> None:
        name = f"debusine-{uuid.uuid4().hex[:12]}"
        # The machine ends with the worker, however that ends.
        options = ["--ephemeral", f"--owner-pid={os.getpid()}"]
        self._boot("launch", *options, self._image, name, *self._options, name=name)
        # The machine is a new one, which has none of the users made in the last one.
        self._uid_map, self._gid_map = {"root": 0}, {"root": 0}
        self._name = name

    @override
    def do_restart(self) -> None:
        self._boot("restart", self._name, name=self._name)

    @override
    def do_stop(self) -> None:
        process = subprocess.run([COMMAND, "delete", "--force", self._name])
        # It is gone already if its QEMU has ended.
        if process.returncode != MISSING:
            process.check_returncode()
        self._name = None

    @override
    def do_file_push(self, source: Path, target: PurePath, uid: int, gid: int, mode: int) -> None:
        self._push(source, target, f"--uid={uid}", f"--gid={gid}", f"--mode={mode:o}")

    @override
    def do_directory_push(self, source: Path, target: PurePath, uid: int, gid: int) -> None:
        self._push(source, target / source.name, "--recursive", f"--uid={uid}", f"--gid={gid}")

    @override
    def do_file_pull(self, source: PurePath, target: Path) -> None:
        command = [COMMAND, "file", "pull", "--", f"{self._name}{source}", target]
        subprocess.run(command, check=True)

    @override
    def do_run(
        self,
        args: list[str],
        text: bool | None = None,
        cwd: str | os.PathLike[str] | None = None,
        run_as_root: bool = False,
        env: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> subprocess.CompletedProcess[Any]:
        """Run a command; cwd and env are those of the command, not of virt-qemu."""
        options = [f"--cwd={PurePath('/', cwd or '')}"]
        options += [f"--env={name}={value}" for name, value in (env or {}).items()]
        if not run_as_root:
            self.create_user()
            options.append(f"--user={self.non_root_user}")
        command = [COMMAND, "exec", *options, self._name, "--", *args]
        return subprocess.run(command, text=text, **kwargs)

    def statistics(self) -> ExecutorStatistics:
        """Return what virt-qemu knows about the machine, or nothing; never raise."""
        try:
            process = subprocess.run(
                [COMMAND, "stats", self._name, "--format=json"],
                check=True,
                timeout=STATISTICS_SECONDS,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            values = json.loads(process.stdout)
            known = ExecutorStatistics.model_fields.keys()
            return ExecutorStatistics(**{key: values.get(key) for key in known})
        # ValueError: it is no JSON, or not numbers. AttributeError: it is no object.
        except (OSError, subprocess.SubprocessError, ValueError, AttributeError):
            return ExecutorStatistics()

    def _push(self, source: Path, target: PurePath, *options: str) -> None:
        command = [COMMAND, "file", "push", *options, "--", source]
        subprocess.run([*command, f"{self._name}{target}"], check=True)

    def _boot(self, *arguments: str, name: str) -> None:
        """Run a verb that waits until commands can be run."""
        process = subprocess.run(
            [COMMAND, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        if process.returncode != 0:
            raise InstanceNotRunning(f"QEMU instance {name} is not ready: {process.stderr.strip()}")


class QemuNgExecutor(QemuExecutor, backend_name=BackendType.QEMU):
    """debusine's executor for QEMU, with instances, and with or without KVM."""

    # Options of autopkgtest-virt-qemu-ng for all machines, for example --cpus=4.
    machine_options: list[str] = []

    @override
    @classmethod
    def available(cls) -> bool:
        """Say whether machines can be made here: without KVM, too, but slowly."""
        if not utils.is_command_available(COMMAND):
            return False
        process = subprocess.run([COMMAND, "check"], stdout=subprocess.DEVNULL)
        return process.returncode == 0

    @override
    def create(self) -> QemuInstance:
        *options, image = self.autopkgtest_virt_args()
        return QemuInstance(image, options)

    @override
    def autopkgtest_virt_server(self) -> str:
        return "qemu-ng"

    @override
    def autopkgtest_virt_args(self) -> list[str]:
        *options, image = super().autopkgtest_virt_args()
        return [*options, *self.machine_options, image]

    @override
    @classmethod
    def get_statistics(cls, instance: InstanceInterface | None) -> ExecutorStatistics:
        if not isinstance(instance, QemuInstance) or not instance.is_started():
            return ExecutorStatistics()
        return instance.statistics()
