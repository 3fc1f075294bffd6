# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of qemu_instance.py; "make check-debusine" runs them.

First with a fake virt-qemu; then debusine's own tests of its QEMU executor and of its base class, on our classes;
then with a real guest, made from the image $VQ_IMAGE. If that is not set, the last are skipped.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path, PurePath
from unittest import mock, skipUnless

from debusine.client.debusine import Debusine
from debusine.tasks import Noop
from debusine.tasks.executors.base import ExecutorStatistics, InstanceNotRunning
from debusine.tasks.executors.base import executor_class
from debusine.tasks.executors.tests import test_base, test_qemu
from debusine.tasks.models import BackendType
from debusine.tasks.tests.helpers import ExternalTaskHelperMixin
from debusine.test import TestCase

from qemu_instance import QemuInstance, QemuNgExecutor

# It notes its arguments, and runs commands here; about users it is asked instead of the host.
FAKE = r"""#!/bin/sh
printf '%s\n' "$*" >>"$FAKE/log"
case $1 in
launch|restart) test -e "$FAKE/boots" || { echo 'virt-qemu: no room' >&2; exit 5; } ;;
delete) exit "$(cat "$FAKE/delete")" ;;
check) exit "$(cat "$FAKE/check")" ;;
stats) cat "$FAKE/stats" ;;
exec)
    while test "$1" != --; do shift; done
    shift
    case $1 in
    getent) echo '_debusine:x:1042:1042::/:/bin/sh' ;;
    *) exec "$@" ;;
    esac ;;
esac
"""


