"""Snapshots, and the state of cameras as viewers and the API tell it."""

import json
import time

import pytest

from harness.broadcaster import assert_error, cameras_of, post_as, receive, receive_frame
from harness.jpeg import grey_jpeg
from harness.processes import PROGRAMS, Process
from harness.waiting import wait_until

JPEG = grey_jpeg(1)


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


def test_a_captured_camera(captured):
    wait_until(lambda: cameras_of(captured)["CAM1"]["state"] == "online", 10, "the camera online")
    captured.post_frame("worker", JPEG)
    cameras = cameras_of(captured)
    assert list(cameras) == ["CAM1", "CAM2", "worker"]
    one = cameras["CAM1"]
    assert one.keys() == {"id", "name", "state", "source", "capture", "detect", "width", "height",
                          "fps", "spaces", "origin", "settings"}
    assert (one["capture"], one["detect"]) == ("always", "off")
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
