"""The three paths of viewers, on one camera with a capture and on posted streams."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import websocket

from harness.broadcaster import BINARY, CONTAINER, container_body
from harness.control import Control
from harness.jpeg import grey_jpeg
from harness.streams import DETECT, RAW, VIEWER, StreamViewer, paced, picture
from harness.waiting import wait_until

JPEG = grey_jpeg(77)  # none of the camera's


def attached(server):
    with Control(server.run_dir / "capture.CAM1.sock") as control:
        return control.ask("stats")["readers"]


# --- raw streams ---

@pytest.mark.parametrize("subprotocols", [None, [BINARY]])
def test_raw_pictures_come_from_the_ring(live, watch, subprotocols):
    assert attached(live) == 0
    viewer = watch(live, RAW, camera_id="CAM1", subprotocols=subprotocols)
    began = time.monotonic()
    frames = [viewer.until("frame", "binary") for _ in range(15)]
    assert 0.3 < time.monotonic() - began < 3
    assert attached(live) == 1
    assert all(picture(one)[:2] == b"\xff\xd8" and picture(one)[-2:] == b"\xff\xd9" for one in frames)
    assert len({picture(one) for one in frames}) > 10
    if subprotocols:
        assert all(one["camera"] == "CAM1" and one["flags"] == 1 for one in frames)
        numbers = [one["number"] for one in frames]
        assert numbers == sorted(set(numbers))
        assert all(0 <= one["sent"] - one["captured"] < 1e9 for one in frames)
    else:
        assert all(one.keys() == {"type", "data"} for one in frames)
    second = watch(live, RAW, camera_id="CAM1")
    second.until("frame")
    assert attached(live) == 1  # one reading for all
    viewer.close()
    second.close()
    wait_until(lambda: attached(live) == 0, 2, "nobody attached")


def test_the_first_raw_picture_is_there_at_once(live, watch):
    """The newest that there is, and not the next one: this camera has stopped sending."""
    live.camera.fault("stall")
    with Control(live.run_dir / "capture.CAM1.sock") as control:
        control.wait_state("stale")
        newest = control.ask("stats")["frames"]
    viewer = watch(live, RAW, camera_id="CAM1", subprotocols=[BINARY])
    assert viewer.until("binary")["number"] == newest


PACES = [{"fps": 10}, {"fps": 10, "skip_frames": 2}, {"fps": 2.5}, {"skip_frames": 6}, {"fps": 15}]


def test_pace_of_raw_pictures(live, watch):
    """All at the same time: each viewer has its own. What is due to it is told by the frames that a viewer
    without a pace was sent meanwhile, and by when that was; a machine without time sends fewer."""
    viewers = [watch(live, RAW, camera_id="CAM1", subprotocols=[BINARY], **query)
               for query in ({}, *PACES)]
    begin = max(viewer.until("binary")["number"] for viewer in viewers)
    with ThreadPoolExecutor(len(viewers)) as pool:
        every, *others = pool.map(lambda viewer: [
            frame for frame in viewer.frames_until(begin + 60) if frame["number"] > begin], viewers)
    assert len(every) > 30, "it has no pace"
    for query, frames in zip(PACES, others):
        skip = query.get("skip_frames", 1)
        due = min(paced(every, query.get("fps", 1000)), len({one["number"] // skip for one in every}))
        assert abs(len(frames) - due) <= max(1, due / 5), query


def test_stats(live, watch):
    """Beside what a viewer without a pace is sent of the same frames."""
    every = watch(live, RAW, camera_id="CAM1", subprotocols=[BINARY])
    newest = every.until("binary")
    viewer = watch(live, RAW, camera_id="CAM1", subprotocols=[BINARY], fps=24)
    frames = [viewer.until("binary", "stats")]
    while frames[-1]["type"] == "binary":
        frames.append(viewer.until("binary", "stats"))
    stats = frames.pop()
    assert stats.keys() == {"type", "processed", "skipped", "total", "fps", "skipped_fps"}
    assert stats["processed"] == len(frames) == 50
    assert stats["skipped"] == stats["total"] - stats["processed"]
    first, last = frames[0]["number"], frames[-1]["number"]
    assert newest["number"] <= first and abs(stats["total"] - (last - first + 1)) <= 2
    given = [one for one in (newest, *every.frames_until(last)) if one["number"] >= first]
    assert abs(stats["skipped_fps"] - (len(given) - 50)) <= 3 and abs(paced(given, 24) - 50) <= 5
    seconds = (frames[-1]["sent"] - frames[0]["sent"]) / 1e9
    assert abs(stats["fps"] - 50 / seconds) <= 3
    assert viewer.until("binary", "stats")["type"] == "binary"


def test_detections_beside_raw_pictures(live, watch):
    viewer = watch(live, RAW, camera_id="CAM1", metadata="true")
    plain = watch(live, RAW, camera_id="CAM1")
    viewer.until("frame")
    plain.until("frame")
    metadata = b'{"vehicle_count": 2}'
    for number in (5, 6):
        body = container_body("CAM1", JPEG if number == 6 else b"", metadata, number, 1 << 60, 9)
        assert live.post(body, CONTAINER)[0] == 200
        message = viewer.until("detections")
        assert message == {"type": "detections", "camera_id": "CAM1", "generation": str(1 << 60),
                           "frame_number": number, "metadata": {"vehicle_count": 2}}
    viewer.say("set", metadata=False)
    viewer.settled()
    live.post(body, CONTAINER)
    for one in (viewer, plain):
        assert all(picture(frame) != JPEG for frame in one.count(0.3, "frame", "detections"))


# --- posted streams ---

def test_a_posted_stream_is_passed_on(broadcaster, watch):
    server = broadcaster()
    server.post_frame("CAM9", JPEG)
    viewer = watch(server, DETECT, camera_id="CAM9", conf=0.5, skip_frames=1)
    said = viewer.until("error")["message"]
    assert "CAM9" in said and "conf" in said
    assert picture(viewer.until("frame")) == JPEG
    for number in range(2, 5):
        time.sleep(0.12)
        server.post_frame("CAM9", grey_jpeg(number))
    assert [one["type"] for one in viewer.count(0.2, "frame", "error")] == ["frame"] * 3


def test_a_camera_that_nobody_detects_says_so(live, watch):
    viewer = watch(live, DETECT, camera_id="CAM1", skip_frames=1)
    assert "CAM1 is not detected here" in viewer.until("error")["message"]
    live.post_frame("CAM1", JPEG)
    assert picture(viewer.until("frame")) == JPEG
    assert "CAM1 is posted by somebody else" in watch(live, DETECT, camera_id="CAM1").until(
        "error")["message"]


def test_a_posted_stream_has_no_raw_pictures(broadcaster, watch):
    server = broadcaster()
    server.post_frame("CAM9", JPEG)
    viewer = watch(server, RAW, camera_id="CAM9")
    assert "CAM9" in viewer.until("error")["message"]
    server.post_frame("CAM9", JPEG)
    assert viewer.count(0.2, "frame") == []


def test_stats_of_posted_frames(broadcaster, watch):
    server = broadcaster()
    server.post_frame("CAM9", JPEG)
    viewer = watch(server, DETECT, camera_id="CAM9", fps=60, skip_frames=1)
    for number in range(1, 56):
        server.post(container_body("CAM9", JPEG, number=2 * number, generation=5), CONTAINER)
        time.sleep(0.02)
    stats = viewer.until("stats")
    assert stats["processed"] == 50 and 90 <= stats["total"] <= 115


# --- parameters ---

WRONG = [
    (DETECT, "conf", ["0.04", "0.96", "nan", "", "1e9"], "conf must be a number from 0.05 to 0.95"),
    (DETECT, "fps", ["0", "61", "0x10", "inf", "-1"], "fps must be a number from 0.1 to 60"),
    (RAW, "fps", ["0", "61"], "fps must be a number from 0.1 to 60"),
    (DETECT, "skip_frames", ["0", "101", "1.5"], "skip_frames must be a whole number from 1 to 100"),
    (DETECT, "show_labels", ["maybe", "2"], "show_labels must be true or false"),
    (RAW, "metadata", ["2"], "metadata must be true or false"),
    (VIEWER, "fps", ["100"], "fps must be a number from 0.1 to 60"),
]


def test_wrong_parameters_are_refused_before_the_upgrade(live):
    for path, name, values, words in WRONG:
        for value in values:
            with pytest.raises(websocket.WebSocketBadStatusException, match="400"):
                StreamViewer(live, path, camera_id="CAM1", **{name: value})
            status, _, answer = live.get(f"{path}?camera_id=CAM1&{name}={value}")
            assert (status, answer["error"]["code"]) == (400, "bad_parameter")
            assert answer["detail"] == words
    for path in (RAW, DETECT):
        status, _, answer = live.get(f"{path}?camera_id=../x")
        assert (status, answer["error"]["code"]) == (400, "bad_camera_id")
        status, _, answer = live.get(f"{path}?camera_id=CAM7")
        assert (status, answer["detail"]) == (404, "there is no camera CAM7")
    assert live.stats()["viewers_opened"] == 0


def test_bounds_are_allowed(live, watch):
    for path, query in [
            (DETECT, {"conf": "0.05", "fps": "0.1", "skip_frames": "100", "show_labels": "false"}),
            (DETECT, {"conf": "0.95", "fps": "60", "skip_frames": "1", "show_labels": "True"}),
            (RAW, {"fps": "30.0", "metadata": "1", "user_id": "somebody"})]:
        watch(live, path, camera_id="CAM1", **query).settled()
    assert live.stats()["viewers"] == 3
    with live.control() as control:
        assert "somebody" in [one["user"] for one in control.ask("viewers")["viewers"]]


def test_which_camera_without_a_name(live, broadcaster, watch):
    watch(live, RAW).until("frame")  # the first configured one
    server = broadcaster()
    with pytest.raises(websocket.WebSocketBadStatusException, match="404"):
        StreamViewer(server, DETECT)
    server.post_frame("only", JPEG)
    watch(server, DETECT).until("frame")
    server = broadcaster(top={"cameras": {"ZED": {"source": "push"}, "ALPHA": {"source": "push"}}})
    assert watch(server, RAW).until("camera_state")["camera_id"] == "ZED"  # by its place in the file


# --- states ---

def test_a_camera_that_says_it_is_offline(told, watch):
    told.say("online")
    told.post_frame("CAM1", JPEG)
    viewer = watch(told, DETECT, camera_id="CAM1")
    viewer.until("frame")
    told.say("offline", "connection refused")
    heard = {one["type"]: one for one in
             [viewer.until("camera_state", "stream_ended", "error") for _ in range(3)]}
    assert heard["stream_ended"]["reason"] == "connection refused"
    since = time.localtime(heard["camera_state"]["since"])
    assert heard["error"]["message"] == (
        f"camera CAM1 is offline since {time.strftime('%H:%M:%S', since)}")


def test_a_capture_that_ends(live, watch):
    viewers = [watch(live, path, camera_id="CAM1") for path in (RAW, DETECT)]
    viewers[0].until("frame")
    for viewer in viewers:
        viewer.settled()
    live.capture.end()
    for viewer in viewers:
        assert viewer.until("camera_state")["state"] == "offline"
        assert viewer.until("error")["message"].startswith("camera CAM1 is offline since ")


@pytest.mark.slow
def test_a_camera_that_goes_offline(live, watch):
    viewer = watch(live, RAW, camera_id="CAM1", timeout=20)
    viewer.until("frame")
    live.camera.end()
    heard = [viewer.until("camera_state", "stream_ended", "error") for _ in range(4)]
    assert [one.get("state", one["type"]) for one in heard if one["type"] != "error"] == [
        "stale", "offline", "stream_ended"]
    late = watch(live, RAW, camera_id="CAM1")
    assert late.until("camera_state")["state"] == "offline"
    assert "is offline since" in late.until("error")["message"]