class FakeTests(TestCase):
    """What virt-qemu is told, and what becomes of its answers."""

    def setUp(self) -> None:
        super().setUp()
        self.fake = self.create_temporary_directory()
        (self.fake / "virt-qemu").write_text(FAKE)
        (self.fake / "virt-qemu").chmod(0o755)
        (self.fake / "boots").touch()
        self.answer(delete="0", check="0", stats="{}")
        path = f"{self.fake}:{os.environ['PATH']}"
        patcher = mock.patch.dict(os.environ, PATH=path, FAKE=str(self.fake))
        patcher.start()
        self.addCleanup(patcher.stop)
        self.instance = QemuInstance("/srv/a.qcow2", ["--cpus=2"])

    def answer(self, **answers: str) -> None:
        for verb, text in answers.items():
            (self.fake / verb).write_text(text)

    def start(self) -> str:
        self.instance.start()
        self.calls()
        return self.instance._name

    def calls(self) -> list[str]:
        """Return what virt-qemu was told since the last call."""
        log = self.fake / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def test_life(self) -> None:
        self.assertFalse(self.instance.is_started())
        self.instance.start()
        self.assertTrue(self.instance.is_started())
        name = self.instance._name
        self.instance.restart()
        self.instance.stop()
        self.assertFalse(self.instance.is_started())
        self.assertEqual(
            self.calls(),
            [
                f"launch --ephemeral --owner-pid={os.getpid()} /srv/a.qcow2 {name} --cpus=2",
                f"restart {name}",
                f"delete --force {name}",
            ],
        )

    def test_second_life(self) -> None:
        """A machine that is started anew is another one: without the first one's users."""
        first = self.start()
        self.instance.run(["true"])
        self.assertIn("getent passwd _debusine", self.calls()[0])
        self.instance.stop()
        self.assertNotEqual(self.start(), first)
        self.instance.run(["true"])
        self.assertIn("getent passwd _debusine", self.calls()[0])

    def test_no_start(self) -> None:
        (self.fake / "boots").unlink()
        with self.assertRaisesRegex(
            InstanceNotRunning, r"debusine-[0-9a-f]+ .*: virt-qemu: no room$"
        ):
            self.instance.start()
        self.assertFalse(self.instance.is_started())

    def test_no_restart(self) -> None:
        name = self.start()
        (self.fake / "boots").unlink()
        with self.assertRaisesRegex(InstanceNotRunning, name):
            self.instance.restart()
        self.instance.stop()

    def test_stop_what_is_gone(self) -> None:
        self.start()
        self.answer(delete="3")
        self.instance.stop()
        self.assertFalse(self.instance.is_started())

    def test_no_stop(self) -> None:
        self.start()
        self.answer(delete="1")
        with self.assertRaises(subprocess.CalledProcessError):
            self.instance.stop()
        self.assertTrue(self.instance.is_started())

    def test_run_options(self) -> None:
        name = self.start()
        user = "--user=_debusine"
        for kwargs, options in (
            ({}, f"--cwd=/ {user}"),
            ({"run_as_root": True}, "--cwd=/"),
            ({"run_as_root": True, "env": None}, "--cwd=/"),
            ({"cwd": PurePath("/a&b"), "run_as_root": True}, "--cwd=/a&b"),
            ({"cwd": "a", "run_as_root": True}, "--cwd=/a"),
            ({"env": {"A": "1", "B": "x=y"}}, f"--cwd=/ --env=A=1 --env=B=x=y {user}"),
        ):
            self.instance.run(["true", "--", "-x"], **kwargs)
            self.assertEqual(self.calls()[-1], f"exec {options} {name} -- true -- -x")

    def test_run_is_subprocess_run(self) -> None:
        self.start()
        process = self.instance.run(["sh", "-c", "cat; echo no >&2; exit 7"], input=b"yes")
        self.assertEqual((process.stdout, process.stderr), (b"yes", b"no\n"))
        self.assertEqual(process.returncode, 7)
        with open(self.fake / "out", "w+") as out, open(self.fake / "boots") as empty:
            process = self.instance.run(
                ["sh", "-c", "cat; echo no >&2"],
                text=True,
                stdin=empty,
                stdout=out.fileno(),
                stderr=subprocess.STDOUT,
            )
            self.assertEqual((process.stdout, process.stderr), (None, None))
            out.seek(0)
            self.assertEqual(out.read(), "no\n")
        with self.assertRaises(subprocess.CalledProcessError) as raised:
            self.instance.run(["sh", "-c", "echo no >&2; false"], text=True, check=True)
        self.assertEqual(raised.exception.stderr, "no\n")

    def test_copies(self) -> None:
        name = self.start()
        self.instance.file_push(Path("a b"), PurePath("/t/c"), user="_debusine", mode=0o4750)
        self.instance.directory_push(Path("/x/dir"), PurePath("/t"))
        self.instance.file_pull(PurePath("/t/c"), Path("-c"))
        self.assertEqual(
            self.calls()[1:],
            [
                f"file push --uid=1042 --gid=0 --mode=4750 -- a b {name}/t/c",
                f"file push --recursive --uid=0 --gid=0 -- /x/dir {name}/t/dir",
                f"file pull -- {name}/t/c -c",
            ],
        )

    def test_statistics(self) -> None:
        nothing = ExecutorStatistics()
        get = QemuNgExecutor.get_statistics
        self.assertEqual(get(self.instance), nothing)
        self.assertEqual(self.calls(), [])
        name = self.start()
        self.answer(stats=json.dumps({"memory": 5, "disk_space": None, "new": 1}))
        self.assertEqual(get(self.instance), ExecutorStatistics(memory=5))
        self.assertEqual(self.calls(), [f"stats {name} --format=json"])
        for text in ("", "[]", '{"memory": "much"}', '{"memory": 1', "\xff"):
            self.answer(stats=text)
            self.assertEqual(get(self.instance), nothing, text)
        (self.fake / "stats").unlink()
        self.assertEqual(get(self.instance), nothing)
        os.mkfifo(self.fake / "stats")
        with mock.patch("qemu_instance.STATISTICS_SECONDS", 0.2):
            self.assertEqual(get(self.instance), nothing)
        with mock.patch.dict(os.environ, PATH="/nonexistent"):
            self.assertEqual(get(self.instance), nothing)

    def test_available(self) -> None:
        self.assertTrue(QemuNgExecutor.available())
        self.answer(check="1")
        self.assertFalse(QemuNgExecutor.available())
        with mock.patch.dict(os.environ, PATH="/nonexistent"):
            self.assertFalse(QemuNgExecutor.available())


