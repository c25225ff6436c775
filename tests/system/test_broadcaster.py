"""The broadcaster alone: frames in by every form, out to every viewer, and nothing else."""

import base64
import json
import os
import signal
import socket
import struct
import subprocess
import time

import pytest
import websocket

from harness.broadcaster import (BINARY, CONTAINER, JSON, Broadcaster, Counter, container_body,
                                 decode_container, jpeg_of, json_body, receive, receive_frame)
from harness.jpeg import grey_jpeg
from harness.processes import PROGRAMS, Process, http
from harness.waiting import wait_until

JPEG = grey_jpeg(1)
METADATA = {"vehicle_count": 3, "occupied_spaces": 2, "timestamp": "2026-01-07T12:30:45.123456",
            "detections": [{"class": "car", "confidence": 0.9, "bbox": [100, 200, 150, 100]}]}


# --- the clients that must work as they are ---

def test_worker_and_viewer_of_the_replaced_system(broadcaster):
    server = broadcaster()
    viewer = server.watch("CAM1")
    answer = server.post_frame("CAM1", JPEG, METADATA)
    assert answer == {"success": True, "viewers": 1, "camera_id": "CAM1", "frame_size": len(JPEG),
                      "timestamp": METADATA["timestamp"]}
    message = receive(viewer)
    assert message["type"] == "frame"
    assert message["camera_id"] == "CAM1"
    assert message["metadata"] == METADATA
    assert message["frame_count"] == 1
    assert abs(message["timestamp"] - time.time()) < 5
    assert jpeg_of(message) == JPEG
    viewer.send("ping")
    while (text := viewer.recv()) != "pong":
        assert json.loads(text)["type"] != "frame"
    entry = server.streams()["CAM1"]
    assert (entry["viewers"], entry["frame_count"]) == (1, 1)
    assert abs(entry["last_update"] - message["timestamp"]) < 0.001


def test_metadata_passes_byte_for_byte(broadcaster):
    server = broadcaster()
    viewer = server.watch()
    metadata = '{ "a" : 0.90, "b":1e3 , "\\u00e4":"\\/", "timestamp" : 1.50 }'
    body = (f'{{"metadata":{metadata},"unknown":[1,{{}}],"camera_id":"CAM1",'
            f'"frame_base64":"{base64.b64encode(JPEG).decode()}"}}')
    status, _, answer = http("POST", f"{server.url}/api/broadcast-detection", body.encode(),
                             {"Content-Type": "application/json; charset=utf-8"})
    assert status == 200 and answer["timestamp"] == 1.5
    assert f'"metadata":{metadata},' in viewer.recv()


# --- forms in and out ---

def post_as(server, form, jpeg, metadata):
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


@pytest.mark.parametrize("form", ["json", "data url", "escaped", "container", "jpeg"])
def test_every_form_in_and_out(broadcaster, form):
    server = broadcaster()
    text, binary = server.watch(), server.watch(subprotocols=[BINARY])
    for number in range(1, 4):
        jpeg = grey_jpeg(number, comment_bytes=2000 + number)
        metadata = {} if form == "jpeg" else {**METADATA, "number": number}
        before = time.time_ns()
        status, answer = post_as(server, form, jpeg, metadata)
        assert status == 200, answer
        assert answer["frame_size"] == len(jpeg)
        assert answer["timestamp"] == metadata.get("timestamp")

        message = receive_frame(text)
        assert jpeg_of(message) == jpeg
        assert message["metadata"] == metadata and message["frame_count"] == number

        while not isinstance(message := receive(binary), bytes):
            pass
        frame = decode_container(message)
        assert frame["jpeg"] == jpeg and frame["metadata"] == metadata
        assert frame["camera"] == "CAM1" and frame["count"] == number
        assert before <= frame["sent"] <= time.time_ns()
        if form == "container":
            assert (frame["number"], frame["generation"], frame["captured"]) == (7, 8, 9)
        else:
            assert before <= frame["captured"] <= frame["sent"]


@pytest.mark.parametrize("offered, chosen", [
    (None, None), ([JSON], JSON), ([BINARY], BINARY), ([JSON, BINARY], JSON),
    (["some-token", BINARY], BINARY), (["mqtt"], None)])
def test_subprotocols(broadcaster, offered, chosen):
    server = broadcaster()
    fields = {"Sec-WebSocket-Protocol": ", ".join(offered)} if offered else {}
    viewer = server.watch(header=fields)
    assert viewer.headers.get("sec-websocket-protocol") == chosen
    server.post_frame("CAM1", JPEG)
    assert isinstance(receive(viewer), bytes if chosen == BINARY else dict)


