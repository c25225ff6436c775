"""A wall clock that is set back and forward while everything runs. What has to be seen: nothing but the
times shown to people follows it."""

import itertools
import time
from pathlib import Path

import pytest

from harness.captures import reader, stats, wait_online
from harness.faults import sanitized
from harness.waiting import wait_until

FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
HOUR_S = 3600

pytestmark = [
    pytest.mark.skipif(FAKETIME is None, reason="needs the Debian package libfaketime"),
    pytest.mark.skipif(sanitized(), reason="AddressSanitizer wants to be the first library"),
]


class WallClock:
    """CLOCK_REALTIME of the processes that run in `environment`; CLOCK_MONOTONIC stays what it is.

    The library has one semaphore for a process and all below it, which is taken to read the clock and to begin.
    Whoever is killed with it leaves everybody else waiting for ever, the supervisor first. So what the
    supervisor starts is not told of its semaphore, and makes its own."""

    def __init__(self, file):
        self.file = file
        self.set(0)
        own = file.with_suffix(".bash")
        own.write_text("unset FAKETIME_SHARED\n")
        self.environment = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(file),
                            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                            "BASH_ENV": str(own)}

    def set(self, offset_s):
        new = self.file.with_suffix(".new")
        new.write_text(f"{offset_s:+d}s\n")
        new.rename(self.file)


@pytest.fixture
def wall_clock(tmp_path):
    return WallClock(tmp_path / "wall_clock")


def faketime_leftovers():
    return set(Path("/dev/shm").glob("*faketime*"))


@pytest.fixture(scope="module", autouse=True)
def shared_memory_as_it_was():
    """The library leaves its own behind when a process is killed."""
    before = faketime_leftovers()
    yield
    for file in faketime_leftovers() - before:
        file.unlink(missing_ok=True)


def wall_offset_s(frame):
    """How far the wall-clock time of this frame is from ours."""
    return (frame.captured_realtime_ns - time.time_ns()) / 1e9


def test_a_capture_whose_clock_is_set_goes_on(capture, camsim, wall_clock):
    camera = camsim()
    source = capture(url=f"{camera.url}/stream", environment=wall_clock.environment)
    wait_online(source)
    with reader(source) as frames, source.control() as control:
        taken = [frames.frame()]
        assert abs(wall_offset_s(taken[0])) < 5
        for offset_s in (-HOUR_S, 24 * HOUR_S, 0):
            wall_clock.set(offset_s)
            wait_until(lambda offset_s=offset_s: abs(
                wall_offset_s(taken.append(frames.frame()) or taken[-1]) - offset_s) < 5, 5,
                "the new time of day")
            taken += frames.frames(5)
            answer = stats(source)
            assert answer["state"] == "online" and answer["newest_age_ms"] < 1000
            assert 10 < answer["fps"] < 40 and answer["reconnects"] == 0
        with pytest.raises(AssertionError, match="a change"):
            control.wait(lambda message: message["type"] == "status"
                         and message["state"] != "online", 0.1, "a change of state")
    for earlier, later in itertools.pairwise(taken):
        assert later.number > earlier.number and later.generation == earlier.generation
        assert earlier.published_ns < later.published_ns


def test_generations_grow_although_the_clock_goes_back(capture, camsim, wall_clock):
    camera = camsim()
    source = capture(url=f"{camera.url}/stream", environment=wall_clock.environment)
    with reader(source) as frames:
        generations = [frames.frame().generation]
        for offset_s, size in ((-HOUR_S, 400_000), (-2 * HOUR_S, 1_000_000)):
            wall_clock.set(offset_s)
            camera.fault("oversized", size, frames=3)
            wait_until(lambda: frames.frame().generation != generations[-1], 5, "a larger ring")
            generations.append(frames.ring.generation)
    assert generations == sorted(set(generations))


def test_viewers_do_not_notice_that_the_clock_is_set(pipeline, camsim, worker, viewer, wall_clock):
    running = pipeline({"CAM2": {"url": f"{camsim().url}/stream"}},
                       environment=wall_clock.environment).up()
    worker(running.url)
    watching = viewer(running.url)
    snapshot = "/api/cameras/CAM2/snapshot.jpg"
    jumps = ((-HOUR_S, "0.00 s"), (24 * HOUR_S, "24 h"))
    for restarts, (offset_s, up) in enumerate(jumps, start=1):
        watching.wait_frame(since=time.monotonic())
        wall_clock.set(offset_s)
        watching.wait(lambda one, at=offset_s: one["type"] == "frame"
                      and abs(one["timestamp"] - time.time() - at) < 5, 5, "the new time of day")
        wait_until(lambda: running.get(snapshot)[0] == 200, 2, "a picture")
        assert {one["state"] for one in running.get("/api/cameras")[2]["cameras"]} == {"online"}
        running.kill("capture.CAM2")
        running.wait_running("capture.CAM2", restarts)
        wait_until(lambda: running.get(snapshot)[0] == 200, 3, "a picture of the new capture")
        status = running.run("status")
        assert status.returncode == 0 and f'up="{up}"' in status.stdout, status.stdout
    arrivals = [one["at"] for one in watching.frames()]
    assert max(later - earlier for earlier, later in itertools.pairwise(arrivals)) < 1
    assert not [one for one in watching.messages if one["type"] == "stream_ended"
                or one.get("state") in ("stale", "offline")]
    assert watching.closed is None
