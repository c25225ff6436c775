"""Damaged requests by the thousand at the real broadcaster, the same ones every time."""

import os
import random
import re
import socket
import struct
import tempfile
from pathlib import Path

import pytest

from harness.broadcaster import CONTAINER, Broadcaster, container_body, json_body
from harness.damage import damage
from harness.jpeg import grey_jpeg
from harness.waiting import wait_until

JPEG = grey_jpeg(1, comment_bytes=100)
HOST = b"Host: localhost\r\n"
UPGRADE = (b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
# What may be answered to damaged bytes. Not: 500, nor 503, which would be our want of something.
STATUSES = {101, 200, 204, 304, 400, 403, 404, 405, 408, 409, 413, 414, 415, 417, 421, 426, 431, 501,
            505}
LEAVE_NOTHING = struct.pack("ii", 1, 0)  # a reset at the end: no port waits for late packets


def post(content_type, body, query=b""):
    return (b"POST /api/broadcast-detection%s HTTP/1.1\r\n" % query + HOST +
            b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n" % (content_type, len(body)) + body)


def chunked(body):
    return (b"POST /api/broadcast-detection HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n%x;a=\"b\"\r\n" % len(body) + body +
            b"\r\n0\r\nTrailer: x\r\n\r\n")


def get(path, fields=b"", method=b"GET"):
    return method + b" " + path + b" HTTP/1.1\r\n" + HOST + fields + b"\r\n"


JSON_BODY = json_body("CAM1", JPEG, {"vehicle_count": 1, "timestamp": "x", "list": [1, {"a": None}]})
MASKED_FRAMES = (b"\x81\x84\0\0\0\0ping" b"\x01\x82\0\0\0\0{}" b"\x89\x81\0\0\0\0p" b"\x80\x80\0\0\0\0"
                 b"\x88\x82\0\0\0\0\x03\xe8")
SAMPLES = [
    get(b"/"), get(b"/nothing%20here?a=b%2fc"), get(b"/healthz", method=b"HEAD"),
    get(b"*", method=b"OPTIONS"), get(b"http://localhost/api/cameras", b"Connection: close\r\n"),
    get(b"/api/broadcast-status", b"Expect: 100-continue\r\nContent-Length: 0\r\n"),
    get(b"/api/cameras/CAM1/snapshot.jpg?max_age=9"),
    get(b"/ws/viewer/detection?camera_id=CAM2", UPGRADE) + MASKED_FRAMES,
    post(b"application/json", JSON_BODY), chunked(JSON_BODY),
    post(CONTAINER.encode(), container_body("CAM1", JPEG, b'{"timestamp":1}', 1, 2, 3)),
    post(b"image/jpeg", JPEG, b"?camera_id=CAM1"),
]


def ask(port, data):
    """Everything that is answered, until the server has closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LEAVE_NOTHING)
        answer = b""
        try:
            wire.sendall(data)
            wire.shutdown(socket.SHUT_WR)
            while part := wire.recv(65536):
                answer += part
        except (ConnectionResetError, BrokenPipeError):
            pass  # it had heard enough
        return answer


def descriptors(server):
    return len(os.listdir(f"/proc/{server.pid}/fd"))


@pytest.fixture
def server(started):
    with tempfile.TemporaryDirectory(prefix="ringcast-") as folder:
        web = Path(folder) / "web"
        web.mkdir()
        (web / "index.html").write_text("<!doctype html>")
        started.append(Broadcaster(Path(folder), stream_idle_s=0.1))
        yield started[-1]


@pytest.mark.parametrize("requests", [2_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_rubbish_never_hurts(server, requests):
    chance = random.Random(requests)
    for number in range(requests):
        data = damage(chance, bytearray(chance.choice(SAMPLES)))
        answer = ask(server.port, data)
        head = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
        assert answer == b"" or (head and int(head[1]) in STATUSES), (number, data, answer)
        if number == requests // 4:
            before = server.resident_kb(), descriptors(server)
    wait_until(lambda: server.stats()["connections"] == 0, 15, "all connections gone")
    assert server.get("/healthz")[0] == 200
    assert server.resident_kb() - before[0] < 2048
    wait_until(lambda: descriptors(server) <= before[1], 5, "descriptors given back")
    assert server.end() == 0