def test_metadata_alone_is_no_frame(broadcaster):
    server = broadcaster()
    viewer = server.watch()
    assert server.post(container_body("CAM1", b"", b'{"timestamp":5}'), CONTAINER) == (
        200, {"success": True, "viewers": 1, "camera_id": "CAM1", "frame_size": 0, "timestamp": 5})
    assert server.streams()["CAM1"]["frame_count"] == 0
    server.post_frame("CAM1", JPEG)
    assert receive_frame(viewer)["frame_count"] == 1


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


# --- bad input ---

def b64(data):
    return base64.b64encode(data).decode()


def fields(**changes):
    body = {"camera_id": "CAM1", "frame_base64": b64(JPEG), "metadata": {}}
    body.update(changes)
    return json.dumps({name: value for name, value in body.items() if value is not ...}).encode()


BAD_JSON = {
    "nothing": (400, b""),
    "not json": (400, b"hello"),
    "an array": (400, b"[]"),
    "cut": (400, fields()[:-1]),
    "something behind": (400, fields() + b"x"),
    "not utf-8": (400, fields()[:-1] + b',"x":"\xff"}'),
    "twice": (400, fields()[:-1] + b',"camera_id":"CAM1"}'),
    "too deep": (400, fields(metadata={"a": json.loads("[" * 40 + "]" * 40)})),
    "no camera": (400, fields(camera_id=...)),
    "empty camera": (400, fields(camera_id="")),
    "a path for a camera": (400, fields(camera_id="../../etc")),
    "a number for a camera": (400, fields(camera_id=1)),
    "a long camera": (400, fields(camera_id="x" * 65)),
    "no frame": (400, fields(frame_base64=...)),
    "empty frame": (400, fields(frame_base64="")),
    "null frame": (400, fields(frame_base64=None)),
    "not base64": (400, fields(frame_base64="!!!!")),
    "url-safe base64": (400, fields(frame_base64="_-_-")),
    "base64 without padding": (400, fields(frame_base64=b64(JPEG[:-1]).rstrip("="))),
    "a png": (400, fields(frame_base64=b64(b"\x89PNG\r\n\x1a\n" + b"\0" * 100))),
    "a png by name": (400, fields(frame_base64="data:image/png;base64," + b64(JPEG))),
    "a jpeg without end": (400, fields(frame_base64=b64(JPEG[:-2]))),
    "only a beginning": (400, fields(frame_base64=b64(JPEG[:3]))),
    "metadata null": (400, fields(metadata=None)),
    "metadata an array": (400, fields(metadata=[])),
    "metadata a text": (400, fields(metadata="{}")),
    "metadata too large": (400, fields(metadata={"x": "y" * 65536})),
}

BAD_CONTAINERS = {
    "nothing": b"",
    "json": fields(),
    "cut": container_body("CAM1", JPEG)[:-1],
    "too long": container_body("CAM1", JPEG) + b"\0",
    "other magic": b"RCF2" + container_body("CAM1", JPEG)[4:],
    "bad camera": container_body("../x", JPEG),
    "bad metadata": container_body("CAM1", JPEG, b"[]"),
    "empty": container_body("CAM1", b""),
    "not a jpeg": container_body("CAM1", b"hello" * 20),
    "a rendering that nobody wanted": container_body("CAM1", JPEG, rendering=5),
}


@pytest.fixture
def untouched(broadcaster):
    """A server with one stream and one viewer, which must be the same afterwards."""
    server = broadcaster(top={"max_frame_bytes": 256 * 1024})
    server.post_frame("CAM1", JPEG)
    viewer = server.watch()
    assert receive(viewer)["frame_count"] == 1
    before = server.streams()
    yield server
    assert server.streams() == before
    viewer.send("ping")
    while (message := receive(viewer)) != "pong":
        assert message["type"] == "camera_state"


def assert_error(answer):
    assert answer["error"].keys() == {"code", "message"}
    assert answer["detail"] == answer["error"]["message"] != ""


def test_bad_json(untouched):
    for name, (expected, body) in BAD_JSON.items():
        status, answer = untouched.post(body)
        assert status == expected, f"{name}: {answer}"
        assert_error(answer)
    refused = untouched.stats()["refused"]
    assert sum(refused.values()) == len(BAD_JSON)
    assert all(refused[name] > 0 for name in ("bad_json", "bad_camera_id", "bad_base64",
                                              "bad_metadata", "bad_picture"))


def test_bad_containers(untouched):
    for name, body in BAD_CONTAINERS.items():
        status, answer = untouched.post(body, CONTAINER)
        assert status == 400, f"{name}: {answer}"
        assert_error(answer)


