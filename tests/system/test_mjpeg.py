"""MJPEG over HTTP: what old clients get, and how soon they are known to be gone."""

import os
import re
import signal
import socket
import struct
import threading
import time

import pytest

from harness.access import reload
from harness.broadcaster import Broadcaster
from harness.jpeg import grey_jpeg, picture_number
from harness.processes import http
from harness.streamer import Streamer
from harness.waiting import wait_until

CAMERAS = {"PHONE": {"source": "push"}}


@pytest.fixture
def server(started, tmp_path):
    """server(**settings) starts a broadcaster with one camera that pushes."""
    def start(top=None, **settings):
        started.append(Broadcaster(tmp_path / f"broadcaster.{len(started)}",
                                   top={"cameras": CAMERAS, **(top or {})}, **settings))
        return started[-1]
    return start


class Phone(threading.Thread):
    """Sends a new picture so many times a second, each larger than `size`."""

    def __init__(self, server, fps=50, size=2000, camera="PHONE"):
        super().__init__(daemon=True)
        self.streamer = Streamer(server, camera)
        self.fps, self.size = fps, size
        self.sent = 0
        self.over = threading.Event()
        self.start()

    def run(self):
        padding = b"".join(b"\xff\xfe\xff\xff" + bytes(65533) for _ in range(self.size // 65536))
        while not self.over.wait(1 / self.fps):
            picture = grey_jpeg(self.sent + 1, comment_bytes=min(self.size, 60000))
            self.streamer.send_binary(picture[:2] + padding + picture[2:])
            self.sent += 1

    def end(self):
        self.over.set()
        self.join()
        self.streamer.close()


@pytest.fixture
def phone():
    made = []

    def start(*arguments, **options):
        made.append(Phone(*arguments, **options))
        return made[-1]
    yield start
    for one in made:
        one.end()


class Client:
    """A bare client that reads parts by their Content-Length."""

    def __init__(self, server, path="/stream", headers="", method="GET", receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(5)
        self.socket.connect(("127.0.0.1", server.port))
        self.socket.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
        self.rest = b""
        head = self.until(b"\r\n\r\n").decode()
        self.status = int(head.split()[1])
        self.fields = {name.lower(): value for name, value in
                       re.findall(r"^(\S+): (.*?)\r?$", head, re.M)}

    def until(self, mark):
        while mark not in self.rest:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError(self.rest)
            self.rest += more
        found, _, self.rest = self.rest.partition(mark)
        return found

    def exactly(self, size):
        while len(self.rest) < size:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError(self.rest)
            self.rest += more
        found, self.rest = self.rest[:size], self.rest[size:]
        return found

    def begin(self):
        assert self.exactly(9) == b"--frame\r\n"
        return self

    def part(self):
        """(fields, picture)"""
        head = self.until(b"\r\n\r\n").decode()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n"))
        picture = self.exactly(int(fields["Content-Length"]))
        assert self.exactly(11) == b"\r\n--frame\r\n"
        return fields, picture

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()


def test_parts(server, phone):
    one = server()
    phone(one)
    client = Client(one, "/stream?camera_id=PHONE")
    assert client.status == 200
    assert client.fields["content-type"] == "multipart/x-mixed-replace; boundary=frame"
    assert client.fields["connection"] == "close"
    assert "no-store" in client.fields["cache-control"]
    assert not {"content-length", "transfer-encoding"} & client.fields.keys()
    client.begin()
    last = 0
    for _ in range(10):
        fields, picture = client.part()
        assert fields["Content-Type"] == "image/jpeg"
        assert abs(float(fields["X-Timestamp"]) - time.time()) < 2
        assert picture_number(picture) > last
        last = picture_number(picture)
    client.close()


@pytest.mark.parametrize("path", ["/stream", "/api/cameras/PHONE/stream.mjpeg", "/?action=stream",
                                  "/?action=stream&camera_id=PHONE",
                                  "/api/cameras/PHONE/stream.mjpeg?annotated=0&fps=20"])
def test_paths_of_raw_pictures(server, phone, path):
    one = server()
    phone(one)
    client = Client(one, path, "Accept: image/avif,image/webp,*/*;q=0.8\r\n").begin()
    assert picture_number(client.part()[1]) > 0
    assert Client(one, path, method="HEAD").fields["content-type"].startswith("multipart/")
    client.close()


@pytest.mark.parametrize("path", ["/stream/detect?camera_id=CAM1", "/stream?camera_id=CAM1",
                                  "/api/cameras/CAM1/stream.mjpeg?annotated=1",
                                  "/?action=stream&camera_id=CAM1"])
def test_paths_of_posted_pictures(server, path):
    one = server()
    one.post_frame("CAM1", grey_jpeg(1))
    client = Client(one, path).begin()
    assert picture_number(client.part()[1]) == 1  # the newest at once
    one.post_frame("CAM1", grey_jpeg(2))
    assert picture_number(client.part()[1]) == 2
    client.close()


def test_snapshot_of_mjpg_streamer(server, phone):
    one = server()
    phone(one)
    wait_until(lambda: "PHONE" in one.streams(), 5, "pictures")
    status, _, picture = one.get("/?action=snapshot")
    assert status == 200 and picture_number(picture) > 0
    assert one.get("/?action=snapshot&camera_id=other")[0] == 404
    assert one.get("/?action=nothing")[0] == 404


def test_a_browser_that_asks_for_a_page_is_sent_to_it(server):
    one = server()
    page = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"
    client = Client(one, "/stream", page)
    assert (client.status, client.fields["location"]) == (303, "./publish")
    client.close()
    client = Client(one, "/stream?camera_id=PHONE", page)
    assert client.status == 200
    client.close()


def test_refusals(server):
    one = server(max_viewers=1)
    assert one.get("/stream?camera_id=other")[0] == 404
    assert one.get("/stream?camera_id=a/b")[0] == 400
    assert one.get("/api/cameras/other/stream.mjpeg")[0] == 404
    assert one.get("/api/cameras/PHONE/stream.mjpeg?annotated=maybe")[0] == 400
    assert one.get("/stream/detect?fps=1000")[0] == 400
    assert http("POST", f"{one.url}/stream", b"")[0] == 405
    client = Client(one)
    status, fields, answer = one.get("/stream")
    assert (status, answer["error"]["code"]) == (503, "too_many_viewers")
    assert fields["Retry-After"]
    client.close()
    off = server(mjpeg=False)
    for path in ("/stream", "/stream/detect", "/api/cameras/PHONE/stream.mjpeg", "/?action=stream"):
        status, _, answer = off.get(path)
        assert (status, answer["error"]["code"]) == (404, "mjpeg_off")


def test_switched_off_at_a_reload_they_end(server):
    one = server()
    client = Client(one)
    reload(one, mjpeg=False)
    with pytest.raises(EOFError):
        client.exactly(1_000_000)
    wait_until(lambda: one.stats()["viewers"] == 0, 5, "nobody left")


def test_head_is_answered_at_once_and_is_no_viewer(server):
    one = server()
    client = Client(one, method="HEAD")
    assert client.status == 200
    assert client.fields["content-type"] == "multipart/x-mixed-replace; boundary=frame"
    with pytest.raises(EOFError):
        client.exactly(1)
    assert one.stats()["viewers"] == 0
    assert one.stats()["viewers_opened"] == 0


def rate(client, seconds):
    """Parts that come in so long, from one of them on."""
    client.part()
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        client.part()
        count += 1
    return count / seconds


def test_each_at_its_own_pace(server, phone):
    one = server()
    phone(one, fps=40)
    rates = {}

    def measure(fps):
        client = Client(one, f"/stream?fps={fps}").begin()
        rates[fps] = rate(client, 1)
        client.close()
    threads = [threading.Thread(target=measure, args=(fps,)) for fps in (2, 10, 60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= rates[2] <= 3 and 8 <= rates[10] <= 12 and rates[60] > 22, rates


def test_listed_kicked_and_counted(server, phone):
    one = server()
    phone(one)
    client = Client(one, "/stream?user_id=ann").begin()
    client.part()
    with one.control() as control:
        viewer, = control.ask("viewers")["viewers"]
        assert (viewer["camera"], viewer["path"], viewer["format"], viewer["user"]) == (
            "PHONE", "raw", "mjpeg", "ann")
        assert viewer["sent"] >= 1 and viewer["bytes"] > 2000
        assert one.viewers("PHONE") == 1
        control.ask("kick", id=viewer["id"])
    with pytest.raises(EOFError):
        while True:
            client.part()
    client.close()
    wait_until(lambda: one.stats()["viewers"] == 0, 5, "no viewer")


@pytest.mark.parametrize("pictures", (True, False), ids=("pictures", "silence"))
@pytest.mark.parametrize("how", ("close", "reset", "half"))
def test_ten_of_ten_closed_tabs_are_gone_at_once(server, phone, how, pictures):
    one = server()
    if pictures:
        phone(one)
    clients = [Client(one, "/stream").begin() for _ in range(10)]
    if pictures:
        for client in clients:
            client.part()
    assert one.stats()["viewers"] == 10
    began = time.monotonic()
    for client in clients:
        if how == "half":
            client.socket.shutdown(socket.SHUT_WR)
        else:
            getattr(client, how)()
    wait_until(lambda: one.stats()["viewers"] == 0, 2, "all ten gone")
    assert time.monotonic() - began < 0.5
    assert one.viewers("PHONE") == 0
    for client in clients:
        client.close()


def test_a_slow_client_gets_fewer_and_newer_pictures(server, phone):
    one = server()
    sender = phone(one, fps=30, size=200000)
    slow = Client(one, receive_buffer=20000).begin()
    numbers = []
    for _ in range(4):
        numbers.append(picture_number(slow.part()[1]))
        time.sleep(0.3)
    assert all(later - earlier >= 4 for earlier, later in zip(numbers[1:], numbers[2:])), numbers
    assert sender.sent - numbers[-1] < 45
    with one.control() as control:
        viewer, = control.ask("viewers")["viewers"]
        assert viewer["dropped"] > 10
    slow.close()


def test_who_takes_nothing_is_closed(server, phone):
    one = server(viewer_stall_s=0.5)
    phone(one, fps=20, size=1000000)
    stalled = Client(one, receive_buffer=4096)
    reading = Client(one).begin()
    end = time.monotonic() + 5
    while "reason=stalled" not in one.log_text():
        reading.part()
        assert time.monotonic() < end
    assert one.stats()["viewers"] == 1
    reading.part()
    stalled.close()
    reading.close()


def test_a_broadcaster_that_stood_still_closes_nobody(server, phone):
    one = server(viewer_stall_s=0.4)
    phone(one, fps=20, size=300000)
    client = Client(one, receive_buffer=4096).begin()
    client.part()
    os.kill(one.pid, signal.SIGSTOP)
    time.sleep(0.8)
    os.kill(one.pid, signal.SIGCONT)
    for _ in range(5):
        client.part()
    client.close()


def test_who_talks_without_end_is_cut_off(server):
    one = server()
    client = Client(one).begin()
    with pytest.raises((ConnectionError, EOFError)):
        for _ in range(100):
            client.socket.sendall(bytes(10000))
            time.sleep(0.005)
        client.exactly(1)
    wait_until(lambda: one.stats()["viewers"] == 0, 5, "no viewer")


def test_it_goes_on_when_the_camera_comes_back(server, phone):
    one = server()
    first = phone(one)
    client = Client(one).begin()
    client.part()
    first.end()
    wait_until(lambda: "streamer gone" in one.log_text(), 5, "its end")
    phone(one)
    client.socket.settimeout(5)
    for _ in range(20):
        client.part()
    client.close()
