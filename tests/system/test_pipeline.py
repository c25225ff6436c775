"""The whole pipeline: pictures keep coming whatever dies, for three viewers at once."""

import os
import signal
import time

import pytest

from harness.processes import http
from harness.waiting import wait_until


def streams(running):
    return {stream["camera_id"]: stream
            for stream in running.get("/api/broadcast-status")[2]["broadcasters"]}


def test_viewers_see_detections_of_a_street(street, viewer):
    running = street()
    watching = viewer(running.url)
    message = watching.wait(
        lambda one: one["type"] == "frame" and one["metadata"]["vehicle_count"] > 0, 20, "a vehicle")
    assert message["camera_id"] == "CAM1"
    metadata = message["metadata"]
    detection = metadata["detections"][0]
    assert set(detection) >= {"class", "confidence", "bbox", "center"}
    assert 0.3 <= detection["confidence"] <= 1
    left, top, width, height = detection["bbox"]
    assert 0 <= left and 0 <= top and left + width <= 640 and top + height <= 352
    assert detection["center"] == pytest.approx([left + width / 2, top + height / 2], abs=0.11)
    assert metadata["frame"]["camera"] == "CAM1" and metadata["source"]["number"] > 0
    assert set(metadata["stages"]) >= {"received", "published", "taken", "inferred", "encoded"}
    wait_until(lambda: len(watching.frames()) > 20, 10, "twenty frames")
    numbers = [one["metadata"]["frame"]["number"] for one in watching.frames()]
    assert numbers == sorted(set(numbers)), "never an older frame"


def test_a_new_viewer_gets_the_newest_frame_at_once(street, viewer, started):
    """Without waiting for the next one: the camera sends none any more."""
    running = street()
    first = viewer(running.url)
    first.wait_frame(timeout=20)
    started[0].fault("stall")
    first.wait(lambda one: one["type"] == "camera_state" and one["state"] == "stale", 5, "stale")
    frame = viewer(running.url).wait_frame(timeout=2)
    assert frame["stale"] is True
    assert frame["frame_count"] == first.frames()[-1]["frame_count"]


@pytest.mark.parametrize("name, within", [("capture.CAM1", 1.5), ("detector.0", 4)])
def test_pictures_resume_after_a_kill_and_no_viewer_is_dropped(street, viewer, name, within):
    running = street()
    watching = [viewer(running.url) for _ in range(3)]
    for restarts in range(1, 3):
        for one in watching:
            one.wait_frame(since=time.monotonic(), timeout=20)
        running.kill(name)
        began = time.monotonic()
        running.wait_running(name, restarts)
        for one in watching:
            one.wait_frame(since=time.monotonic())
        assert time.monotonic() - began < within
    assert all(one.closed is None for one in watching)


def test_viewers_come_back_after_the_broadcaster_was_killed(street, viewer):
    running = street()
    watching = [viewer(running.url) for _ in range(3)]
    for one in watching:
        one.wait_frame(timeout=20)
    running.kill("broadcaster")
    began = time.monotonic()
    wait_until(lambda: all(one.closed for one in watching), 2, "every viewer notices")
    running.wait_running("broadcaster", 1)
    for one in [viewer(running.url) for _ in range(3)]:
        one.wait_frame()
    assert time.monotonic() - began < 3


def test_two_cameras_do_not_mix(street, viewer):
    running = street(("CAM1", "CAM2"))
    first = viewer(running.url)
    second = viewer(running.url, "/ws/viewer/detection?camera_id=CAM2")
    for one, name in ((first, "CAM1"), (second, "CAM2")):
        one.wait_frame(timeout=20)
        wait_until(lambda one=one: len(one.frames()) > 5, 10, "frames")
        assert {message["camera_id"] for message in one.frames()} == {name}
        assert {message["metadata"]["frame"]["camera"] for message in one.frames()} == {name}
    running.kill("capture.CAM2")
    first.wait_frame(since=time.monotonic() + 0.2)
    assert {name: stream["viewers"] for name, stream in streams(running).items()} == {
        "CAM1": 1, "CAM2": 1}


