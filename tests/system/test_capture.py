"""One capture process against every way in which a camera can misbehave."""

import os
import signal
import socket
import time

import pytest

from harness.processes import Capture
from harness.waiting import wait_until


def counters(capture):
    """The status of this moment: what every new connection gets at once."""
    with capture.control() as control:
        return control.receive()


def wait_more_frames(capture, count=10, timeout=10):
    """Until so many more frames have been published; their status then."""
    target = counters(capture)["frames"] + count

    def more():
        status = counters(capture)
        return status if status["frames"] >= target else None
    return wait_until(more, timeout, f"{count} more frames")


def wait_online(capture, timeout=10):
    with capture.control() as control:
        return control.wait_state("online", timeout)


def test_frames_of_a_healthy_camera(camsim, capture):
    camera = camsim()
    status = wait_more_frames(capture(url=f"{camera.url}/stream"), 25)
    assert (status["state"], status["bad"], status["reconnects"]) == ("online", 0, 0)
    assert (status["width"], status["height"]) == (64, 48)
    assert camera.state()["clients"] == 1


# Everything that a stream may do to its framing: nothing is lost for long, no connection is given up.
@pytest.mark.parametrize("name, value", [
    ("no-content-length", None), ("wrong-content-length", 7), ("wrong-content-length", -100),
    ("boundary", "quoted"), ("boundary", "doubled"), ("boundary", "missing"),
    ("boundary", "other"), ("boundary", "after"), ("boundary", "bare"),
    ("chunked", "off"), ("garbage", 500),
])
def test_odd_framing(camsim, capture, name, value):
    option = name if value is None else f"{name}={value}"
    camera = camsim("--fault", option, fps=50)
    status = wait_more_frames(capture(url=f"{camera.url}/stream"), 50)
    assert status["state"] == "online"
    assert status["reconnects"] == 0
    assert status["bad"] <= 3
    assert camera.state()["streams"] == 1


# Pictures that are not whole are counted and left out; the others come through.
@pytest.mark.parametrize("name, value", [
    ("truncated", None), ("corrupt", None), ("oversized", 200_000),
])
def test_bad_pictures_are_left_out(camsim, capture, name, value):
    camera = camsim(fps=50)
    process = capture(url=f"{camera.url}/stream", top={"max_frame_bytes": 65536})
    wait_more_frames(process, 10)
    assert counters(process)["bad"] == 0
    camera.fault(name, value, frames=5)
    wait_until(lambda: counters(process)["bad"] > 0, 10, "bad pictures are counted")
    status = wait_more_frames(process, 25)
    assert status["state"] == "online"
    assert status["reconnects"] == 0
    assert status["bad"] <= 10


@pytest.mark.parametrize("name", ["cut", "reset"])
def test_a_broken_connection_is_made_anew(camsim, capture, name):
    camera = camsim("--clients", "one")
    process = capture(url=f"{camera.url}/stream")
    wait_more_frames(process)
    began = time.monotonic()
    camera.fault(name, frames=1)
    wait_until(lambda: camera.state()["streams"] == 2, 5, "a second connection")
    assert 0.4 < time.monotonic() - began < 3, "an ESP32 must have time to free its only socket"
    status = wait_more_frames(process)
    assert status["reconnects"] == 1
    assert camera.state()["refused"] == 0


def test_a_stalled_camera_goes_stale_and_comes_back(camsim, capture):
    camera = camsim()
    process = capture(url=f"{camera.url}/stream")
    with process.control() as control:
        control.wait_state("online")
        camera.fault("stall")
        began = time.monotonic()
        control.wait_state("stale", 5)
        assert 0.5 < time.monotonic() - began < 2.5
        camera.fault("none")
        control.wait_state("online", 3)
    assert counters(process)["reconnects"] == 0


def test_a_camera_that_stalls_in_a_picture_goes_offline_and_is_connected_anew(camsim, capture):
    camera = camsim()
    process = capture(url=f"{camera.url}/stream")
    with process.control() as control:
        control.wait_state("online")
        camera.fault("stall", "middle", frames=1)
        began = time.monotonic()
        status = control.wait_state("offline", 14)
        assert 8 < time.monotonic() - began < 13
        assert status["reason"]
        control.wait_state("online", 5)
    assert camera.state()["streams"] == 2


def test_a_frozen_picture_is_noticed(camsim, capture):
    camera = camsim("--fault", "frozen")
    process = capture(url=f"{camera.url}/stream")
    with process.control() as control:
        control.wait_state("online")
        began = time.monotonic()
        control.wait_state("frozen", 14)
        assert 8 < time.monotonic() - began < 13
        camera.fault("none")
        control.wait_state("online", 2)


def test_a_slow_trickle_still_makes_frames(camsim, capture):
    process = capture(url=f"{camsim('--fault', 'trickle=10000').url}/stream")
    assert wait_more_frames(process, 3, timeout=15)["bad"] == 0


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_credentials(camsim, capture, scheme):
    url = camsim("--fault", f"401={scheme}", "--credentials", "joe:secret").url
    wait_online(capture(url=f"{url}/stream", user="joe", password="secret"))
    wait_online(capture(url=f"{url.replace('//', '//joe:secret@')}/stream"))


