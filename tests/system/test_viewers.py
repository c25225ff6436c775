"""Viewers of one camera: what they get at once, what they may say, and how they come, go and stand still."""

import socket
import struct
import time

import pytest
import websocket

from harness.broadcaster import BINARY, Counter, decode_container, jpeg_of, receive, receive_frame
from harness.jpeg import grey_jpeg
from harness.waiting import wait_until

JPEG = grey_jpeg(1)


# --- the newest frame at once ---

def test_newest_at_once(broadcaster):
    server = broadcaster()
    server.post_frame("CAM1", grey_jpeg(1))
    server.post_frame("CAM1", grey_jpeg(2))
    message = receive(server.watch())
    assert message["type"] == "frame" and message["frame_count"] == 2
    assert jpeg_of(message) == grey_jpeg(2)
    assert message["camera_state"] == "online" and "stale" not in message

    viewer = server.watch(subprotocols=[BINARY])
    state = receive(viewer)
    assert state["type"] == "camera_state" and state["state"] == "online"
    assert abs(state["since"] - time.time()) < 5
    asked = time.time_ns()
    viewer = server.watch(subprotocols=[BINARY])
    receive(viewer)
    frame = decode_container(receive(viewer))
    assert frame["jpeg"] == grey_jpeg(2)
    assert frame["sent"] >= asked > frame["captured"]  # a stamp of its own


def test_an_old_frame_says_so(broadcaster):
    server = broadcaster()
    watching = server.watch()
    server.post_frame("CAM1", JPEG)
    assert receive_frame(watching)["camera_state"] == "online"
    while (message := receive(watching)).get("state") != "stale":
        assert message["type"] in ("camera_state", "stream_started")
    message = receive(server.watch())
    assert message["camera_state"] == "stale" and message["stale"] is True
    assert jpeg_of(message) == JPEG
    server.post_frame("CAM1", JPEG)
    assert receive_frame(watching)["frame_count"] == 2
    assert receive(watching)["state"] == "online"


def test_cameras_that_do_not_exist_are_waited_for(broadcaster):
    server = broadcaster()
    viewer = server.watch("later")
    assert server.viewers("later") == 1
    server.post_frame("other", JPEG)
    server.post_frame("later", JPEG)
    assert receive(viewer)["camera_id"] == "later"
    assert receive(viewer)["type"] == "stream_started"


# --- what viewers say ---

def test_pings(broadcaster):
    server = broadcaster()
    viewer = server.watch()
    viewer.send("ping")
    assert viewer.recv() == "pong"
    before = time.time()
    viewer.send('{"type":"ping","t":123.456}')
    pong = receive(viewer)
    assert pong["type"] == "pong" and pong["t"] == 123.456
    assert before - 0.001 <= pong["server_time"] <= time.time()
    viewer.ping(b"payload")
    opcode, data = viewer.recv_data(control_frame=True)
    assert (opcode, data) == (websocket.ABNF.OPCODE_PONG, b"payload")


@pytest.mark.parametrize("text", ['{"type":"dance"}', "{}", "hello", '{"type":', ""],
                         ids=["type", "none", "text", "cut", "empty"])
def test_unknown_messages_are_answered_and_forgiven(broadcaster, text):
    server = broadcaster()
    viewer = server.watch()
    viewer.send(text)
    assert receive(viewer).keys() == {"type", "message"}
    viewer.send_binary(b"\0")
    assert receive(viewer)["type"] == "error"
    viewer.send("ping")
    assert viewer.recv() == "pong"


def test_keepalive(broadcaster):
    server = broadcaster(keepalive_s=0.3)
    viewer = server.watch()
    began = time.monotonic()
    assert viewer.recv() == "keepalive"
    assert 0.25 < time.monotonic() - began < 1.5
    assert viewer.recv() == "keepalive"