def configured(running):
    """Ids of the configured cameras: streams that others post are listed beside them."""
    return {camera["id"] for camera in running.get("/api/cameras")[2]["cameras"]
            if camera["source"] != "post"}


def test_reload_adds_and_removes_a_camera_while_somebody_watches(street, camsim, viewer):
    running = street()
    watching = viewer(running.url)
    watching.wait_frame(timeout=20)
    running.config["cameras"]["CAM2"] = {"url": f"{camsim().url}/stream", "fps": 5}
    running.write_config()
    assert running.run("reload").returncode == 0
    running.wait_running("capture.CAM2", 0)
    other = viewer(running.url, "/ws/viewer/detection?camera_id=CAM2")
    other.wait_frame()
    assert configured(running) == {"CAM1", "CAM2"}
    del running.config["cameras"]["CAM2"]
    running.write_config()
    assert running.run("reload").returncode == 0
    other.wait(lambda one: one["type"] == "stream_ended", 5, "the end of CAM2")
    wait_until(lambda: configured(running) == {"CAM1"}, 5, "CAM2 is configured no longer")
    assert watching.closed is None
    watching.wait_frame(since=time.monotonic())


def test_a_closed_tab_is_gone_at_once(street, viewer):
    running = street()
    watching = [viewer(running.url) for _ in range(10)]
    for one in watching:
        one.wait_frame(timeout=20)
    assert streams(running)["CAM1"]["viewers"] == 10
    for left in range(9, -1, -1):
        watching.pop().close()
        wait_until(lambda left=left: streams(running)["CAM1"]["viewers"] == left, 0.2,
                   "the viewer is counted no longer")


def test_nobody_watches_nothing_is_detected(street, viewer):
    running = street()
    watching = viewer(running.url)
    watching.wait_frame(timeout=20)
    watching.close()
    wait_until(lambda: streams(running)["CAM1"]["viewers"] == 0, 2, "nobody watches")

    def still():
        before = streams(running)["CAM1"]["frame_count"]
        time.sleep(0.5)  # the absence of frames has no event
        return streams(running)["CAM1"]["frame_count"] == before
    wait_until(still, 10, "no further frames")


def test_a_stopped_viewer_slows_nobody_down(street, viewer):
    running = street()
    watching = viewer(running.url)
    watching.wait_frame(timeout=20)
    stopped = os.fork()
    if stopped == 0:
        signal.alarm(0)
        from harness.viewer import Viewer
        Viewer(running.url)
        while True:
            signal.pause()
    try:
        wait_until(lambda: streams(running)["CAM1"]["viewers"] == 2, 10, "the second viewer")
        os.kill(stopped, signal.SIGSTOP)
        began = time.monotonic()
        wait_until(lambda: len(watching.frames(since=began)) >= 20, 10, "twenty frames")
        ages = [one["timestamp"] for one in watching.frames(since=began)]
        assert max(later - earlier for earlier, later in zip(ages, ages[1:])) < 1.5
    finally:
        os.kill(stopped, signal.SIGKILL)
        os.waitpid(stopped, 0)


def test_a_camera_that_fails_is_told_to_its_viewers(street, viewer, camsim, started):
    running = street()
    camera = started[0]
    watching = viewer(running.url)
    watching.wait_frame(timeout=20)
    camera.fault("stall")
    watching.wait(lambda one: one["type"] == "camera_state" and one["state"] == "stale", 5,
                  "camera_state stale")
    camera.fault("none")
    seen = time.monotonic()
    watching.wait(lambda one: one["type"] == "camera_state" and one["state"] == "online"
                  and one["at"] >= seen, 5, "camera_state online")
    watching.wait_frame(since=seen)


def test_raw_snapshot_without_a_model(camsim, pipeline, clip):
    running = pipeline({"CAM1": {"url": f"{camsim().url}/stream"}}).up()
    status, head, jpeg = wait_until(
        lambda: (answer := http("GET", f"{running.url}/api/cameras/CAM1/snapshot.jpg"))[0] == 200
        and answer, 10, "a snapshot")
    assert head["Content-Type"] == "image/jpeg" and jpeg in clip.read_bytes()
