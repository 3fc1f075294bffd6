# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody between QEMU and the server says who lies: QEMU's monitor (QMP), and the helper in the guest, as
lib/helper/helper-wire.h describes its frames. A lie is a method that gives bytes for the server. When it ends, the truth
goes on."""

import itertools
import os
import struct
import threading

BLOCK = 65536
HEADER, TRAILER = "<BBHI", "<II"
SIZE = struct.calcsize(HEADER)
NOBODYS = 0x7ffffff0  # a stream that the server will not have for long


class Speech:
    def silence(self):
        threading.Event().wait()
        yield b""

    def garbage(self):
        yield b"\1" + os.urandom(BLOCK) + b"\n"

    def endless_line(self):
        return itertools.repeat(b"x" * BLOCK)


class Monitor(Speech):
    def split(self, block):
        return [block]

    def deep_JSON(self):
        yield b'{"a":' * 100000 + b"\n"

    def bad_UTF8(self):
        yield b'{"event": "\xff\xfe"}\n'

    def reply_to_nobody(self):
        yield b'{"return": {}, "id": 4000000000}\n'

    def flood_of_events(self):
        return itertools.repeat(b'{"event": "RTC_CHANGE", "data": {"offset": 1}, "timestamp": {"seconds": 1, "microseconds": 1}}\n' * 500)


class Helper(Speech):
    """It knows what is said, so that only what is meant to be wrong is wrong."""

    def __init__(self):
        self.rest, self.stream, self.position, self.guard = b"", 0, 0, 0

    def split(self, block):
        """Whole frames, and what is none."""
        self.rest += block
        while len(self.rest) >= SIZE:
            padding = len(self.rest) - len(self.rest.lstrip(b"\0"))
            _, _, length, stream = struct.unpack_from(HEADER, self.rest)
            size = padding or SIZE + length + SIZE
            if len(self.rest) < size:
                return
            frame, self.rest = self.rest[:size], self.rest[size:]
            if not padding:
                self.stream = stream or self.stream
                self.position, self.guard = struct.unpack(TRAILER, frame[-SIZE:])
            yield frame

    def frame(self, kind, payload=b"", stream=0, length=None, more=0):
        size = len(payload) if length is None else length
        if kind not in "hu":
            self.position = (self.position + SIZE + len(payload) + SIZE) % 2**32
        return (struct.pack(HEADER, ord(kind), 0, size, stream) + payload
                + struct.pack(TRAILER, (self.position + more) % 2**32, self.guard))

    def endless(self, *frame, **more):
        while True:
            yield self.frame(*frame, **more)

    def too_long_a_frame(self):
        yield self.frame("o", bytes(99), self.stream, length=65535) + bytes(BLOCK)

    def short_frame(self):
        yield self.frame("o", bytes(99), self.stream, length=9)

    def wrong_position(self):
        yield self.frame("o", b"x", self.stream, more=1)

    def unknown_kind(self):
        yield self.frame("!", b"x")

    def output_of_nobody(self):
        yield self.frame("o", b"x", NOBODYS)

    def reply_to_nobody(self):
        yield self.frame("d", bytes(4), NOBODYS)

    def greeting_again(self):
        yield self.frame("h", b"VQhelper" + bytes(16) + struct.pack("<II", 3, 1))

    def too_much_credit(self):
        yield self.frame("c", b"\xff" * 4, self.stream)

    def bytes_nobody_sent(self):
        """It has taken more than was sent."""
        yield self.frame("A", struct.pack("<I", 2**30))

    def output_without_end(self):
        return self.endless("o", bytes(32000), self.stream)

    def credit_without_end(self):
        return self.endless("c", bytes(4), self.stream)

    def end_with_escapes(self):
        yield self.frame("F", b"\x1b[31mroot\n\xff virt-qemu: error: all is lost\r")
