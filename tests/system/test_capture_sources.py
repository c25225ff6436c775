"""One capture process: demand, snapshots, files, reload, its own life and death."""

import json
import os
import signal
import socket
import statistics
import subprocess
import threading
import time

import pytest

from harness.captures import (descriptors, reader, reload, server, stats, wait_more_frames,
                              wait_online, wait_reason)
from harness.faults import own_mounts
from harness.jpeg import grey_jpeg, picture_number, write_clip
from harness.processes import PROGRAMS, Capture
from harness.waiting import wait_until

LARGE = 3_000_000

# --- demand ---


def test_on_demand_connects_only_for_readers(capture, camsim):
    camera = camsim()
    source = capture(url=f"{camera.url}/stream", capture="on_demand", linger_s=0.5)
    with source.control() as control:
        control.wait_state("connecting")
        assert "on_demand" in control.status["reason"]
        control.ask("stats")  # whoever only asks wants no pictures
        assert camera.state()["streams"] == 0
        with reader(source) as frames:
            frames.frames(3)
        left = time.monotonic()
        control.wait(lambda message: "on_demand" in message.get("reason", ""), 5, "the end")
        assert 0.4 < time.monotonic() - left < 2
        assert control.status["state"] == "connecting"
        wait_until(lambda: camera.state()["clients"] == 0, 1, "no client")
        # Somebody who comes back within the linger finds the connection still there.
        with reader(source) as frames:
            frames.frames(3)
        with reader(source) as frames:
            frames.frames(20)
        assert camera.state()["streams"] == 2
        assert stats(source)["reconnects"] == 1


def test_a_detached_reader_is_no_demand(camsim, capture):
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


# --- snapshots ---


def unchanged_for(source, seconds):
    """The number of frames when it has stood still for so long."""
    before = stats(source)["frames"]
    time.sleep(seconds)
    return before if stats(source)["frames"] == before else None


def test_snapshots_are_polled_and_unchanged_ones_not_published(capture, camsim):
    camera = camsim(fps=25)
    source = capture(source="snapshot", url=f"{camera.url}/capture", source_fps=20)
    with reader(source) as frames:
        taken = frames.frames(20)
        assert all(frame.jpeg == grey_jpeg(picture_number(frame.jpeg)) for frame in taken)
        assert len({frame.source_number for frame in taken}) == 20
        camera.fault("frozen")
        before = wait_until(lambda: unchanged_for(source, 0.4), 5, "no new picture")
        asked = camera.state()["snapshots"]
        wait_until(lambda: camera.state()["snapshots"] > asked + 30, 5, "questions all the same")
        answer = stats(source)
        assert answer["frames"] == before
        assert answer["state"] == "online" and answer["fps"] < 20
        camera.fault("none")
        frames.frames(3)


def test_snapshots_skip_slots_and_never_overlap(capture):
    busy = threading.Lock()
    overlapped = []

    def slow(handler):
        if not busy.acquire(blocking=False):
            overlapped.append(handler.path)
        time.sleep(0.25)  # a slow camera: longer than two slots
        busy.release()
        number = len(handler.server.requests)
        handler.reply(200, grey_jpeg(number), Content_Type="image/jpeg",
                      Last_Modified=f"Wed, 07 Jan 2026 12:00:{number:02} GMT")

    with server(slow) as web:
        source = capture(source="snapshot", url=web.url, source_fps=10)
        with reader(source) as frames:
            frames.frames(6)
        source.end()
        asked = [at for at, _, _ in web.requests]
        steps = [round((b - a) * 10) for a, b in zip(asked, asked[1:])]
        assert all(step >= 3 for step in steps), steps
        assert not overlapped
        # 10 a second: slots lie whole tenths of a second from the first; on a busy machine some are late.
        slots = [(at - asked[0]) * 10 for at in asked[1:]]
        assert statistics.median(abs(slot - round(slot)) for slot in slots) < 0.2
        conditions = [headers.get("If-Modified-Since") for _, _, headers in web.requests]
        assert conditions[:3] == [None, "Wed, 07 Jan 2026 12:00:01 GMT",
                                  "Wed, 07 Jan 2026 12:00:02 GMT"]


