"""A broadcaster as far as a detector can see it: its HTTP socket, which takes frames, and the demand
on the detector's control socket."""

import http.server
import json
import os
import socket
import socketserver
import struct
import threading
import time

HEADER = struct.Struct(">4sBBHIIQQQQQIHH")


class Posted:
    """One frame that came in."""

    def __init__(self, body, headers):
        (magic, _, _, header_size, metadata_size, jpeg_size, self.number, self.generation,
         self.captured, self.sent, _, self.rendering, id_size, _) = HEADER.unpack_from(body)
        assert magic == b"RCF1" and len(body) == header_size + metadata_size + jpeg_size
        self.headers = headers
        self.camera = body[HEADER.size:HEADER.size + id_size].decode()
        self.metadata = json.loads(body[header_size:header_size + metadata_size])
        self.jpeg = body[header_size + metadata_size:]
        self.at = time.monotonic()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.intake.take(self.path, body, self.headers)
        answer = json.dumps({"success": True} if status == 200 else {"detail": "not today"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def address_string(self):
        return "detector"

    def log_message(self, *_):
        pass


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def get_request(self):
        connection, _ = super().get_request()
        self.intake.connections.append(connection)
        return connection, "detector"


class Intake:
    def __init__(self, run_dir):
        self.path = run_dir / "broadcaster.http.sock"
        self.changed = threading.Condition()
        self.frames = []
        self.status = 200
        self.connections = []
        self.gate = threading.Event()  # cleared: answers wait
        self.gate.set()
        # A socket address holds about 100 bytes; the folder of a test may be longer.
        folder = os.open(run_dir, os.O_PATH | os.O_DIRECTORY)
        try:
            self.server = _Server(f"/proc/self/fd/{folder}/{self.path.name}", _Handler)
        finally:
            os.close(folder)
        self.server.intake = self
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def take(self, path, body, headers):
        assert path == "/api/broadcast-detection"
        assert headers["Content-Type"] == "application/vnd.ringcast.frame"
        posted = Posted(body, headers)
        with self.changed:
            self.frames.append(posted)
            self.changed.notify_all()
        self.gate.wait(30)
        return self.status

    def wait(self, wanted=lambda posted: True, timeout=20, after=0):
        """The first frame from number `after` on for which `wanted` is true."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                for posted in self.frames[after:]:
                    if wanted(posted):
                        return posted
                left = deadline - time.monotonic()
                assert left > 0, f"no such frame among {len(self.frames)} in {timeout} s"
                self.changed.wait(left)

    def count(self):
        with self.changed:
            return len(self.frames)

    def close(self):
        """As if the process were killed."""
        self.gate.set()
        self.server.shutdown()
        self.path.unlink(missing_ok=True)
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # ended by itself
        self.server.server_close()

    def end(self):
        self.close()

    def log_text(self):
        return f"{self.count()} frames taken"
