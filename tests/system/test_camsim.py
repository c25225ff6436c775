"""The simulated camera itself: what the other tests rely on."""

import base64
import signal
import socket
import subprocess
import time

import pytest

from harness.jpeg import grey_jpeg, picture_number, write_clip
from harness.processes import PROGRAMS, http
from harness.waiting import wait_until

BOUNDARY = b"123456789000000000000987654321"


def open_stream(camera, path="/stream", headers=""):
    """A raw connection that has asked for the stream."""
    host, port = camera.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=5)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode())
    return connection


def read_head(file):
    head = {}
    status = file.readline().decode().strip()
    while line := file.readline().decode().strip():
        name, _, value = line.partition(":")
        head[name.lower()] = value.strip()
    return status, head


def read_chunk(file):
    size = int(file.readline(), 16)
    data = file.read(size)
    assert file.read(2) == b"\r\n"
    return data


def read_part(file):
    """A part of the stock, chunked stream: its delimiter, head and picture."""
    delimiter = read_chunk(file)
    head = dict(line.split(b": ") for line in read_chunk(file).split(b"\r\n") if line)
    return delimiter, head, read_chunk(file)


def test_stream_is_framed_like_an_esp32(camsim):
    with open_stream(camsim()) as connection, connection.makefile("rb") as file:
        status, head = read_head(file)
        assert status == "HTTP/1.1 200 OK"
        assert head["content-type"] == "multipart/x-mixed-replace;boundary=" + BOUNDARY.decode()
        assert head["transfer-encoding"] == "chunked"
        delimiter, part, jpeg = read_part(file)
        assert delimiter == b"\r\n--" + BOUNDARY + b"\r\n"
        assert list(part) == [b"Content-Type", b"Content-Length", b"X-Timestamp", b"X-Frame-Number"]
        assert int(part[b"Content-Length"]) == len(jpeg)
        assert abs(float(part[b"X-Timestamp"]) - time.time()) < 5
        assert jpeg == grey_jpeg(picture_number(jpeg))


def test_pictures_come_on_schedule_in_order(camsim):
    with open_stream(camsim(fps=50)) as connection, connection.makefile("rb") as file:
        read_head(file)
        read_part(file)
        began = time.monotonic()
        numbers = [int(read_part(file)[1][b"X-Frame-Number"]) for _ in range(50)]
        assert numbers == sorted(set(numbers))
        assert 0.9 < time.monotonic() - began < 2
        assert numbers[-1] - numbers[0] <= 60


def test_without_loop_plays_once_from_the_first_client(camsim):
    camera = camsim(fps=50, loop=False)  # that no frame is left out
    with open_stream(camera) as connection, connection.makefile("rb") as file:
        read_head(file)
        first = read_part(file)
        assert first[1][b"X-Frame-Number"] == b"1"
        rest = file.read()
        assert rest.endswith(b"0\r\n\r\n")
        assert rest.count(b"X-Frame-Number: 50\r\n") == 1


def test_one_client_at_a_time(camsim):
    camera = camsim("--clients", "one")
    with open_stream(camera) as first, first.makefile("rb") as file:
        read_head(file)
        with open_stream(camera) as second, pytest.raises(ConnectionResetError):
            second.recv(1)
        assert camera.state()["refused"] == 1
        read_part(file)
    wait_until(lambda: camera.state()["clients"] == 0, 5, "the first client is gone")
    with open_stream(camera) as third, third.makefile("rb") as file:
        assert read_head(file)[0] == "HTTP/1.1 200 OK"


def test_slow_client_gets_the_newest_picture(camsim, tmp_path):
    big = write_clip(tmp_path / "big.mjpeg", count=4, width=2048, height=2048, comment_bytes=60000)
    camera = camsim(source=big, fps=100)
    with open_stream(camera) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        with connection.makefile("rb") as file:
            read_head(file)
            read_part(file)
            begun = camera.state()["number"]
            wait_until(lambda: camera.state()["number"] >= begun + 100, 5, "a second has passed")
            sent = camera.state()["frames"]
            assert sent < 60, "the rest was never queued"
            numbers = [int(read_part(file)[1][b"X-Frame-Number"]) for _ in range(sent + 2)]
            assert numbers[-1] > begun + 90


def test_snapshot_has_an_etag(camsim):
    camera = camsim("--fault", "frozen")
    status, head, body = http("GET", f"{camera.url}/capture")
    assert status == 200 and body[:2] == b"\xff\xd8" and int(head["X-Frame-Number"]) > 0
    status, _, body = http("GET", f"{camera.url}/capture", headers={"If-None-Match": head["ETag"]})
    assert (status, body) == (304, b"")
    camera.fault("none")
    wait_until(lambda: http("GET", f"{camera.url}/capture",
                            headers={"If-None-Match": head["ETag"]})[0] == 200, 5, "another picture")