class DebusineExecutorTests(test_qemu.QemuExecutorTests):
    """debusine's tests of its QemuExecutor, on ours. Overridden are those of what differs."""

    def setUp(self) -> None:
        patcher = mock.patch.object(test_qemu, "QemuExecutor", QemuNgExecutor)
        patcher.start()
        self.addCleanup(patcher.stop)
        super().setUp()

    def test_available(self) -> None:
        """virt-qemu is what must be there; FakeTests has the rest."""
        self.mock_is_command_available({"virt-qemu": True})
        for status in (0, 1):
            with mock.patch("subprocess.run") as run:
                run.return_value.returncode = status
                self.assertEqual(QemuNgExecutor.available(), status == 0)

    def test_autopkgtest_virt_server(self) -> None:
        self.assertEqual(self.executor.autopkgtest_virt_server(), "qemu-ng")

    def test_create(self) -> None:
        with self.assertRaises(test_qemu.ImageNotDownloadedError):
            self.executor.create()
        self.executor.download_image()
        self.executor.machine_options = ["--cpus=4"]
        instance = self.executor.create()
        self.assertFalse(instance.is_started())
        self.assertEqual(instance._image, self.executor.image_name())
        self.assertEqual(
            instance._options, ["--boot", "efi", "--dpkg-architecture", "amd64", "--cpus=4"]
        )


class SettableInstance(QemuInstance):
    """An instance that debusine's tests can declare to be started."""

    started = False

    def is_started(self) -> bool:
        return self.started


class DebusineInstanceTests(test_base.InstanceTests):
    """debusine's tests of its base class, on our instance."""

    def setUp(self) -> None:
        super().setUp()
        self.instance = SettableInstance("/nonexistent", [])

    def test_do_directory_push(self) -> None:
        """Ours is one copy of the whole tree: see FakeTests and GuestTests."""


class DebusineRegistryTests(test_base.ExecutorTests):
    """debusine's tests of its table of backends, with ours in it."""


