# SPDX-License-Identifier: GPL-2.0-or-later
"""The cells of images that are fetched or built, and of templates that are made."""

import contextlib
import hashlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import phases
from cell import Cell, full_then
from hosts import MIB, Small
from server import BOOT, SOON
from verbs import FULL, Verbs, verb_gets
from witness import Failed, list_children, wait_for

IMAGE_SERVER = Path(__file__).parent.parent / "support" / "image-server.py"
FETCHED_MIB = 8


# ---- the phases ----

def serve(verbs, name, content):
    """Begins to serve a file, and gives the URL of the server."""
    path = verbs.directory / "files" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    verbs.images = subprocess.Popen([sys.executable, IMAGE_SERVER, verbs.directory / "files"], stdout=subprocess.PIPE)
    return f"http://127.0.0.1:{verbs.images.stdout.readline().decode().strip()}"


def serve_image(verbs):
    verbs.url = serve(verbs, "image", bytes(510) + b"\x55\xaa" + os.urandom(FETCHED_MIB * MIB - 512))


def pull(verbs, path):
    return ("image", "pull", "--no-sums", f"--cache-dir={verbs.cache}", verbs.url + path)


def image_is_known(verbs):
    """Nobody has asked for it yet."""
    serve_image(verbs)


def image_is_fetched(verbs):
    """The server holds it back in the middle."""
    serve_image(verbs)
    verbs.begin_verb(*pull(verbs, f"/hold:{FETCHED_MIB * MIB // 2}/image"))
    wait_for(verbs.cache, lambda: [file for file in verbs.cache.rglob("*") if file.is_file() and file.stat().st_size > 99999],
             SOON, "the first part of the image")


def image_is_built(verbs):
    """The mirror holds its list of packages back."""
    url = serve(verbs, "dists/stable/InRelease", bytes(99))
    verbs.begin_verb("image", "build", "debian/stable", f"--mirror={url}/hold:9", f"--output={verbs.directory}/built")
    wait_for(verbs.directory / "files", (verbs.directory / "files" / "requests").exists, SOON, "a request to the mirror")


def template_is_built(verbs):
    """Its guest boots."""
    verbs.begin_verb("template", "build", "--accel=tcg", "--debug", *verbs.arguments, f"--template-dir={verbs.cache}",
                     os.environ["VQ_IMAGE"])
    wait_for(verbs.log, lambda: re.search(phases.CONTINUES, verbs.log.read_text(errors="replace")), BOOT, "the start of the guest")


# ---- the faults ----

def program_is_killed(program):
    def make_fault(verbs):
        for pid, name in list_children(verbs.process.pid).items():
            if name == program[:15]:
                with contextlib.suppress(ProcessLookupError):  # the others end with the first one
                    os.kill(pid, signal.SIGKILL)
    return make_fault


def disk_becomes_full(verbs):
    verbs.host.fill(verbs)


def pull_all(verbs):
    verbs.begin_verb(*pull(verbs, "/image"))


def pulled_again(make_fault):
    """What was begun is used: the next pull has the right bytes."""
    def both(verbs):
        make_fault(verbs)
        verbs.process.wait(SOON)
        verbs.host.make_room(verbs)
        path = verbs.must(*pull(verbs, "/image"))
        if hashlib.sha256(Path(path.strip()).read_bytes()).digest() != hashlib.sha256(
                (verbs.directory / "files" / "image").read_bytes()).digest():
            raise Failed("the image that was pulled has other bytes")
    return both


CELLS = [Cell(*cell, side=Verbs) for cell in (
    (image_is_fetched, "pull gets SIGTERM", pulled_again(verb_gets(signal.SIGTERM)), 1, "signal 15"),
    (image_is_fetched, "pull gets SIGINT", pulled_again(verb_gets(signal.SIGINT)), 1, "signal 2"),
    (image_is_fetched, "pull gets SIGKILL", pulled_again(verb_gets(signal.SIGKILL)), -signal.SIGKILL),
    (image_is_fetched, "its helper is killed", pulled_again(program_is_killed("virt-qemu-fetch")), 1, "."),
    (image_is_known, "the cache is full, then pull", pulled_again(full_then(pull_all)), FULL, "room", None, Small("cache")),
    (image_is_built, "build gets SIGTERM", verb_gets(signal.SIGTERM), 1, "signal 15"),
    (image_is_built, "build gets SIGINT", verb_gets(signal.SIGINT), 1, "signal 2"),
    (image_is_built, "build gets SIGHUP", verb_gets(signal.SIGHUP), 1, "signal 1"),
    (image_is_built, "build gets SIGKILL", verb_gets(signal.SIGKILL), -signal.SIGKILL),
    (image_is_built, "mmdebstrap is killed", program_is_killed("mmdebstrap"), 1, "."),
    (image_is_built, "apt is killed", program_is_killed("apt-get"), 1, "."),
    (template_is_built, "build gets SIGTERM", verb_gets(signal.SIGTERM), 1, "signal 15"),
    (template_is_built, "build gets SIGKILL", verb_gets(signal.SIGKILL), -signal.SIGKILL),
    (template_is_built, "the cache becomes full", disk_becomes_full, 1, "has become full", None, Small("cache", mib=1536)),
)]