BAD_POSTS = [
    ("text/plain", "", fields(), 415), ("", "", fields(), 415),
    ("application/jsonp", "", fields(), 415), ("image/png", "?camera_id=CAM1", JPEG, 415),
    ("application/x-www-form-urlencoded", "", fields(), 415),
    ("image/jpeg", "", JPEG, 400), ("image/jpeg", "?camera_id=", JPEG, 400),
    ("image/jpeg", "?camera_id=a%2Fb", JPEG, 400), ("image/jpeg", "?camera_id=CAM1", b"", 400),
    ("image/jpeg", "?camera_id=CAM1&camera_id=CAM2", JPEG, 400),
    ("image/jpeg", "?camera_id=CAM1", JPEG[:-2], 400),
    ("image/jpeg", "?camera_id=CAM1", JPEG + b"\0" * 300_000, 413),
    (CONTAINER, "", container_body("CAM1", JPEG + b"\0" * 400_000), 413),
    ("application/json", "", fields(frame_base64=b64(b"\0" * 500_000)), 413),
]


def test_bad_posts(untouched):
    for content_type, query, body, expected in BAD_POSTS:
        status, answer = untouched.post(body, content_type, query)
        assert status == expected, f"{content_type} {query} {len(body)}: {answer}"
        assert_error(answer)


def test_a_jpeg_above_the_limit_in_an_allowed_body(untouched):
    jpeg = grey_jpeg(1, comment_bytes=60000)[:-2] + b"\0" * 210_000 + b"\xff\xd9"
    status, answer = untouched.post(json_body("CAM1", jpeg))
    assert status == 413, answer
    assert_error(answer)


