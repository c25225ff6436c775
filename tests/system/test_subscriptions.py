"""One viewer, several cameras: who sees what, and what viewers may ask for while they watch."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import websocket

from harness.broadcaster import BINARY, CONTAINER, container_body
from harness.control import Control
from harness.jpeg import grey_jpeg
from harness.streams import DETECT, RAW, VIEWER, picture
from harness.waiting import wait_until

JPEG = grey_jpeg(1)


def viewers(server):
    with server.control() as control:
        return control.ask("viewers")["viewers"]


def readers(server):
    with Control(server.run_dir / "capture.CAM1.sock") as control:
        return control.ask("stats")["readers"]


# --- all cameras ---

def test_a_viewer_of_all_cameras(broadcaster, watch):
    server = broadcaster(top={"cameras": {"CAM1": {"name": "North lot"}}})
    for number, camera in enumerate(("CAM1", "CAM2")):
        server.post_frame(camera, grey_jpeg(number))
    viewer = watch(server, VIEWER)
    connected = viewer.next()
    assert connected["type"] == "viewer_connected"
    assert [{key: one[key] for key in ("camera_id", "name", "state", "frame_count")}
            for one in connected["active_streams"]] == [
        {"camera_id": "CAM1", "name": "North lot", "state": "online", "frame_count": 1},
        {"camera_id": "CAM2", "name": "CAM2", "state": "online", "frame_count": 1}]
    assert all(abs(one["last_update"] - time.time()) < 10 for one in connected["active_streams"])
    assert {viewer.until("frame")["camera_id"] for _ in range(2)} == {"CAM1", "CAM2"}

    server.post_frame("CAM3", grey_jpeg(3))
    frame = viewer.until("frame")
    assert (frame["camera_id"], frame["camera_state"], picture(frame)) == (
        "CAM3", "online", grey_jpeg(3))
    assert viewer.until("stream_started")["camera_id"] == "CAM3"
    for camera in ("CAM1", "CAM2", "CAM3"):
        server.post_frame(camera, JPEG)
        assert viewer.until("frame")["camera_id"] == camera
    assert viewers(server)[0]["camera"] == "*" and viewers(server)[0]["subscriptions"] == 3
    viewer.say("unsubscribe", camera_id="CAM2")
    viewer.settled()
    server.post_frame("CAM2", JPEG)
    server.post_frame("CAM3", JPEG)
    assert viewer.until("frame")["camera_id"] == "CAM3"


def test_what_was_unsubscribed_from_does_not_come_back(broadcaster, watch):
    server = broadcaster(stream_idle_s=0.1)
    viewer = watch(server, VIEWER)
    server.post_frame("CAM1", JPEG)
    assert viewer.until("frame")["camera_id"] == "CAM1"
    viewer.say("unsubscribe", camera_id="CAM1")
    wait_until(lambda: server.streams() == {}, 4, "the stream gone")
    server.post_frame("CAM1", JPEG)
    server.post_frame("CAM2", JPEG)
    assert viewer.until("frame")["camera_id"] == "CAM2"
    viewer.say("subscribe", camera_id="CAM1")
    assert viewer.until("frame")["camera_id"] == "CAM1"


def test_a_camera_may_be_unsubscribed_from_before_it_has_a_stream(broadcaster, watch):
    server = broadcaster()
    viewer = watch(server, VIEWER)
    viewer.say("unsubscribe", camera_id="CAM1")
    viewer.settled()
    for camera in ("CAM1", "CAM2"):
        server.post_frame(camera, JPEG)
    assert viewer.until("frame")["camera_id"] == "CAM2"
    for number in range(1, 256):
        viewer.say("unsubscribe", camera_id=f"no-{number}")
    viewer.say("ping", t=1)
    assert viewer.until("pong", "error")["type"] == "pong"
    viewer.say("unsubscribe", camera_id="one-more")
    assert "too many streams" in viewer.until("error")["message"]


def test_names_that_nobody_knows_are_bounded(broadcaster, watch):
    server = broadcaster(top={"cameras": {"CAM1": {}}})
    crowd = [watch(server, VIEWER, camera_id="nobody") for _ in range(4)]
    for number, viewer in enumerate(crowd):
        for name in range(250):
            viewer.say("subscribe", camera_id=f"no{number}-{name}")
        viewer.settled()
    crowd[0].say("subscribe", camera_id="one-more")
    assert "do not exist" in crowd[0].until("error")["message"]
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        watch(server, VIEWER, camera_id="yet-another")
    assert refused.value.status_code == 503
    # Who is known already is no matter of memory.
    for camera in ("CAM1", "nobody", "no0-7"):
        watch(server, VIEWER, camera_id=camera)
    for viewer in crowd:
        viewer.close()
    wait_until(lambda: server.stats()["viewers"] == 3, 4, "the crowd gone")
    watch(server, VIEWER, camera_id="no0-7")


def test_a_viewer_that_names_what_it_wants(broadcaster, watch):
    server = broadcaster()
    for camera in ("CAM1", "CAM2"):
        server.post_frame(camera, JPEG)
    viewer = watch(server, VIEWER, follow="false")
    assert len(viewer.next()["active_streams"]) == 2
    viewer.say("subscribe", camera_id="CAM2")
    assert viewer.until("frame")["camera_id"] == "CAM2"
    for camera in ("CAM3", "CAM1", "CAM2"):
        server.post_frame(camera, JPEG)
    assert viewer.until("frame")["camera_id"] == "CAM2"
    assert viewers(server)[0]["subscriptions"] == 1


def test_a_stream_of_metadata_alone_exists(broadcaster, watch):
    server = broadcaster()
    assert server.post(container_body("CAM1", b"", b'{"vehicle_count":1}'), CONTAINER)[0] == 200
    listed = server.streams()["CAM1"]
    assert (listed["viewers"], listed["frame_count"]) == (0, 0)
    assert abs(listed["last_update"] - time.time()) < 10
    [stream] = watch(server, VIEWER).next()["active_streams"]
    assert (stream["camera_id"], stream["state"], stream["frame_count"]) == ("CAM1", "online", 0)


def test_all_cameras_and_none_yet(broadcaster, watch):
    server = broadcaster()
    viewer = watch(server, VIEWER, subprotocols=[BINARY])
    assert viewer.next() == {"type": "viewer_connected", "active_streams": []}
    for camera in ("a", "b"):
        server.post_frame(camera, JPEG)
        assert viewer.until("binary")["camera"] == camera
    assert server.stats()["viewers"] == 1


def test_streams_that_only_followers_watch_are_removed(broadcaster, watch):
    server = broadcaster(stream_idle_s=0.1)
    viewer = watch(server, VIEWER)
    server.post_frame("CAM1", JPEG)
    viewer.until("frame")
    wait_until(lambda: server.streams() == {}, 4, "the stream gone")
    assert viewers(server)[0]["subscriptions"] == 0
    server.post_frame("CAM1", JPEG)
    assert viewer.until("frame")["frame_count"] == 1


# --- subscribe, unsubscribe ---

def test_subscriptions(live, watch):
    viewer = watch(live, VIEWER, camera_id="posted")
    live.post_frame("posted", JPEG)
    assert viewer.until("frame")["camera_id"] == "posted"
    assert readers(live) == 0
    viewer.say("subscribe", camera_id="CAM1", kind="raw", fps=10)
    frame = viewer.until("frame")
    assert (frame["camera_id"], frame["kind"]) == ("CAM1", "raw")
    assert readers(live) == 1
    heard = viewer.count(0.6, "frame")
    assert 4 <= len(heard) <= 8 and all(one["camera_id"] == "CAM1" for one in heard)
    live.post_frame("posted", JPEG)
    while (frame := viewer.until("frame"))["camera_id"] != "posted":
        pass
    assert "kind" not in frame
    viewer.say("unsubscribe", camera_id="CAM1")
    wait_until(lambda: readers(live) == 0, 2, "nobody attached")
    viewer.settled()
    assert viewer.count(0.2, "frame") == []
    assert viewers(live)[0]["subscriptions"] == 1


def test_cameras_take_turns(live, watch):
    """Two streams on a connection that cannot take both: each gets its share."""
    viewer = watch(live, VIEWER, camera_id="CAM1",
                   sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)])
    viewer.say("subscribe", camera_id="CAM2")
    viewer.settled()
    large = grey_jpeg(1, comment_bytes=60_000)[:-2] + b"\0" * 300_000 + b"\xff\xd9"
    for _ in range(25):
        live.post_frame("CAM1", large)
        live.post_frame("CAM2", large)
    last, heard = {}, []
    while last.get("CAM1") != 25 or last.get("CAM2") != 25:
        frame = viewer.until("frame")
        heard.append(frame["camera_id"])
        last[frame["camera_id"]] = frame["frame_count"]
    assert abs(heard.count("CAM1") - heard.count("CAM2")) <= 2
    assert len(heard) < 25
    assert viewers(live)[0]["dropped"] == 50 - len(heard)


REFUSED = [
    (VIEWER, {"type_": "subscribe"}, "camera_id is missing"),
    (VIEWER, {"type_": "subscribe", "camera_id": "../x"}, "camera_id is not a camera id"),
    (VIEWER, {"type_": "subscribe", "camera_id": "CAM1", "kind": "cooked"}, "kind must be raw or detect"),
    (VIEWER, {"type_": "subscribe", "camera_id": "CAM1", "fps": 0}, "fps must be a number from 0.1 to 60"),
    (VIEWER, {"type_": "unsubscribe", "camera_id": "CAM9"}, "there is no such subscription"),
    (VIEWER, {"type_": "set", "camera_id": "CAM9", "fps": 5}, "there is no such subscription"),
    (VIEWER, {"type_": "set", "conf": "0.5"}, "conf must be a number from 0.05 to 0.95"),
    (VIEWER, {"type_": "dance"}, "unknown message type"),
    (RAW, {"type_": "subscribe", "camera_id": "CAM2"}, "ringcast.binary.v1"),
    (RAW, {"type_": "subscribe", "camera_id": "CAM9"}, "there is no such camera"),
]


def test_what_cannot_be_done_is_said(live, watch):
    viewer = {path: watch(live, path, camera_id="CAM1", fps=1) for path in (VIEWER, RAW)}
    for path, message, words in REFUSED:
        viewer[path].say(**message)
        while words not in viewer[path].until("error")["message"]:
            pass
        viewer[path].settled()


def test_binary_frames_tell_cameras_apart(live, watch):
    viewer = watch(live, RAW, camera_id="CAM1", subprotocols=[BINARY], fps=20)
    live.post_frame("CAM9", JPEG)
    viewer.say("subscribe", camera_id="CAM9", kind="detect", skip_frames=1)
    heard = viewer.count(0.5, "binary")
    assert {(one["camera"], one["flags"]) for one in heard} == {("CAM1", 1), ("CAM9", 0)}


# --- set, pause, resume ---

def test_set_acts_at_once(live, watch):
    """Beside what a viewer without a pace is sent meanwhile: a machine without time sends less to both."""
    every, viewer = (watch(live, RAW, camera_id="CAM1", subprotocols=[BINARY], **pace)
                     for pace in ({}, {"fps": 0.1}))
    before = viewer.until("binary")
    asked = every.frames_until(before["number"] + 9)[-1]["number"]
    viewer.say("set", fps=30)
    first = viewer.until("binary")
    assert asked < first["number"] < asked + 60
    assert first["sent"] - before["sent"] < 5e9, "half of the interval that it had"
    end = first["number"] + 30
    with ThreadPoolExecutor(1) as pool:
        others = pool.submit(every.frames_until, end)
        frames = viewer.frames_until(end)
    meanwhile = [one for one in others.result() if one["number"] > first["number"]]
    assert len(frames) >= 0.8 * len(meanwhile)
    viewer.say("set", fps=5)
    viewer.settled()
    slow = [viewer.until("binary")["sent"] for _ in range(5)]
    assert slow[4] - slow[0] > 3 * 0.19e9, "four intervals, of which one may have been owed"


def test_a_paused_viewer_is_no_demand(live, watch):
    viewer = watch(live, RAW, camera_id="CAM1")
    viewer.until("frame")
    assert readers(live) == 1
    viewer.say("pause")
    wait_until(lambda: readers(live) == 0, 2, "nobody attached")
    assert viewers(live)[0]["paused"] is True
    viewer.settled()
    assert viewer.count(0.3, "frame") == []
    viewer.say("resume")
    began = time.monotonic()
    viewer.until("frame")
    assert time.monotonic() - began < 2
    assert readers(live) == 1


def test_a_paused_viewer_gets_the_newest_when_it_resumes(broadcaster, watch):
    server = broadcaster()
    viewer = watch(server, VIEWER, camera_id="CAM1")
    server.post_frame("CAM1", grey_jpeg(1))
    viewer.until("frame")
    viewer.say("pause")
    viewer.settled()
    for number in (2, 3):
        server.post_frame("CAM1", grey_jpeg(number))
    viewer.settled()
    viewer.say("resume")
    assert viewer.until("frame")["frame_count"] == 3
    server.post_frame("CAM1", grey_jpeg(4))
    assert viewer.until("frame")["frame_count"] == 4


def test_what_a_pause_left_out_is_not_made_up_for(live, watch):
    viewer = watch(live, RAW, camera_id="CAM1", fps=2)
    viewer.until("frame")
    viewer.say("pause")
    viewer.settled()
    assert viewer.count(1.2, "frame") == []
    viewer.say("resume")
    assert len(viewer.count(0.3, "frame")) == 1


# --- what operators see of it ---

def test_how_viewers_fare(live, watch):
    viewer = watch(live, RAW, camera_id="CAM1", subprotocols=[BINARY], fps=10, user_id="somebody")
    frames = [viewer.until("binary") for _ in range(10)]
    one = viewers(live)[0]
    assert (one["path"], one["user"], one["camera"]) == ("raw", "somebody", "CAM1")
    made = frames[-1]["number"] - frames[0]["number"] + 1
    assert one["sent"] >= 10 and one["dropped"] == 0
    assert one["skipped"] > 0 and made <= one["sent"] + one["skipped"] <= made + 60
    assert one["bytes"] > one["sent"] * 1000 and 0 <= one["age_ms"] < 2000
    viewer.count(1.2, "binary")
    assert one["bytes"] / one["sent"] * 5 < viewers(live)[0]["bytes_per_second"]


def test_a_frame_that_came_too_early_goes_out_later(broadcaster, watch):
    server = broadcaster()
    server.post_frame("CAM1", grey_jpeg(1))
    viewer = watch(server, DETECT, camera_id="CAM1", fps=5, skip_frames=1)
    viewer.until("frame")
    server.post_frame("CAM1", grey_jpeg(2))
    began = time.monotonic()
    assert picture(viewer.until("frame")) == grey_jpeg(2)
    assert 0.1 < time.monotonic() - began < 1
    assert viewers(server)[0]["skipped"] == 0