def test_a_viewer_that_asks_and_never_reads_costs_nothing(broadcaster):
    server = broadcaster(viewer_stall_s=100)
    viewer = server.watch_raw(receive_buffer=4096)
    payload = b'{"type":"ping","t":1}'
    frame = bytes((0x81, 0x80 | len(payload), 0, 0, 0, 0)) + payload
    before = server.resident_kb()
    viewer.settimeout(0.5)
    sent = 0
    try:
        while sent < 20_000_000:
            sent += viewer.send(frame * 1000)
    except TimeoutError:
        pass
    assert server.resident_kb() - before < 4096
    assert server.get("/healthz")[0] == 200


# --- viewers come, go, and stand still ---

def gone_after(server, camera):
    """How many questions are answered before the viewers are gone, whose end the kernel knows already. By
    the clock it would be this machine that is judged; a question takes about a millisecond."""
    questions, began = 1, time.monotonic()
    while server.viewers(camera):
        questions += 1
        assert time.monotonic() - began < 5
    return questions


@pytest.mark.parametrize("way", ["close frame", "end", "reset"])
def test_closed_tabs_are_gone_at_once(broadcaster, way):
    server = broadcaster()
    server.post_frame("CAM1", JPEG)
    for _ in range(10):
        viewer = server.watch()
        receive(viewer)
        assert server.viewers("CAM1") == 1
        if way == "close frame":
            viewer.send_close()
        elif way == "end":
            viewer.sock.shutdown(socket.SHUT_RDWR)
        else:
            viewer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            viewer.sock.close()
        assert gone_after(server, "CAM1") <= 10
    wait_until(lambda: server.log_text().count("viewer gone") == 10, 5, "a line for each")
    assert server.log_text().count("viewer came") == 10


def test_ten_tabs_closed_together(broadcaster):
    server = broadcaster()
    viewers = [server.watch() for _ in range(10)]
    assert server.viewers("CAM1") == 10
    for viewer in viewers:
        viewer.sock.close()
    assert gone_after(server, "CAM1") <= 20


def test_a_stopped_viewer_changes_nothing_for_the_others(broadcaster):
    server = broadcaster(viewer_stall_s=60)
    picture = grey_jpeg(1, comment_bytes=50_000)
    stopped = server.watch_raw()
    counter = Counter([server.watch() for _ in range(49)])
    ages = []
    try:
        for number in range(1, 61):
            began = time.monotonic()
            server.post_frame("CAM1", picture)
            counter.wait(number, 10)
            ages.append(max(one[-1][1] for one in counter.counts) - began)
            if number == 20:
                before = server.resident_kb()
        assert server.resident_kb() - before < 1024
        assert all([count for count, _ in one] == list(range(1, 61)) for one in counter.counts)
        assert sorted(ages)[len(ages) // 2] < 1, "who waits for the one waits until it is given up"
        with server.control() as control:
            viewers = control.ask("viewers")["viewers"]
        slow = [one for one in viewers if one["dropped"] > 0]
        assert len(viewers) == 50 and len(slow) == 1
        assert slow[0]["sent"] + slow[0]["dropped"] >= 59 and slow[0]["sent"] < 40
    finally:
        counter.end()
        stopped.close()


def test_a_slow_viewer_gets_the_newest(broadcaster):
    server = broadcaster(viewer_stall_s=60)
    picture = grey_jpeg(1, comment_bytes=60_000)[:-2] + b"\0" * 500_000 + b"\xff\xd9"
    viewer = server.watch(sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)])
    for _ in range(100):
        server.post_frame("CAM1", picture)
    counts = []
    while not counts or counts[-1] < 100:
        counts.append(receive_frame(viewer)["frame_count"])
    assert counts == sorted(counts)
    assert len(counts) < 20  # a frame or two in the kernel, then the newest


def test_a_stalled_viewer_is_closed(broadcaster):
    server = broadcaster(viewer_stall_s=0.5)
    stalled = server.watch_raw(receive_buffer=4096)
    reading = Counter([server.watch()])
    picture = grey_jpeg(1, comment_bytes=60_000)[:-2] + b"\0" * 1_000_000 + b"\xff\xd9"
    try:
        for _ in range(20):
            server.post_frame("CAM1", picture)
        wait_until(lambda: server.viewers("CAM1") == 1, 5, "the stalled viewer closed")
        assert "reason=stalled" in server.log_text()
    finally:
        reading.end()
        stalled.close()
