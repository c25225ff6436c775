"""ws_echo: the broadcaster's connection code as an echo server, spoken to with bare sockets."""

import fcntl
import os
import socket
import struct
import subprocess
import termios

from .processes import PROGRAMS, ROOT
from .waiting import wait_until

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

# Sanitizers keep freed memory for a while: nothing can be said about sizes then.
MEMORY_IS_TRUE = not any(part.startswith("san-") for part in PROGRAMS.parts)


class Echo:
    """The server; options as on its command line."""

    def __init__(self, log, *options):
        self.log = log
        with open(log, "ab") as output:
            self.child = subprocess.Popen(
                [PROGRAMS / "ws_echo", "--port", "0", *map(str, options)], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=output, cwd=ROOT)
        self.port = int(self.child.stdout.readline())

    def connect(self, timeout=10, receive_buffer=None):
        return Wire(self.port, timeout, receive_buffer)

    def ask(self, *pieces, finish=False):
        """What comes back for these bytes until the server closes."""
        with self.connect() as wire:
            for piece in pieces:
                wire.send(piece)
            if finish:
                wire.socket.shutdown(socket.SHUT_WR)
            return wire.read_to_end()

    def statistics(self):
        """(resident kB, descriptors) of the process."""
        pid = self.child.pid
        with open(f"/proc/{pid}/status") as status:
            resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        return resident, len(os.listdir(f"/proc/{pid}/fd"))

    def cpu_seconds(self):
        with open(f"/proc/{self.child.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def alive(self):
        return self.child.poll() is None

    def log_text(self):
        return self.log.read_text(errors="replace")

    def end(self):
        if self.alive():
            self.child.terminate()
        code = self.child.wait(10)
        self.child.stdout.close()
        assert code == 0, f"ws_echo ended with {code}: {self.log_text()}"


class Wire:
    """A bare TCP connection, with as much HTTP and WebSocket as tests need to break."""

    def __init__(self, port, timeout=10, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def wait_acknowledged(self):
        """Until the other kernel has everything."""
        wait_until(lambda: fcntl.ioctl(self.socket, termios.TIOCOUTQ, b"    ") == bytes(4), 5,
                   "everything sent is acknowledged")

    def read_to_end(self):
        data, self.rest = self.rest, b""
        while True:
            more = self.socket.recv(65536)
            if not more:
                return data
            data += more

    def at_end(self):
        """True when the server has closed and nothing is left to read."""
        return self.read_to_end() == b""

    def read_until(self, mark):
        while mark not in self.rest:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError(f"closed after {self.rest!r}")
            self.rest += more
        data, _, self.rest = self.rest.partition(mark)
        return data + mark

    def read_exactly(self, size):
        while len(self.rest) < size:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError(f"closed after {self.rest!r}")
            self.rest += more
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

    # --- HTTP ---

    def read_head(self):
        """(status, fields in lower case)"""
        lines = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, _ = lines[0].split(" ", 2)
        assert version == "HTTP/1.1"
        return int(status), dict((name.lower(), value) for name, value in
                                 (line.split(": ", 1) for line in lines[1:] if line))

    def read_answer(self):
        """(status, fields, body)"""
        status, fields = self.read_head()
        return status, fields, self.read_exactly(int(fields.get("content-length", 0)))

    # --- WebSocket ---

    def upgrade(self, *frames, path="/"):
        """The handshake, with frames in the same packet."""
        self.send(handshake(path) + b"".join(frames))
        status, fields = self.read_head()
        assert status == 101, status
        assert fields["sec-websocket-accept"] == ACCEPT
        return fields

    def read_frame(self):
        """(first byte, payload)"""
        first, length = self.read_exactly(2)
        assert length < 128, "a server's frames are not masked"
        if length == 126:
            length, = struct.unpack(">H", self.read_exactly(2))
            assert length > 125
        elif length == 127:
            length, = struct.unpack(">Q", self.read_exactly(8))
            assert length > 65535
        return first, self.read_exactly(length)

    def read_close(self):
        """(code or None, reason), and the end of the connection behind it."""
        first, payload = self.read_frame()
        assert first == 0x88, hex(first)
        assert self.at_end()
        if not payload:
            return None, b""
        return struct.unpack(">H", payload[:2])[0], payload[2:]


def handshake(path="/", **changes):
    """A good handshake; changes replace a field (underscores for hyphens), None leaves it out, a list
    repeats it."""
    fields = {"Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade",
              "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}
    method = changes.pop("method", "GET")
    version = changes.pop("version", "HTTP/1.1")
    for name, value in changes.items():
        fields[name.replace("_", "-")] = value
    lines = [f"{method} {path} {version}"]
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                lines.append(f"{name}: {one}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def frame(first, payload=b"", mask=b"\x37\xfa\x21\x3d", length=None, wide=None, masked=True):
    """One frame of a client. `wide`: bytes of the extended length, whatever is needed."""
    length = len(payload) if length is None else length
    if wide is None:
        wide = 0 if length < 126 else 2 if length < 65536 else 8
    head = bytes([first, (0x80 if masked else 0) | {0: length, 2: 126, 8: 127}[wide]])
    head += length.to_bytes(wide, "big") if wide else b""
    if not masked:
        return head + payload
    repeated = (mask * (len(payload) // 4 + 1))[:len(payload)]
    whole = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return head + mask + whole.to_bytes(len(payload), "big")


def text(payload):
    return frame(0x81, payload.encode())


def close(code=None, reason=b""):
    return frame(0x88, b"" if code is None else struct.pack(">H", code) + reason)