@pytest.mark.parametrize("fault, reason", [("401=basic", "401"), ("500", "500")])
def test_refusals_are_told_and_tried_again(camsim, capture, fault, reason):
    camera = camsim("--fault", fault)
    process = capture(url=f"{camera.url}/stream")
    with process.control() as control:
        control.wait(lambda message: reason in message.get("reason", ""), 10, f"reason {reason}")
        camera.fault("none")
        control.wait_state("online", 10)


def test_redirects_are_followed(camsim, capture):
    camera = camsim("--fault", "redirect")
    wait_online(capture(url=f"{camera.url}/stream"))


def test_redirects_out_of_http_are_not_followed(camsim, capture, clip):
    camera = camsim("--fault", f"redirect=file://{clip}")
    process = capture(url=f"{camera.url}/stream")
    with process.control() as control:
        status = control.wait(lambda message: message.get("reason"), 10, "a reason")
    assert status["frames"] == 0 and status["state"] in ("connecting", "offline")


def test_passwords_are_never_shown(camsim, capture):
    camera = camsim("--fault", "401=basic")
    process = capture(url=f"{camera.url.replace('//', '//joe:swordfish@')}/stream")
    with process.control() as control:
        control.wait(lambda message: "401" in message.get("reason", ""), 10, "the refusal")
        assert "swordfish" not in str(control.status)
        assert "swordfish" not in str(control.ask("stats"))
    assert "swordfish" not in process.log_text()


def test_a_dead_camera_does_not_hold_up_the_start(capture):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        process = capture(url=f"http://127.0.0.1:{unused.getsockname()[1]}/stream")
        with process.control() as control:
            control.wait(lambda message: message.get("reason"), 5, "a reason")
            assert control.status["state"] in ("connecting", "offline")


def test_snapshots(camsim, capture):
    camera = camsim()
    process = capture(url=f"{camera.url}/capture", source="snapshot", source_fps=20)
    status = wait_more_frames(process, 20)
    assert (status["state"], status["bad"]) == ("online", 0)
    assert camera.state()["streams"] == 0


def test_an_unchanged_snapshot_is_alive_and_not_published(camsim, capture):
    camera = camsim("--fault", "frozen")
    process = capture(url=f"{camera.url}/capture", source="snapshot", source_fps=20)
    wait_online(process)
    asked = camera.state()["snapshots"]
    wait_until(lambda: camera.state()["snapshots"] > asked + 30, 5, "snapshots are asked for")
    status = counters(process)
    assert status["state"] == "online" and status["frames"] == 1
    camera.fault("none")
    wait_more_frames(process, 5)


@pytest.mark.parametrize("name", ["truncated", "corrupt", "wrong-content-length", "cut", "reset"])
def test_bad_snapshots_are_left_out(camsim, capture, name):
    camera = camsim()
    process = capture(url=f"{camera.url}/capture", source="snapshot", source_fps=20)
    wait_more_frames(process, 3)
    camera.fault(name, frames=2)
    wait_until(lambda: camera.state()["faults"] == [], 10, "the fault is over")
    wait_more_frames(process, 5)


def test_files_are_played(capture, clip):
    process = capture(source="file", path=str(clip), source_fps=50)
    status = wait_more_frames(process, 75)
    assert (status["state"], status["bad"]) == ("online", 0)


def test_on_demand_connects_only_while_somebody_reads(camsim, capture):
    camera = camsim()
    process = capture(url=f"{camera.url}/stream", capture="on_demand", linger_s=0.3)
    with process.control() as control:
        control.receive()
        assert camera.state()["connections"] == 1, "only the question itself"
        control.send("attach")
        control.wait(lambda message: message["type"] == "ring", 5, "the ring")
        assert len(control.descriptors) == 2
        control.send("detach")
        wait_until(lambda: camera.state()["clients"] == 0, 5, "the connection is closed")
        control.send("attach")
        wait_until(lambda: camera.state()["clients"] == 1, 5, "another connection")
    wait_until(lambda: camera.state()["clients"] == 0, 5, "a reader that is gone wants nothing")


def test_a_killed_capture_is_replaced_at_its_socket(camsim, tmp_path):
    camera = camsim()
    settings = {"url": f"{camera.url}/stream"}
    first = Capture(tmp_path / "capture", "CAM1", **settings)
    try:
        wait_more_frames(first)
        os.kill(first.pid, signal.SIGKILL)
        first.child.wait()
        second = Capture(tmp_path / "capture", "CAM1", **settings)
        try:
            wait_more_frames(second)
        finally:
            assert second.end() == 0
    finally:
        first.end()
    assert not list((tmp_path / "capture" / "run").iterdir())


def test_sigterm_ends_it_at_once(camsim, capture):
    process = capture(url=f"{camsim().url}/stream")
    wait_online(process)
    began = time.monotonic()
    assert process.end() == 0
    assert time.monotonic() - began < 1
    assert not list((process.folder / "run").iterdir())