def stream_bytes(camera, seconds=2.0, limit=40000):
    """(bytes, how it ended): what comes within some time."""
    data = b""
    with open_stream(camera) as connection:
        deadline = time.monotonic() + seconds
        while len(data) < limit and (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            try:
                piece = connection.recv(65536)
            except TimeoutError:
                return data, "waiting"
            except ConnectionResetError:
                return data, "reset"
            if not piece:
                return data, "closed"
            data += piece
        return data, "enough"


@pytest.mark.parametrize("name, value, seconds, expected", [
    ("cut", None, 5, lambda data, end: end == "closed" and data.count(b"\xff\xd9") == 0),
    ("reset", None, 5, lambda data, end: end == "reset" and data.count(b"\xff\xd9") == 0),
    ("stall", None, 0.5, lambda data, end: end == "waiting" and data.count(b"\xff\xd8") == 0),
    ("stall", "middle", 0.5, lambda data, end: end == "waiting" and data.count(b"\xff\xd8") == 1
     and data.count(b"\xff\xd9") == 0),
    ("no-content-length", None, 5, lambda data, end: end == "enough"
     and b"X-Timestamp" in data and b"Content-Length" not in data),
    ("wrong-content-length", 7, 5, lambda data, end: b"Content-Length: %d\r\n"
     % (len(grey_jpeg(1)) + 7) in data),
    ("boundary", "quoted", 5, lambda data, end: b'boundary="' + BOUNDARY + b'"\r\n' in data),
    ("boundary", "doubled", 5, lambda data, end: b"boundary=--" + BOUNDARY + b"\r\n" in data
     and b"\r\n--" + BOUNDARY + b"\r\n" in data),
    ("boundary", "missing", 5, lambda data, end: b"boundary" not in data and BOUNDARY in data),
    ("boundary", "other", 5, lambda data, end: b"boundary=somethingelse\r\n" in data
     and BOUNDARY in data),
    ("boundary", "after", 5, lambda data, end: data.count(BOUNDARY) >
     data.count(b"\xff\xd8\xff") + 1),
    ("boundary", "bare", 5, lambda data, end: BOUNDARY not in data and b"\xff\xd8" in data),
    ("chunked", "off", 5, lambda data, end: b"chunked" not in data and b"\xff\xd8" in data),
    ("garbage", 50, 5, lambda data, end: b"\r\n32\r\n" in data),
    ("truncated", None, 5, lambda data, end: b"\xff\xd8" in data and b"\xff\xd9" not in data),
    ("corrupt", None, 5, lambda data, end: b"\xff\xd8\xff\xfe\x00\x00" in data),
    ("oversized", 100000, 5, lambda data, end: b"\xff\xd8\xff\xfe\xff\xff" in data),
    ("trickle", 500, 1, lambda data, end: 200 < len(data) < 1200),
    ("500", None, 0.3, lambda data, end: data.startswith(b"HTTP/1.1 500 ")),
    ("redirect", None, 0.3, lambda data, end: b"Location: /moved/stream\r\n" in data),
    ("redirect", "http://elsewhere/x", 0.3,
     lambda data, end: b"Location: http://elsewhere/x" in data),
    ("401", "basic", 0.3, lambda data, end: b"WWW-Authenticate: Basic realm=" in data),
    ("401", "digest", 0.3, lambda data, end: b"WWW-Authenticate: Digest realm=" in data),
], ids=lambda value: value if isinstance(value, str) else "")
def test_fault(camsim, name, value, seconds, expected):
    camera = camsim(fps=100)
    camera.fault(name, value)
    data, end = stream_bytes(camera, seconds)
    assert expected(data, end), (data[:600], end)
    camera.fault("none")
    data, end = stream_bytes(camera)
    assert end == "enough" and data.count(b"\xff\xd9\r\n") > 2


def test_fault_for_a_number_of_frames(camsim):
    camera = camsim(fps=100)
    camera.fault("truncated", frames=3)
    with open_stream(camera) as connection, connection.makefile("rb") as file:
        read_head(file)
        whole = [read_part(file)[2].endswith(b"\xff\xd9") for _ in range(6)]
    assert whole == [False, False, False, True, True, True]


def test_frozen_shows_one_picture_under_new_numbers(camsim):
    with open_stream(camsim("--fault", "frozen", fps=100)) as connection:
        with connection.makefile("rb") as file:
            read_head(file)
            parts = [read_part(file) for _ in range(5)]
    assert len({jpeg for _, _, jpeg in parts}) == 1
    assert len({head[b"X-Frame-Number"] for _, head, _ in parts}) == 5


def test_basic_credentials_are_accepted(camsim):
    camera = camsim("--fault", "401=basic", "--credentials", "joe:secret word")
    token = base64.b64encode(b"joe:secret word").decode()
    assert http("GET", f"{camera.url}/capture",
                headers={"Authorization": f"Basic {token}"})[0] == 200


@pytest.mark.parametrize("body", [
    b"", b"[]", b'{"fault": 5}', b'{"fault": "unheard-of"}', b'{"fault": "boundary", "value": "x"}',
    b'{"fault": "trickle", "value": "fast"}', b'{"fault": "cut", "frames": "all"}',
])
def test_bad_fault_is_refused(camsim, body):
    camera = camsim()
    status, _, answer = http("POST", f"{camera.url}/fault", body)
    assert status == 400 and answer["error"]
    assert camera.state()["faults"] == []


def test_sigterm_ends_it_at_once_with_clients(camsim):
    camera = camsim()
    with open_stream(camera):
        began = time.monotonic()
        camera.child.send_signal(signal.SIGTERM)
        assert camera.child.wait(5) == 0
        assert time.monotonic() - began < 1


@pytest.mark.parametrize("arguments", [
    [], ["nowhere.mjpeg"], ["--fault", "x", "."], ["--fps", "0", "."], ["--clients", "two", "."],
    ["--listen", "nonsense", "."], ["--ready-fd", "x", "."], ["--ready-fd", "-1", "."],
])
def test_bad_command_line(arguments):
    done = subprocess.run([PROGRAMS / "camsim", *arguments], capture_output=True, text=True,
                          timeout=10, check=False)
    assert done.returncode == 78 and len(done.stderr.splitlines()) == 1