def test_methods_and_paths(untouched):
    for method, path, expected, allow in [
            ("GET", "/api/broadcast-detection", 405, "POST, OPTIONS"),
            ("POST", "/api/broadcast-status", 405, "GET, HEAD, OPTIONS"),
            ("DELETE", "/healthz", 405, "GET, HEAD, OPTIONS"),
            ("POST", "/ws/viewer/detection?camera_id=CAM1", 405, "GET, OPTIONS"),
            ("GET", "/api/nothing", 404, None), ("POST", "/", 404, None),
            ("OPTIONS", "/api/nothing", 404, None)]:
        status, heads, answer = http(method, untouched.url + path)
        assert (status, heads.get("Allow")) == (expected, allow), path
        assert_error(answer)
    status, heads, _ = http("OPTIONS", untouched.url + "/api/cameras")
    assert (status, heads["Allow"]) == (204, "GET, HEAD, POST, OPTIONS")
    connection = untouched.raw(b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert connection.recv(100).startswith(b"HTTP/1.1 501 ")
    connection = untouched.raw(b"HEAD /ws/viewer/detection HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = connection.recv(1000)
    assert answer.startswith(b"HTTP/1.1 405 ") and b"Allow: GET, OPTIONS\r\n" in answer


@pytest.mark.parametrize("path", ["/healthz", "/api/broadcast-status", "/api/cameras",
                                  "/api/cameras/CAM1/snapshot.jpg"])
def test_head(untouched, path):
    connection = untouched.raw(
        f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    answers = b""
    while part := connection.recv(65536):
        answers += part
    head, _, rest = answers.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ") and b"Content-Length: " in head
    assert rest.startswith(b"HTTP/1.1 200 ")


# --- Host and Origin ---

def test_hosts(broadcaster):
    server = broadcaster(hosts=["cam.example"])
    for host, expected in [("localhost", 200), ("127.0.0.1:1", 200), ("[::1]:8069", 200),
                           ("cam.example:80", 200), ("evil.example", 421), ("10.0.0.1", 421),
                           ("localhost.evil.example", 421), ("", 400)]:
        status, _, answer = server.get("/healthz", headers={"Host": host})
        assert status == expected, host
        if expected != 200:
            assert_error(answer)
    with pytest.raises(websocket.WebSocketBadStatusException, match="421"):
        server.watch(host="evil.example")


@pytest.mark.parametrize("request_line, status", [
    (b"GET /healthz HTTP/1.0\r\n", 200), (b"GET /healthz HTTP/1.0\r\nHost: evil.example\r\n", 421),
    (b"GET http://evil.example/healthz HTTP/1.0\r\n", 421), (b"GET /healthz HTTP/1.1\r\n", 400),
])
def test_a_client_without_host_is_no_browser(untouched, request_line, status):
    connection = untouched.raw(request_line + b"\r\n")
    assert connection.recv(100).startswith(b"HTTP/1.1 %d " % status)


def test_origins(broadcaster):
    server = broadcaster(cors_origins=["https://portal.example"])
    for origin, allowed in [(None, True), (f"http://127.0.0.1:{server.port}", True),
                            ("https://portal.example", True), ("http://evil.example", False),
                            ("null", False), (f"http://localhost:{server.port}", False)]:
        headers = {"Origin": origin} if origin else {}
        status, answer = server.post(json_body("CAM1", JPEG), headers=headers)
        assert status == (200 if allowed else 403), origin
        assert server.get("/api/cameras", headers=headers)[0] == 200
        options = {"origin": origin} if origin else {"suppress_origin": True}
        if allowed:
            server.watch(**options).close()
        else:
            assert_error(answer)
            with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
                server.watch(**options)


@pytest.mark.parametrize("query", ["?camera_id=", "?camera_id=..", "?camera_id=a&camera_id=b",
                                   "?camera_id=%00", "?camera_id=%zz"])
def test_viewers_name_a_camera(broadcaster, query):
    server = broadcaster()
    with pytest.raises(websocket.WebSocketBadStatusException, match="400"):
        websocket.create_connection(
            f"ws://127.0.0.1:{server.port}/ws/viewer/detection{query}", timeout=5)
    assert server.streams() == {}


def test_a_viewer_must_upgrade(broadcaster):
    status, _, answer = broadcaster().get("/ws/viewer/detection?camera_id=CAM1")
    assert status in (400, 426)
    assert_error(answer)


# --- limits ---

def test_most_viewers(broadcaster):
    server = broadcaster(max_viewers=2)
    first, _second = server.watch(), server.watch()
    for _ in range(2):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            server.watch("CAM2")
        assert refused.value.status_code == 503
        assert "retry-after" in refused.value.resp_headers
    answer = server.get("/ws/viewer/detection?camera_id=CAM2")[2]
    assert answer["detail"] == "Too many active streams. Please try again."
    first.close()
    wait_until(lambda: server.stats()["viewers"] == 1, 5, "the first viewer gone")
    server.watch("CAM2")


def test_most_streams(broadcaster):
    server = broadcaster(max_streams=1)
    server.post_frame("CAM1", JPEG)
    status, heads, answer = http("POST", f"{server.url}/api/broadcast-detection",
                                 json_body("CAM2", JPEG), {"Content-Type": "application/json"})
    assert status == 503 and "Retry-After" in heads
    assert_error(answer)
    server.post_frame("CAM1", JPEG)


def test_idle_streams_go(broadcaster):
    server = broadcaster(stream_idle_s=0.1)
    server.post_frame("CAM1", JPEG)
    server.post_frame("CAM2", JPEG)
    viewer = server.watch("CAM2")
    wait_until(lambda: set(server.streams()) == {"CAM2"}, 4, "only the watched stream left")
    viewer.close()
    wait_until(lambda: server.streams() == {}, 4, "no stream left")


# --- viewers come, go, and stand still ---

def gone_after(server, camera):
    began = time.monotonic()
    while server.viewers(camera):
        assert time.monotonic() - began < 5
    return time.monotonic() - began


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
        assert gone_after(server, "CAM1") < 0.1
    wait_until(lambda: server.log_text().count("viewer gone") == 10, 5, "a line for each")
    assert server.log_text().count("viewer came") == 10


def test_ten_tabs_closed_together(broadcaster):
    server = broadcaster()
    viewers = [server.watch() for _ in range(10)]
    assert server.viewers("CAM1") == 10
    for viewer in viewers:
        viewer.sock.close()
    assert gone_after(server, "CAM1") < 0.1


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
        assert sorted(ages)[len(ages) // 2] < 0.15
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


def test_the_end(broadcaster):
    server = broadcaster()
    viewers = [server.watch(f"CAM{number}") for number in range(5)]
    began = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - began < 1
    for viewer in viewers:
        opcode, data = viewer.recv_data()
        assert opcode == websocket.ABNF.OPCODE_CLOSE and data[:2] == struct.pack("!H", 1001)
    assert list(server.run_dir.iterdir()) == []


def test_the_end_with_a_stopped_viewer(broadcaster):
    server = broadcaster()
    stopped = server.watch_raw(receive_buffer=4096)
    picture = grey_jpeg(1, comment_bytes=60_000)[:-2] + b"\0" * 3_000_000 + b"\xff\xd9"
    for _ in range(5):
        server.post_frame("CAM1", picture)
    began = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - began < 1
    stopped.close()


def test_a_taken_port(broadcaster, tmp_path):
    server = broadcaster()
    config = tmp_path / "second.json"
    config.write_text(json.dumps({
        "run_dir": str(tmp_path / "run2"), "state_dir": str(tmp_path / "state2"),
        "broadcaster": {"listen": f"127.0.0.1:{server.port}",
                        "web_dir": str(tmp_path)}}))
    done = subprocess.run([PROGRAMS / "ringcast-broadcaster", "-c", config], text=True,
                          capture_output=True, timeout=20, check=False)
    assert done.returncode == 78
    assert len(done.stderr.splitlines()) == 1 and str(server.port) in done.stderr


def test_a_run_directory_that_is_served(broadcaster, tmp_path):
    server = broadcaster()
    config = tmp_path / "second.json"
    config.write_text(json.dumps(server.config))
    done = subprocess.run([PROGRAMS / "ringcast-broadcaster", "-c", config], text=True,
                          capture_output=True, timeout=20, check=False)
    assert done.returncode == 78
    assert len(done.stderr.splitlines()) == 1 and str(server.run_dir) in done.stderr
    assert server.stats()["pid"] == server.pid


def test_reload(broadcaster):
    server = broadcaster(max_viewers=1)
    _viewer = server.watch()
    before = server.stats()["config_hash"]
    server.config["broadcaster"].update(max_viewers=2, hosts=["cam.example"],
                                        listen="127.0.0.1:1")
    server.config["cameras"] = {"CAM9": {"name": "Gate"}}
    server.write_config()
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: server.stats()["config_hash"] != before, 5, "the new configuration")
    server.watch()
    assert server.get("/healthz", headers={"Host": "cam.example"})[0] == 200
    assert [one["id"] for one in server.get("/api/cameras")[2]["cameras"]] == ["CAM9"]
    assert "next start" in server.log_text()
    server.config["broadcaster"]["max_viewers"] = -1
    server.write_config()
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: "max_viewers" in server.log_text(), 5, "a word about the mistake")
    assert server.get("/healthz")[0] == 200


def test_reload_removes_watched_cameras(broadcaster):
    camera = {"url": "http://127.0.0.1:1/stream"}
    server = broadcaster(top={"cameras": {name: camera for name in ("CAM1", "CAM2", "CAM3")}})
    viewers = {name: server.watch(name) for name in ("CAM1", "CAM2", "CAM3")}
    for name, viewer in viewers.items():
        server.post_frame(name, JPEG)
        receive_frame(viewer)
    waiting = server.raw(b"GET /api/cameras/CAM2/snapshot.jpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
    before = server.stats()["config_hash"]
    server.config["cameras"] = {"CAM3": camera}
    server.write_config()
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: server.stats()["config_hash"] != before, 5, "the new configuration")
    for name in ("CAM1", "CAM2"):
        while (message := receive(viewers[name]))["type"] != "stream_ended":
            pass
        assert message["reason"] == "the camera is no longer configured"
        server.post_frame(name, JPEG)  # now a stream like any other
        assert receive_frame(viewers[name])["frame_count"] == 2
    assert waiting.recv(100).startswith(b"HTTP/1.1 404 ")
    server.post_frame("CAM3", JPEG)
    assert receive_frame(viewers["CAM3"])["frame_count"] == 2


# --- pictures ---

@pytest.mark.parametrize("form", ["json", "container", "jpeg"])
def test_snapshot_of_a_posted_stream(broadcaster, form):
    server = broadcaster()
    post_as(server, form, JPEG, {"a": 1})
    for query in ("", "?annotated=1", "?annotated=0&max_age=5"):
        status, heads, body = server.get("/api/cameras/CAM1/snapshot.jpg" + query)
        assert status == 200 and body == JPEG
        assert heads.get_content_type() == "image/jpeg" and heads["Cache-Control"] == "no-store"
    status, heads, answer = server.get("/api/cameras/CAM1/snapshot.jpg?max_age=0")
    assert status == 503 and "Retry-After" in heads
    assert_error(answer)
    assert 0 <= answer["age"] < 60
    for path, expected in [("CAM2/snapshot.jpg", 404), ("..%2fx/snapshot.jpg", 400),
                           ("CAM1/snapshot.jpg?annotated=2", 400),
                           ("CAM1/snapshot.jpg?max_age=-1", 400),
                           ("CAM1/snapshot.jpg?max_age=1e99", 400),
                           ("CAM1/snapshot.jpg?max_age=nan", 400)]:
        status, _, answer = server.get("/api/cameras/" + path)
        assert status == expected, path
        assert_error(answer)


@pytest.fixture
def captured(broadcaster, camsim, started, tmp_path):
    """A broadcaster and the capture of one camera."""
    camera = camsim(fps=20)
    url = camera.url.replace("http://", "http://user:secret@") + "/stream"
    space = {"id": "s1", "name": "A1", "polygon": [[0, 0], [0.5, 0], [0.5, 0.5]]}
    server = broadcaster(top={"cameras": {
        "CAM1": {"name": "North lot", "url": url, "spaces": [space]},
        "CAM2": {"name": "Phone"}}})
    started.append(Process([PROGRAMS / "ringcast-capture", "-c", server.config_path, "--camera",
                            "CAM1"], tmp_path / "capture.log"))
    server.capture = started[-1]
    assert server.capture.wait_ready() == "\n"
    server.camera = camera
    return server


def cameras_of(server):
    return {one["id"]: one for one in server.get("/api/cameras")[2]["cameras"]}


def test_a_captured_camera(captured):
    wait_until(lambda: cameras_of(captured)["CAM1"]["state"] == "online", 10, "the camera online")
    captured.post_frame("worker", JPEG)
    cameras = cameras_of(captured)
    assert list(cameras) == ["CAM1", "CAM2", "worker"]
    one = cameras["CAM1"]
    assert one.keys() == {"id", "name", "state", "source", "width", "height", "fps", "spaces",
                          "origin", "settings"}
    assert (one["name"], one["source"]) == ("North lot", "mjpeg")
    assert (one["width"], one["height"]) == (64, 48)
    assert one["spaces"] == [{"id": "s1", "name": "A1",
                              "polygon": [[0.0, 0.0], [0.5, 0.0], [0.5, 0.5]]}]
    assert (cameras["CAM2"]["source"], cameras["CAM2"]["state"]) == ("push", "connecting")
    assert (cameras["worker"]["source"], cameras["worker"]["state"]) == ("post", "online")
    assert "secret" not in json.dumps(cameras) + captured.log_text()


def test_a_raw_snapshot(captured):
    wait_until(lambda: cameras_of(captured)["CAM1"]["state"] == "online", 10, "the camera online")
    pictures = set()
    for _ in range(5):
        began = time.monotonic()
        status, heads, body = captured.get("/api/cameras/CAM1/snapshot.jpg")
        assert status == 200 and body[:2] == b"\xff\xd8" and body[-2:] == b"\xff\xd9"
        assert abs(float(heads["X-Timestamp"]) - time.time()) < 1
        assert time.monotonic() - began < 1
        pictures.add(body)
        wait_until(lambda seen=body: captured.get("/api/cameras/CAM1/snapshot.jpg")[2] != seen, 5,
                   "the next picture")
    assert len(pictures) == 5
    status, _, answer = captured.get("/api/cameras/CAM1/snapshot.jpg?annotated=1")
    assert status == 503 and answer["age"] is None
    assert captured.get("/api/cameras/CAM2/snapshot.jpg")[0] == 503


def test_a_snapshot_of_a_camera_that_has_stopped(captured):
    wait_until(lambda: cameras_of(captured)["CAM1"]["state"] == "online", 10, "the camera online")
    captured.camera.fault("stall")
    wait_until(lambda: cameras_of(captured)["CAM1"]["state"] == "stale", 10, "the camera stale")
    began = time.monotonic()
    status, _, answer = captured.get("/api/cameras/CAM1/snapshot.jpg?max_age=0.5")
    assert status == 503 and answer["age"] > 0.5
    assert 2.5 < time.monotonic() - began < 5
    assert captured.get("/api/cameras/CAM1/snapshot.jpg?max_age=600")[0] == 200


def test_viewers_hear_of_the_camera(captured):
    wait_until(lambda: cameras_of(captured)["CAM1"]["state"] == "online", 10, "the camera online")
    viewer = captured.watch("CAM1")
    state = receive(viewer)
    assert (state["type"], state["camera_id"], state["state"]) == ("camera_state", "CAM1", "online")
    assert abs(state["since"] - time.time()) < 60
    captured.capture.child.kill()
    assert receive(viewer)["state"] == "offline"
    captured.post_frame("CAM1", JPEG)
    frame = receive_frame(viewer)
    assert frame["camera_state"] == "offline" and frame["stale"] is True


def test_streams_end_with_their_camera(told):
    told.say("online")
    wait_until(lambda: cameras_of(told)["CAM1"]["fps"] == 10.5, 5, "the status")
    viewer = told.watch()
    assert receive(viewer)["state"] == "online"
    told.post_frame("CAM1", JPEG)
    assert receive_frame(viewer)["camera_state"] == "online"
    assert receive(viewer)["type"] == "stream_started"
    for state in ("stale", "online", "frozen"):
        told.say(state)
        assert receive(viewer)["state"] == state
    reason = 'the "camera" s\u00e4ys \\ no'
    told.say("offline", reason)
    messages = {message["type"]: message for message in [receive(viewer) for _ in range(3)]}
    assert messages["camera_state"]["state"] == "offline"
    since = time.localtime(messages["camera_state"]["since"])
    assert messages["error"]["message"] == (
        f"camera CAM1 is offline since {time.strftime('%H:%M:%S', since)}")
    ended = messages["stream_ended"]
    assert (ended["camera_id"], ended["reason"]) == ("CAM1", reason)
    assert abs(ended["timestamp"] - time.time()) < 5
    told.say("online")
    assert receive(viewer)["state"] == "online"
    told.post_frame("CAM1", JPEG)
    assert receive_frame(viewer)["frame_count"] == 2
    assert receive(viewer)["type"] == "stream_started"


def test_streams_without_a_camera_end_when_nothing_comes(broadcaster):
    server = broadcaster()
    viewer = server.watch()
    server.post_frame("CAM1", JPEG)
    viewer.settimeout(20)
    heard = []
    while not heard or heard[-1]["type"] != "stream_ended":
        heard.append(receive(viewer))
    assert [message.get("state", message["type"]) for message in heard] == [
        "frame", "stream_started", "stale", "offline", "error", "stream_ended"]
    assert 14 < heard[-1]["timestamp"] - heard[0]["timestamp"] < 18
    assert heard[-1]["reason"] == "no frame has come for 15 s"


# --- whose camera it is ---

@pytest.fixture
def detected(broadcaster, tmp_path):
    """A broadcaster that has a detector in its configuration, and the detector's socket."""
    names = tmp_path / "coco.names"
    names.write_text("person\ncar\n")
    model = tmp_path / "model.onnx"
    model.write_bytes(b"never loaded")
    run_dir = tmp_path / "broadcaster.0" / "run"
    run_dir.mkdir(parents=True, mode=0o700)
    detector = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    detector.bind(str(run_dir / "detector.0.sock"))
    detector.listen()
    detector.settimeout(5)
    url = "http://127.0.0.1:1/"
    server = broadcaster(top={
        "detector": {"model": str(model), "names": str(names), "conf": 0.3, "quality": 80},
        "cameras": {"CAM1": {"url": url, "fps": 5}, "CAM2": {"url": url, "detect": "off"},
                    "phone": {}}})

    def demanding():
        """The broadcaster's connection that demands; another one asks for `stats`."""
        while True:
            connection, _ = detector.accept()
            connection.settimeout(5)
            if json.loads(connection.recv(65536, socket.MSG_PEEK))["type"] == "demand":
                return connection
            asking.append(connection)
    asking = []
    server.demanding = demanding
    yield server
    detector.close()


def test_the_local_detector_owns_its_cameras(detected):
    for camera in ("CAM1", "phone"):
        status, answer = detected.post(json_body(camera, JPEG))
        assert status == 409
        assert_error(answer)
    for camera in ("CAM2", "other"):
        detected.post_frame(camera, JPEG)

    for camera in ("CAM1", "other"):
        body = container_body(camera, JPEG, b'{"timestamp":"x"}')
        local = socket.socket(socket.AF_UNIX)
        local.connect(str(detected.run_dir / "broadcaster.http.sock"))
        local.sendall(f"POST /api/broadcast-detection HTTP/1.1\r\nHost: anything\r\n"
                      f"Content-Type: {CONTAINER}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                      + body)
        answer = local.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200 ") and b'"timestamp":"x"' in answer
    assert {name: one["frame_count"] for name, one in detected.streams().items()} == {
        "CAM1": 1, "CAM2": 1, "other": 2}


def test_demand(detected):
    detector = detected.demanding()

    def told():
        message = json.loads(detector.recv(65536))
        assert message.keys() == {"type", "after", "next", "cameras"}
        assert (message["type"], message["after"], message["next"]) == ("demand", "", None)
        return message["cameras"]

    assert told() == []
    _others = [detected.watch(camera) for camera in ("CAM2", "foreign")]
    first = detected.watch("CAM1")
    wanted = [{"camera": "CAM1", "rate": 5.0, "metadata": False, "renderings": [
        {"id": 0, "conf": 0.3, "show_labels": True, "quality": 80}]}]
    assert told() == wanted
    second = detected.watch("CAM1")
    first.close()
    wait_until(lambda: detected.viewers("CAM1") == 1, 2, "one viewer left")
    second.close()
    assert told() == []

    _third = detected.watch("CAM1")
    assert told() == wanted
    detector.close()
    detector = detected.demanding()
    assert told() == wanted


def test_a_demand_comes_in_pages(detected):
    names = [f"C{number:063}" for number in range(600)]
    before = detected.stats()["config_hash"]
    detected.config["cameras"] = {name: {"url": "http://127.0.0.1:1/", "fps": 29.97}
                                  for name in names}
    detected.write_config()
    os.kill(detected.pid, signal.SIGHUP)
    wait_until(lambda: detected.stats()["config_hash"] != before, 5, "the new configuration")
    _viewers = [detected.watch_raw(name) for name in names]
    assert detected.stats()["viewers"] == len(names)
    detector = detected.demanding()
    wanted = []
    while len(wanted) < len(names):
        page = json.loads(detector.recv(65536))
        known = [one["camera"] for one in page["cameras"]]
        assert all(page["after"] < name for name in known)
        assert page["next"] is None or all(name <= page["next"] for name in known)
        wanted = [name for name in wanted if name <= page["after"] or
                  (page["next"] is not None and name > page["next"])] + known
        wanted.sort()
    assert wanted == names and page["next"] is None
    detector.setblocking(False)
    with pytest.raises(BlockingIOError):  # neither more nor the end
        detector.recv(65536)


def test_a_snapshot_with_boxes_is_demand(detected):
    detector = detected.demanding()
    assert json.loads(detector.recv(65536))["cameras"] == []
    connection = detected.raw(b"GET /api/cameras/CAM1/snapshot.jpg?annotated=1 HTTP/1.1\r\n"
                              b"Host: localhost\r\n\r\n")
    assert [one["camera"] for one in json.loads(detector.recv(65536))["cameras"]] == ["CAM1"]
    assert detected.viewers("CAM1") == 0
    connection.close()
    assert json.loads(detector.recv(65536))["cameras"] == []


def test_the_real_detector_follows(street, viewer):
    running = street()

    def stream():
        return next(iter(running.get("/api/broadcast-status")[2]["broadcasters"]))

    def captured():
        with running.control("capture.CAM1") as control:
            return control.ask("stats")["frames"]

    watching = viewer(running.url)
    watching.wait_frame(timeout=20)
    assert http("POST", f"{running.url}/api/broadcast-detection", json_body("CAM1", JPEG),
                {"Content-Type": "application/json"})[0] == 409
    watching.close()
    wait_until(lambda: stream()["viewers"] == 0, 2, "no viewer")

    def rests():
        """Nothing is posted while the camera goes on."""
        count, before = stream()["frame_count"], captured()
        wait_until(lambda: captured() > before + 10, 10, "the camera goes on")
        return stream()["frame_count"] == count
    wait_until(rests, 10, "a rest, when the rendering has lingered")
    count = stream()["frame_count"]
    status, _, picture = running.get("/api/cameras/CAM1/snapshot.jpg?annotated=1&max_age=0.1")
    assert status == 200 and picture[:2] == b"\xff\xd8"
    assert stream()["frame_count"] > count


# --- operators ---

def test_stats_viewers_kick(broadcaster):
    server = broadcaster()
    viewers = [server.watch(f"CAM{number % 2}") for number in range(5)]
    server.post_frame("CAM1", JPEG)
    receive_frame(viewers[1])
    stats = server.stats()
    assert stats["pid"] == server.pid and stats["viewers"] == 5
    assert (stats["frames_in"], stats["sent"], stats["dropped"]) == (1, 2, 0)
    assert stats["connections"] >= 5 and len(stats["config_hash"]) == 16
    with server.control() as control:
        ids, after = [], ""
        while after is not None:
            answer = control.ask("viewers", after=after, limit=2)
            assert len(answer["viewers"]) <= 2
            ids += [one["id"] for one in answer["viewers"]]
            after = answer["next"]
        assert len(set(ids)) == 5 and ids == sorted(ids)
        assert control.ask("kick", id="00000000")["kicked"] is False
        assert control.ask("kick", id=ids[0])["kicked"] is True
    wait_until(lambda: server.stats()["viewers"] == 4, 5, "one viewer less")
    assert sum(one["viewers"] for one in server.streams().values()) == 4


# --- pages ---

@pytest.fixture
def pages(broadcaster, tmp_path):
    web = tmp_path / "pages"
    (web / "lib").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>x</title>")
    (web / "lib" / "view.js").write_text("export {}")
    (web / "style.css").write_text("a{}")
    (web / ".hidden").write_text("secret")
    (tmp_path / "outside").write_text("secret")
    (web / "link").symlink_to(tmp_path / "outside")
    (web / "folder").symlink_to(tmp_path)
    os.mkfifo(web / "pipe")
    return broadcaster(web_dir=str(web))


def test_pages(pages):
    for path, kind in [("/", "text/html"), ("/index.html", "text/html"), ("/style.css", "text/css"),
                       ("/lib/view.js", "text/javascript")]:
        status, heads, body = pages.get(path)
        assert status == 200 and body and heads.get_content_type() == kind
        assert heads["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in heads["Content-Security-Policy"]
        tag = heads["ETag"]
        status, heads, body = pages.get(path, headers={"If-None-Match": f'W/"x", {tag}'})
        assert (status, body, heads["ETag"]) == (304, b"", tag)
        assert pages.get(path, headers={"If-None-Match": '"other"'})[0] == 200
        assert http("POST", pages.url + path)[0] == 405


@pytest.mark.parametrize("target", [
    "/nothing", "/lib", "/lib/", "/link", "/folder/outside", "/pipe", "/.hidden", "/lib/../.hidden",
    "/../outside", "/%2e%2e/outside", "/..%2foutside", "//etc/passwd", "/lib//view.js",
    "/index.html/", "/%00", "/lib\\..\\..\\outside"])
def test_nothing_else_is_a_page(pages, target):
    connection = pages.raw(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    answer = connection.recv(65536)
    assert answer[:12] in (b"HTTP/1.1 404", b"HTTP/1.1 400"), answer
    assert b"secret" not in answer
