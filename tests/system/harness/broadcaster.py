"""A broadcaster without the other processes, and what workers and viewers say to it."""

import base64
import json
import re
import socket
import struct
import threading
import time

import websocket

from .control import Control
from .processes import PROGRAMS, Process, http
from .waiting import wait_until

BINARY = "ringcast.binary.v1"
JSON = "ringcast.json.v1"
CONTAINER = "application/vnd.ringcast.frame"

# An address sanitizer keeps freed memory for a while.
SANITIZED = "/san-" in str(PROGRAMS)


class Broadcaster(Process):
    """`settings` are those of its section; `top` goes beside it. `prefix`: a command that runs it."""

    def __init__(self, folder, top=None, prefix=(), **settings):
        self.folder = folder
        self.run_dir = folder / "run"
        folder.mkdir(parents=True, exist_ok=True)
        self.config_path = folder / "ringcast.json"
        self.config = {
            "run_dir": str(self.run_dir), "state_dir": str(folder / "state"), **(top or {}),
            "broadcaster": {"listen": "127.0.0.1:0", "web_dir": str(folder / "web"), **settings}}
        self.write_config()
        super().__init__([*prefix, PROGRAMS / "ringcast-broadcaster", "-c", self.config_path],
                         folder / "broadcaster.log")
        assert self.wait_ready() == "\n", self.log_text()
        self.port = int(re.search(r"serving .*port=(\d+)", self.log_text())[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def write_config(self):
        self.config_path.write_text(json.dumps(self.config, indent=1))

    def control(self):
        return Control(self.run_dir / "broadcaster.sock")

    def stats(self):
        with self.control() as control:
            return control.ask("stats")

    def get(self, path, **options):
        return http("GET", self.url + path, **options)

    def post(self, body, content_type="application/json", query="", headers=None):
        """(status, answer)"""
        status, _, answer = http("POST", f"{self.url}/api/broadcast-detection{query}", body,
                                 {"Content-Type": content_type, **(headers or {})})
        return status, answer

    def post_frame(self, camera, jpeg, metadata=None):
        status, answer = self.post(json_body(camera, jpeg, metadata))
        assert status == 200, answer
        return answer

    def streams(self):
        """{camera: its entry in the broadcast status}"""
        status, _, answer = self.get("/api/broadcast-status")
        assert status == 200
        assert answer["active_cameras"] == len(answer["broadcasters"])
        assert answer["total_viewers"] == sum(one["viewers"] for one in answer["broadcasters"])
        return {one["camera_id"]: one for one in answer["broadcasters"]}

    def viewers(self, camera):
        return self.streams().get(camera, {"viewers": 0})["viewers"]

    def watch(self, camera="CAM1", subprotocols=None, **options):
        """A WebSocket on a camera. (Its check of UTF-8 takes seconds for large frames.)"""
        return websocket.create_connection(
            f"ws://127.0.0.1:{self.port}/ws/viewer/detection?camera_id={camera}", timeout=10,
            subprotocols=subprotocols, skip_utf8_validation=True, **options)

    def raw(self, request=b""):
        """A TCP connection, with something said on it."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.sendall(request)
        return connection

    def watch_raw(self, camera="CAM1", receive_buffer=None):
        """A viewer that reads nothing but the answer to its upgrade."""
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(10)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(
            f"GET /ws/viewer/detection?camera_id={camera} HTTP/1.1\r\nHost: localhost\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        assert head.startswith(b"HTTP/1.1 101 ")
        return connection

    def resident_kb(self):
        if SANITIZED:
            return 0
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1])


def json_body(camera, jpeg, metadata=None):
    """As the worker of the replaced system sends it."""
    body = {"camera_id": camera, "frame_base64": base64.b64encode(jpeg).decode("utf-8")}
    if metadata is not None:
        body["metadata"] = metadata
    return json.dumps(body).encode()


def container_body(camera, jpeg, metadata=b"", number=0, generation=0, captured=0, rendering=0):
    name = camera.encode()
    header = 64 + (len(name) + 7) // 8 * 8
    return struct.pack(">4sBBHIIQQQQQIHH", b"RCF1", 1, 0, header, len(metadata), len(jpeg), number,
                       generation, captured, 0, 0, rendering, len(name), 0) + \
        name.ljust(header - 64, b"\0") + metadata + jpeg


def decode_container(message):
    """The decoder of docs/protocol.md."""
    (magic, version, _flags, header, metadata_size, jpeg_size, number, generation,
     captured, sent, count, rendering, id_size, _zero) = struct.unpack_from(
         ">4sBBHIIQQQQQIHH", message)
    assert magic == b"RCF1" and version == 1
    jpeg = header + metadata_size
    return {"camera": message[64:64 + id_size].decode(), "number": number,
            "generation": generation, "count": count, "rendering": rendering, "captured": captured,
            "sent": sent, "metadata": json.loads(message[header:jpeg] or b"{}"),
            "jpeg": message[jpeg:jpeg + jpeg_size]}


def jpeg_of(message):
    """The picture of a JSON frame message."""
    prefix = "data:image/jpeg;base64,"
    assert message["frame"].startswith(prefix)
    return base64.b64decode(message["frame"][len(prefix):], validate=True)


def receive(socket_):
    """The next message: bytes, a JSON object, or a bare text."""
    message = socket_.recv()
    if isinstance(message, str) and message.startswith("{"):
        return json.loads(message)
    return message


def receive_frame(socket_):
    """The next frame, other messages skipped."""
    while True:
        message = receive(socket_)
        if isinstance(message, dict) and message["type"] == "frame":
            return message


class Counter(threading.Thread):
    """Many viewers read by one thread: which frames each of them got, and when."""

    def __init__(self, sockets):
        super().__init__(daemon=True)
        self.sockets = sockets
        self.counts = [[] for _ in sockets]
        self.done = threading.Event()
        self.start()

    def run(self):
        import select
        poll = select.epoll()
        for index, one in enumerate(self.sockets):
            one.settimeout(10)
            poll.register(one.sock.fileno(), select.EPOLLIN)
        places = {one.sock.fileno(): index for index, one in enumerate(self.sockets)}
        while not self.done.is_set():
            for descriptor, _ in poll.poll(0.1):
                index = places[descriptor]
                message = receive(self.sockets[index])
                if isinstance(message, dict) and message["type"] == "frame":
                    self.counts[index].append((message["frame_count"], time.monotonic()))

    def wait(self, frames, timeout):
        wait_until(lambda: all(len(one) >= frames for one in self.counts), timeout,
                   f"{frames} frames at every viewer, not {sorted(map(len, self.counts))}")

    def end(self):
        self.done.set()
        self.join(5)


def post_as(server, form, jpeg, metadata):
    """Posts a frame of CAM1 as "json", "data url", "escaped", "container" or "jpeg"."""
    if form == "json":
        return server.post(json_body("CAM1", jpeg, metadata))
    if form == "data url":
        body = json.loads(json_body("CAM1", jpeg, metadata))
        body["frame_base64"] = "data:image/jpeg;base64," + body["frame_base64"]
        return server.post(json.dumps(body).encode())
    if form == "escaped":
        body = json_body("CAM1", jpeg, metadata)
        start = body.index(b"frame_base64") + 15
        return server.post(body[:start] + body[start:].replace(b"/", b"\\/"))
    if form == "container":
        return server.post(container_body("CAM1", jpeg, json.dumps(metadata).encode(), 7, 8, 9),
                           CONTAINER)
    return server.post(jpeg, "image/jpeg", "?camera_id=CAM1")


def assert_error(answer):
    """The form of every error that we answer."""
    assert answer["error"].keys() == {"code", "message"}
    assert answer["detail"] == answer["error"]["message"] != ""


def cameras_of(server):
    return {one["id"]: one for one in server.get("/api/cameras")[2]["cameras"]}
