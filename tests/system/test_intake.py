"""What the broadcaster does not take in: bad frames, wrong methods, foreign hosts and origins."""

import base64
import json

import pytest
import websocket

from harness.broadcaster import CONTAINER, assert_error, container_body, json_body, receive
from harness.jpeg import grey_jpeg
from harness.processes import http

JPEG = grey_jpeg(1)


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
