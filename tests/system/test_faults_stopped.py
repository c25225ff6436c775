"""Processes that stand still and go on again (SIGSTOP, SIGCONT), as one does that waits for a disk, or
a machine that slept. What has to be seen: nobody else stands still, and afterwards nothing old comes."""

import os
import signal
import time

import pytest

from harness.captures import reader, stats, wait_online
from harness.faults import stopped
from harness.viewer import Viewer
from harness.waiting import wait_until

SNAPSHOT = "/api/cameras/CAM1/snapshot.jpg"


def pid_of(running, name):
    return running.state()[name]["pid"]


def camera_state(running, camera="CAM1"):
    cameras = running.get("/api/cameras")[2]["cameras"]
    return next(one["state"] for one in cameras if one["id"] == camera)


def wait_camera(running, state, timeout=5):
    wait_until(lambda: camera_state(running) == state, timeout, f"the camera is {state}")


def restarts(running):
    return {name: process["restarts"] for name, process in running.state().items()}


def test_a_stopped_capture_is_noticed_and_its_viewers_stay(pipeline, camsim, viewer):
    running = pipeline({"CAM1": {"url": f"{camsim().url}/stream"},
                        "CAM2": {"url": f"{camsim().url}/stream"}}).up()
    watching = viewer(running.url)
    wait_camera(running, "online")
    with stopped(pid_of(running, "capture.CAM1")):
        watching.wait(lambda one: one.get("state") == "stale", 8, "camera_state stale")
        began = time.monotonic()
        assert running.get(SNAPSHOT)[0] == 503
        assert time.monotonic() - began < 5
        assert running.get(SNAPSHOT.replace("CAM1", "CAM2"))[0] == 200
        assert camera_state(running, "CAM2") == "online"
    wait_camera(running, "online")
    wait_until(lambda: running.get(SNAPSHOT)[0] == 200, 2, "a picture")
    assert watching.closed is None and not any(restarts(running).values())


def test_a_stopped_detector_disturbs_nobody(street, viewer):
    running = street()
    watching = viewer(running.url)
    watching.wait_frame(timeout=20)
    with stopped(pid_of(running, "detector.0")):
        with running.control("capture.CAM1") as control:
            frames = control.ask("stats")["frames"]
            wait_until(lambda: control.ask("stats")["frames"] > frames + 20, 5, "pictures go on")
        assert camera_state(running) == "online" and running.get(SNAPSHOT)[0] == 200
        assert not watching.frames(since=time.monotonic() - 0.2) and watching.closed is None
    began = time.monotonic()
    # One picture may have been in work when it was stopped; what it takes next is new.
    wait_until(lambda: len(watching.frames(since=began)) >= 5, 5, "five frames")
    numbers = [one["metadata"]["frame"]["number"] for one in watching.frames()]
    assert numbers == sorted(set(numbers)), "never an older frame"
    gaps = [later - earlier for earlier, later in zip(numbers, numbers[1:])]
    assert max(gaps) > 20 and sum(gap > 20 for gap in gaps) == 1, "what was missed is not made up for"
    assert not any(restarts(running).values())


def test_a_stopped_broadcaster_comes_back_with_fresh_frames(pipeline, worker, viewer):
    """Stopped for longer than it waits for answers to its pings, and than a viewer may stand still."""
    running = pipeline({}, broadcaster={"ping_interval_s": 0.2, "ping_timeout_s": 0.8,
                                        "viewer_stall_s": 0.8}).up()
    worker(running.url)
    watching = [viewer(running.url) for _ in range(20)]
    for one in watching:
        one.wait_frame()
    with stopped(pid_of(running, "broadcaster")):
        time.sleep(1.5)  # nothing is to be seen of a process that stands still
    continued_at = time.monotonic()
    for one in watching:
        wait_until(lambda one=one: len(one.frames(since=continued_at)) >= 10, 5, "frames again")
        assert one.closed is None
        old = [frame for frame in one.frames(since=continued_at)
               if frame["metadata"]["made"] < continued_at - 0.1]
        assert len(old) <= 1, "only what the worker had in flight"
        delays = [frame["at"] - frame["metadata"]["made"] for frame in one.frames(since=continued_at)
                  if frame not in old]
        assert max(delays) < 0.8
    # Nor later, when the deadlines that have passed meanwhile are looked at.
    for one in watching:
        one.wait_frame(since=continued_at + 1)
        assert one.closed is None


@pytest.fixture
def stopped_viewer():
    """stopped_viewer(url) watches CAM1 in a process of its own, which is stopped at its first frame."""
    children = []

    def start(url):
        ready, said = os.pipe()
        children.append(os.fork())
        if children[-1] == 0:
            signal.alarm(0)
            Viewer(url).wait_frame()
            os.write(said, b"x")
            while True:
                signal.pause()
        os.read(ready, 1)
        os.close(ready)
        os.close(said)
        os.kill(children[-1], signal.SIGSTOP)
    yield start
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_stopped_viewer_costs_the_others_nothing(pipeline, worker, viewer, stopped_viewer):
    running = pipeline({}, broadcaster={"viewer_stall_s": 1}).up()
    worker(running.url, fps=50, picture_bytes=60_000)
    watching = viewer(running.url)
    watching.wait_frame()
    stopped_viewer(running.url)
    began = time.monotonic()
    watching.wait_frame(since=began + 1)
    frames = watching.frames(since=began)
    assert len(frames) > 10
    assert max(frame["at"] - frame["metadata"]["made"] for frame in frames) < 0.5
    wait_until(lambda: running.get("/api/broadcast-status")[2]["total_viewers"] == 1, 10,
               "who takes nothing is gone")
    assert "reason=stalled" in running.log_text()


def test_a_stopped_supervisor_restarts_afterwards_what_died(pipeline, camsim, viewer, worker):
    running = pipeline({"CAM1": {"url": f"{camsim().url}/stream"}}).up()
    worker(running.url, camera="POSTED")
    watching = viewer(running.url, "/ws/viewer/detection?camera_id=POSTED")
    capture = pid_of(running, "capture.CAM1")
    with stopped(running.supervisor.pid):
        running.kill("capture.CAM1")
        began = time.monotonic()
        watching.wait_frame(since=began + 0.5)
    running.wait_running("capture.CAM1", 1)
    assert pid_of(running, "capture.CAM1") != capture
    wait_until(lambda: running.get(SNAPSHOT)[0] == 200, 5, "a picture")


def test_a_stopped_capture_goes_on_with_the_newest_picture(capture, camsim):
    """What the camera sent meanwhile lies in the kernel: it is read, not shown one by one."""
    source = capture(url=f"{camsim(fps=25).url}/stream")
    wait_online(source)
    with reader(source) as frames:
        frames.frame()
        with stopped(source.pid):
            time.sleep(1.5)  # the camera goes on sending
        continued_ns = time.monotonic_ns()
        late = 0
        while frames.frame().source_time_ns < time.time_ns() - 300_000_000:
            late += 1
        assert time.monotonic_ns() - continued_ns < 500_000_000, f"{late} old pictures"
    assert stats(source)["reconnects"] == 0
