#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An HTTP server for tests, with faults: image-server.py DIRECTORY [CERTIFICATE]

Serves the files in DIRECTORY, with ETags, ranges and conditions, on a port of 127.0.0.1 that it prints. With
CERTIFICATE (a file with the key, too) it speaks TLS. Each request becomes a line in the file "requests" there. The
first part of a path may be a fault, which the rest of the path then has:

  /cut:N/        the connection ends after N bytes, unless a range is asked for
  /hold:N/       the same, but nothing comes any more
  /slow:N/       N bytes in each tenth of a second
  /length:N/     Content-Length is N, whatever comes
  /changed/      another file of the same length, whose ETag tells
  /plain/        no ETag, no date, no ranges
  /chunked/      no Content-Length
  /status:N/     that status
  /loop/         leads to itself
  /to:URL        leads to URL (which is quoted)
  /lie:N/        as /cut:N/, and another part of the file than the range that is asked for
"""
import email.utils
import hashlib
import http.server
import os
import ssl
import sys
import time
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, status):
        with open(os.path.join(root, "requests"), "a") as log:
            log.write("%s %s %s\n" % (self.path, self.headers.get("Range", "-"), status))

    def answer(self, status, headers):
        self.note(status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def empty(self, status, headers=None):
        self.answer(status, dict(headers or {}, **({} if status == 304 else {"Content-Length": "0"})))

    def do_GET(self):
        fault, _, rest = self.path[1:].partition("/")
        name, _, value = fault.partition(":")
        if name == "to":
            return self.empty(302, {"Location": urllib.parse.unquote(fault[3:])})
        if name == "loop":
            return self.empty(301, {"Location": self.path})
        if name == "status":
            return self.empty(int(value))
        if not rest:
            name, rest = "", fault
        self.send_file(name, int(value or 0), rest)

    def send_file(self, fault, number, path):
        try:
            with open(os.path.join(root, urllib.parse.unquote(path)), "rb") as file:
                body = file.read()
                date = email.utils.formatdate(os.fstat(file.fileno()).st_mtime, usegmt=True)
        except OSError:
            return self.empty(404)
        if fault == "changed":
            body = body[:-1] + bytes([body[-1] ^ 1])
        etag = '"%s"' % hashlib.md5(body).hexdigest()
        headers = {} if fault == "plain" else {"ETag": etag, "Last-Modified": date}
        if headers and self.headers.get("If-None-Match") == etag:
            return self.empty(304, headers)
        start, total = 0, len(body)
        wanted = self.headers.get("Range")
        if headers and wanted and self.headers.get("If-Range") in (etag, date):
            start = int(wanted[len("bytes="):-1])
            if start >= total:
                return self.empty(416, {"Content-Range": "bytes */%d" % total})
            if fault == "lie":
                start -= 1
            headers["Content-Range"] = "bytes %d-%d/%d" % (start, total - 1, total)
        body = body[start:]
        headers["Content-Length"] = str(number if fault == "length" else len(body))
        if fault == "chunked":
            del headers["Content-Length"]
            headers["Connection"] = "close"
        self.answer(206 if start else 200, headers)
        self.send_body("" if wanted and fault in ("cut", "hold", "lie") else fault, number, body)

    def send_body(self, fault, number, body):
        try:
            if fault == "slow":
                for at in range(0, len(body), number):
                    self.wfile.write(body[at:at + number])
                    time.sleep(0.1)
            elif fault in ("cut", "hold", "lie"):
                self.wfile.write(body[:number])
                if fault == "hold":
                    time.sleep(3600)
            else:
                self.wfile.write(body)
        except OSError:
            pass
        if fault in ("cut", "length", "lie", "chunked"):
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args):
        pass


root = sys.argv[1]
server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
server.serve_forever()
