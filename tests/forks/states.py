# SPDX-License-Identifier: GPL-2.0-or-later
"""The state of a guest: what is left out of it, because it differs from one boot to the next, and how two are compared."""

import re

# Which lines of which part are left out, because it is no state: a number of the moment, or what a boot draws at random.
CHANGES = [(re.compile(part), re.compile(line)) for part, line in (
    ("settings", r"fs\.(dentry-state|file-nr|inode-nr|inode-state)|kernel\.(ns_last_pid|pty\.nr)|kernel\.random\.(entropy_avail|uuid)"),
    ("/proc/cpuinfo", "bogomips|cpu MHz"),  # measured while it boots
    ("/proc/driver/rtc", "rtc_(time|date)|alrm_"),
    ("/proc/iomem", "Kernel (code|rodata|data|bss)"),  # where it is loaded is random
    ("/proc/key-users", ""),
    ("/proc/self/status", r"\w*[pP]id|Tgid|Ngid|NS|Vm|Rss|\w*ctxt_switches|Hugetlb|SigQ|Threads|Cpus_allowed"),
)]
# What is drawn at random, or counted, in each boot.
NAMES = [(re.compile(pattern), text) for pattern, text in (
    (r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", "(id)"),
    (r"\b[0-9a-f]{32}\b", "(id)"),
    (r"(autopkgtest\.|\.service-)\w{6}\b", r"\1(random)"),
    (r"(/streams/\d+:)\d+", r"\1(inode)"),
    (r"\b(fd|pipe_ino)=\d+", r"\1=(number)"),
    (r"\binput\d+\b", "input(number)"),
    (r"(valid_lft|preferred_lft) \d+sec", r"\1 (rest)"),
    (r"/run/user/\d+", "/run/user/(number)"),
)]


def parse(text):
    """The set of all lines, each behind the name of its part."""
    lines, part = set(), ""
    for line in text.splitlines():
        if line.startswith("== "):
            part = line[3:]
        elif not any(where.fullmatch(part) and what.search(line) for where, what in CHANGES):
            for pattern, name in NAMES:
                line = pattern.sub(name, line)
            lines.add(f"{part}: {line}")
    return lines


def compare(booted, forked):
    """The lines that only one of them has."""
    return [f"- {line}" for line in sorted(booted - forked)] + [f"+ {line}" for line in sorted(forked - booted)]