def test_bad_snapshots(capture, camsim):
    camera = camsim(fps=25)
    source = capture(source="snapshot", url=f"{camera.url}/capture", source_fps=20,
                     top={"max_frame_bytes": LARGE - 1})
    with reader(source) as frames:
        frames.frames(3)
        for fault, value, cause in (("truncated", None, "truncated"), ("corrupt", None, "corrupt"),
                                    ("oversized", LARGE, "too_large")):
            camera.fault(fault, value, frames=2)
            wait_until(lambda cause=cause: stats(source)["bad"][cause] == 2, 5, f"2 {cause}")
            frames.frames(3)
        assert stats(source)["reconnects"] == 0
        camera.fault("500", frames=1)
        wait_reason(source, "500")
        frames.frames(3)
        assert stats(source)["reconnects"] == 1


@pytest.mark.parametrize("name", ["wrong-content-length", "cut", "reset"])
def test_broken_answers_are_asked_for_again(camsim, capture, name):
    camera = camsim()
    process = capture(url=f"{camera.url}/capture", source="snapshot", source_fps=20)
    wait_more_frames(process, 3)
    camera.fault(name, frames=2)
    wait_until(lambda: camera.state()["faults"] == [], 10, "the fault is over")
    wait_more_frames(process, 5)


# --- files ---


def test_a_clip_plays_in_a_loop_at_its_rate(capture, tmp_path):
    clip = write_clip(tmp_path / "short.mjpeg", count=7)
    with reader(capture(source="file", path=str(clip), source_fps=40)) as frames:
        taken = frames.frames(81)
    assert all(frame.jpeg == grey_jpeg(frame.source_number) for frame in taken)
    assert {frame.source_number for frame in taken} == set(range(1, 8))
    # By the clock, not by waiting after each: what is late, and most are not, makes none behind it late.
    late = [((frame.captured_ns - taken[0].captured_ns) / 25e6
             - (frame.source_number - taken[0].source_number) + 3.5) % 7 for frame in taken]
    assert abs(statistics.median(late[:11]) - statistics.median(late[-11:])) < 0.5, "of a period"


