# SPDX-License-Identifier: GPL-2.0-or-later
"""The server's protocol, for clients of which we test the sequence of commands."""

import subprocess
from urllib.parse import unquote


class Server:
    """A server, started by ARGV."""

    def __init__(self, argv):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.expect_ok()

    def say(self, command):
        print('>', command, flush=True)
        self.process.stdin.write(command + '\n')
        self.process.stdin.flush()

    def expect_ok(self):
        """Returns the words behind "ok"."""
        line = self.process.stdout.readline()
        print('<', line, end='', flush=True)
        assert line.split()[:1] == ['ok'], f'the server says {line!r}'
        return line.split()[1:]

    def ask(self, command):
        self.say(command)
        return self.expect_ok()

    def execute_command(self):
        """Returns the words that are put before a command."""
        return [unquote(word) for word in self.ask('print-execute-command')[0].split(',')]

    def expect_end(self, answers=('ok\n',), statuses=(0,)):
        """Expects one of these answers to "quit", and the end of the server with one of these statuses."""
        self.process.stdin.close()
        said = self.process.stdout.read()
        assert said in answers, f'the server says {said!r}'
        status = self.process.wait(60)
        print('status', status)
        assert status in statuses, f'the server ended with status {status}'


def expect_nothing_left(directory):
    """Expects that the server, which had this directory for its files, has removed them all."""
    left = sorted(path.name for path in directory.iterdir())
    assert not left, f'the server has left {left}'