@skipUnless("VQ_IMAGE" in os.environ, "VQ_IMAGE is not set: it names the image of a guest")
class GuestTests(ExternalTaskHelperMixin[Noop], TestCase):
    """A real guest. Its image is downloaded into debusine's cache, from a fake debusine."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cache = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.enterClassContext(
            mock.patch(
                "debusine.tasks.executors.images.ImageCache.image_cache_path",
                Path(cache) / "images",
            )
        )
        api = mock.MagicMock(spec=Debusine)
        api.artifact_get.return_value = cls.fake_system_image_artifact(cls)
        api.artifact_get.return_value.data["pkglist"]["python3-minimal"] = "3.0"
        api.download_artifact_file.side_effect = lambda *_, destination, **__: (
            destination.symlink_to(os.environ["VQ_IMAGE"])
        )
        cls.enterClassContext(
            mock.patch.object(QemuNgExecutor, "machine_options", ["--ram-size=1024"])
        )
        cls.executor = executor_class(BackendType.QEMU)(api, 42, "workspace", Path(cache))
        cls.executor.download_image()
        cls.instance = cls.executor.create()
        cls.instance.start()
        cls.addClassCleanup(lambda: cls.instance.is_started() and cls.instance.stop())

    def root(self, command: str) -> str:
        """Run a command for the shell as root, and return what it prints."""
        return self.instance._run_check_output(["sh", "-c", command])

    def test_run(self) -> None:
        run = self.instance.run
        self.assertEqual(run(["id", "-un"], text=True).stdout, "_debusine\n")
        self.assertEqual(run(["id", "-un"], run_as_root=True).stdout, b"root\n")
        self.assertEqual(run(["pwd"]).stdout, b"/\n")
        self.root("mkdir -p '/tmp/work&stuff'")
        for directory in ("/tmp/work&stuff", PurePath("tmp/work&stuff")):
            self.assertEqual(run(["pwd"], cwd=directory).stdout, b"/tmp/work&stuff\n")
        environment = {"A": "a b", "B": "x=$A\n"}
        output = run(["sh", "-c", 'printf %s "$A$B"'], env=environment, text=True).stdout
        self.assertEqual(output, "a bx=$A\n")
        with self.assertRaises(subprocess.CalledProcessError) as raised:
            run(["sh", "-c", "echo no >&2; exit 42"], check=True, text=True)
        self.assertEqual((raised.exception.returncode, raised.exception.stderr), (42, "no\n"))
        with self.assertRaises(subprocess.TimeoutExpired):
            run(["sleep", "1000"], timeout=5)

    def test_run_streams(self) -> None:
        data = os.urandom(3_000_000)
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
            source.write(data)
            source.seek(0)
            self.instance.run(["cat"], stdin=source, stdout=target.fileno(), check=True)
            target.seek(0)
            self.assertEqual(target.read(), data)

    def test_files(self) -> None:
        local = self.create_temporary_directory()
        (local / "a b").write_bytes(b"\0\xffdata")
        self.instance.create_user()
        for target, kwargs, expected in (
            ("/tmp/plain", {}, "root root 644"),
            ("/tmp/setuid", {"group": "adm", "mode": 0o4750}, "root adm 4750"),
            ("/tmp/o&thers", {"user": "_debusine", "mode": 0o600}, "_debusine root 600"),
        ):
            self.instance.file_push(local / "a b", PurePath(target), **kwargs)
            owners = self.root(f"stat -c '%U %G %a' '{target}'").strip()
            self.assertEqual(owners, expected)
            self.instance.file_pull(PurePath(target), local / "back")
            self.assertEqual((local / "back").read_bytes(), b"\0\xffdata")
            self.assertEqual((local / "back").stat().st_uid, os.getuid())
        with self.assertRaises(KeyError):
            self.instance.file_push(local / "a b", PurePath("/tmp/x"), user="nobody-here")
        with self.assertRaises(subprocess.CalledProcessError):
            self.instance.file_push(local / "a b", PurePath("/nonexistent/x"))
        with self.assertRaises(subprocess.CalledProcessError):
            self.instance.file_pull(PurePath("/nonexistent"), local / "none")

    def test_directories(self) -> None:
        tree = self.create_temporary_directory() / "tree"
        (tree / "empty").mkdir(parents=True)
        (tree / "script").write_text("#!/bin/sh\n")
        for path, mode in (("script", 0o751), ("empty", 0o700), ("", 0o705)):
            (tree / path).chmod(mode)
        self.instance.create_user()
        owner = {"user": "_debusine", "group": "_debusine"}
        self.instance.mkdir(PurePath("/srv/a/b"), parents=True, mode=0o750, **owner)
        self.instance.directory_push(tree, PurePath("/srv/a/b"), **owner)
        lines = self.root("cd /srv/a/b && find . -printf '%u %g %m %p\n' | sort -k4")
        self.assertEqual(
            lines.splitlines(),
            [
                "_debusine _debusine 750 .",
                "_debusine _debusine 705 ./tree",
                "_debusine _debusine 700 ./tree/empty",
                "_debusine _debusine 751 ./tree/script",
            ],
        )
        with self.assertRaises(subprocess.CalledProcessError):
            self.instance.directory_push(tree, PurePath("/nonexistent"))

    def test_statistics(self) -> None:
        self.root("true")
        statistics = self.executor.get_statistics(self.instance)
        self.assertGreater(statistics.memory, 10_000_000)
        self.assertGreater(statistics.disk_space, 0)
        self.assertEqual(statistics.cpu_count, os.cpu_count())

    def test_restart(self) -> None:
        boot = "cat /proc/sys/kernel/random/boot_id"
        before = self.root(f"echo here >/root/stays; {boot}")
        self.instance.restart()
        self.assertNotEqual(self.root(boot), before)
        self.assertEqual(self.root("cat /root/stays"), "here\n")

    def test_stop_and_start(self) -> None:
        """Nothing is left of a stopped machine, and the next one is a new one."""
        self.root("touch /root/goes")
        name = self.instance._name
        names = ["virt-qemu", "list", "--format=names"]
        self.assertIn(name, subprocess.check_output(names, text=True))
        self.instance.stop()
        self.assertNotIn(name, subprocess.check_output(names, text=True))
        self.instance.start()
        self.assertEqual(self.root("ls /root/goes 2>/dev/null; exit 0"), "")
        self.assertEqual(self.instance.run(["id", "-un"]).stdout, b"_debusine\n")

    def test_dead_machine(self) -> None:
        """A machine that has powered itself off has no statistics, and can be stopped."""
        self.instance.run(["poweroff", "--force", "--force"], run_as_root=True)
        subprocess.run(["virt-qemu", "wait", "--for=stopped", self.instance._name])
        statistics = self.executor.get_statistics(self.instance)
        self.assertEqual(statistics, ExecutorStatistics())
        self.instance.stop()
        self.instance.start()

    def test_virt_server(self) -> None:
        """Our server takes the arguments that debusine gives to it."""
        server = f"autopkgtest-virt-{self.executor.autopkgtest_virt_server()}"
        command = [server, *self.executor.autopkgtest_virt_args()]
        process = subprocess.run(
            command, input="open\nquit\n", stdout=subprocess.PIPE, text=True, check=True
        )
        self.assertRegex(process.stdout, r"^ok\nok /\S+\n")