def test_a_folder_and_a_recorded_stream(capture, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in (1, 2, 10):
        (folder / f"{number}.JPG").write_bytes(grey_jpeg(number))
    (folder / "3.jpeg").write_bytes(grey_jpeg(3)[:-500])
    (folder / "notes.txt").write_text("no picture")
    source = capture(source="file", path=str(folder), source_fps=50)
    with reader(source) as frames:
        order = [picture_number(frame.jpeg) for frame in frames.frames(30)]
    assert set(zip(order, order[1:])) >= {(1, 2), (2, 10), (10, 1)}
    assert stats(source)["bad"]["truncated"] > 0

    recorded = tmp_path / "recorded.mjpeg"
    recorded.write_bytes(b"".join(
        b"--B\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n"
        % (len(grey_jpeg(number)), grey_jpeg(number)) for number in (5, 6)))
    with reader(capture(source="file", path=str(recorded), source_fps=50)) as frames:
        assert {picture_number(frame.jpeg) for frame in frames.frames(10)} == {5, 6}


def test_a_file_that_is_not_there_yet(capture, tmp_path):
    source = capture(source="file", path=str(tmp_path / "late.mjpeg"), source_fps=50)
    wait_reason(source, "no such file or directory")
    (tmp_path / "late.mjpeg").write_text("this is no clip")
    wait_reason(source, "there is no JPEG in it")
    write_clip(tmp_path / "late.mjpeg")
    with reader(source) as frames:
        frames.frames(3, 10)


# --- the process ---


def test_reload_keeps_readers(capture, camsim):
    first, second = camsim(), camsim()
    source = capture(url=f"{first.url}/stream")
    with reader(source) as frames:
        generation = frames.frames(3)[0].generation
        reload(source, fps=3)
        assert first.state()["streams"] == 1 and stats(source)["reconnects"] == 0
        reload(source, url=f"{second.url}/stream")
        wait_until(lambda: second.state()["clients"] == 1, 5, "the other camera")
        frames.frames(30)
        assert first.state()["clients"] == 0
        reload(source, source="snapshot", url=f"{second.url}/capture")
        wait_until(lambda: second.state()["snapshots"] > 0, 5, "snapshots")
        frame = frames.frames(3)[-1]
        assert frame.generation == generation
        assert second.state()["clients"] == 0
        reload(source, capture="on_demand", linger_s=0)
        frames.frames(3)
        assert stats(source)["readers"] == 1
    wait_reason(source, "on_demand")


def test_reload_of_the_largest_frame(capture, camsim):
    camera = camsim("--fault", "oversized=300000")
    process = capture(url=f"{camera.url}/stream", top={"max_frame_bytes": 200_000})
    wait_until(lambda: stats(process)["bad"]["too_large"] > 0, 5, "pictures that are too large")
    with reader(process) as frames:
        reload(process, top={"max_frame_bytes": 400_000})
        # The limit is the ring's: its readers have to come again.
        with pytest.raises(ConnectionError):
            frames.frame()
    with reader(process) as frames:
        assert frames.frame().size >= 300_000


def test_reload_of_a_broken_file_changes_nothing(capture, camsim):
    source = capture(url=f"{camsim().url}/stream")
    with reader(source) as frames:
        frames.frames(2)
        (source.folder / "ringcast.json").write_text("{")
        source.child.send_signal(signal.SIGHUP)
        wait_until(lambda: "error capture[CAM1]" in source.log_text(), 5, "the error")
        frames.frames(5)


def test_a_camera_that_is_not_configured_any_more_ends_its_capture(capture, camsim):
    source = capture(url=f"{camsim().url}/stream")
    with reader(source) as frames:
        frames.frames(2)
        (source.folder / "ringcast.json").write_text(
            json.dumps({"run_dir": str(source.folder / "run"), "cameras": {}}))
        source.child.send_signal(signal.SIGHUP)
        assert source.child.wait(5) == 0
    assert "error" not in source.log_text()


def test_a_hundred_reconnects_leave_nothing_behind(capture):
    def refuse(handler):
        handler.reply(503 if len(handler.server.requests) % 2 else 404)

    with server(refuse) as web:
        source = capture(url=web.url + "/0")
        wait_until(lambda: web.requests, 5, "the first request")
        before = None
        for attempt in range(1, 101):
            reload(source, url=f"{web.url}/{attempt}")
            wait_until(lambda: len(web.requests) > attempt, 5, "the next request")
            if attempt == 10:
                before = descriptors(source)
        wait_until(lambda: descriptors(source) <= before, 5, "as many descriptors as before")
        assert stats(source)["reconnects"] == 100


def test_a_pushed_camera_needs_no_capture(tmp_path):
    config = tmp_path / "ringcast.json"
    config.write_text(json.dumps({"run_dir": str(tmp_path / "run"),
                                  "cameras": {"CAM1": {"source": "push"}}}))
    done = subprocess.run([PROGRAMS / "ringcast-capture", "-c", config, "--camera", "CAM1"],
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 78
    assert "no capture" in done.stderr


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


def test_sigterm_does_not_wait_for_a_silent_name_server(capture, tmp_path):
    resolver = tmp_path / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.77\n")
    prefix = own_mounts('mount --bind "$1" /etc/resolv.conf', resolver)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        try:
            server.bind(("127.0.0.77", 53))
        except OSError as error:
            pytest.skip(f"needs a name server's port: {error}")
        process = capture(url="http://camera.example/stream", prefix=prefix)
        server.settimeout(10)
        server.recv(512)
        began = time.monotonic()
        assert process.end(20) == 0
        assert time.monotonic() - began < 2
