"""Nothing left: descriptors, memory, shared memory, a run directory that may not be used, a log that
cannot be written. What has to be seen is a clear word, everybody else at work, and a recovery by itself."""

import os
import re
import resource
import socket
import subprocess
import time

import pytest

from harness.captures import reader, stats, wait_more_frames, wait_online
from harness.faults import (cpu_share, descriptors, in_mounts_of, leave_descriptors, leave_memory,
                            limit, own_mounts, sanitized)
from harness.processes import PROGRAMS, ROOT
from harness.waiting import wait_until

# --- descriptors ---


def test_a_broadcaster_without_descriptors_serves_those_it_has(pipeline, worker, viewer):
    running = pipeline({}).up()
    worker(running.url)
    watching = [viewer(running.url) for _ in range(3)]
    for one in watching:
        one.wait_frame()
    pid = running.state()["broadcaster"]["pid"]
    before = len(descriptors(pid))
    leave_descriptors(pid, 5)
    crowd = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(40)]
    wait_until(lambda: "cannot accept" in running.log_text(), 5, "its complaint")
    began = time.monotonic()
    assert cpu_share(pid) < 0.5, "it spins"
    for one in watching:
        assert len(one.frames(since=began)) > 5 and one.closed is None
    for one in crowd:
        one.close()
    viewer(running.url).wait_frame(timeout=2)
    assert running.get("/healthz")[0] == 200
    wait_until(lambda: len(descriptors(pid)) <= before + 1, 5, "the descriptors are free again")
    assert running.log_text().count("cannot accept") <= 2
    assert running.state()["broadcaster"]["restarts"] == 0


def test_a_broadcaster_without_descriptors_finds_its_cameras_again(pipeline, camsim):
    """A ring comes with two descriptors; with room for one only, it cannot be taken."""
    running = pipeline({"CAM1": {"url": f"{camsim().url}/stream"}},
                       broadcaster={"web_dir": str(ROOT / "web")}).up()
    snapshot = "/api/cameras/CAM1/snapshot.jpg"
    wait_until(lambda: running.get(snapshot)[0] == 200, 5, "a picture")
    pid = running.state()["broadcaster"]["pid"]
    room = resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]
    leave_descriptors(pid, 1)
    assert running.get("/")[0] == 503
    assert running.get(snapshot)[0] == 503
    wait_until(lambda: "no room here for its descriptors" in running.log_text(), 5, "its complaint")
    assert cpu_share(pid, 0.5) < 0.3, "it spins"
    limit(pid, resource.RLIMIT_NOFILE, room)
    wait_until(lambda: running.get(snapshot)[0] == 200, 5, "pictures again")
    assert running.get("/")[0] == 200
    assert running.state()["broadcaster"]["restarts"] == 0


def test_a_capture_without_descriptors_goes_on(capture, camsim):
    source = capture(url=f"{camsim().url}/stream")
    wait_online(source)
    with reader(source) as frames:
        frames.frame()
        leave_descriptors(source.pid, 1)
        with source.control(), source.control(), source.control():
            wait_until(lambda: "no control connection" in source.log_text(), 5, "its complaint")
            assert cpu_share(source.pid, 0.5) < 0.3, "it spins"
            frames.frames(10)
        assert stats(source)["reconnects"] == 0


# --- memory ---

needs_address_space = pytest.mark.skipif(
    sanitized(), reason="AddressSanitizer does not run under a limit of address space")


def ended(running, name):
    return re.findall(rf"ended process={re.escape(name)} exit_code=(\d+)", running.log_text())


@needs_address_space
def test_a_broadcaster_out_of_memory_is_started_again(pipeline, worker, viewer, camsim):
    running = pipeline({"CAM2": {"url": f"{camsim().url}/stream"}}).up()
    worker(running.url)
    viewer(running.url).wait_frame()
    before = running.state()
    leave_memory(before["broadcaster"]["pid"], 4096)
    head = (b"POST /api/broadcast-detection HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: 5000000\r\n\r\n")
    crowd = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(4)]
    for one in crowd:
        try:
            one.sendall(head + b" " * 4_900_000)
        except OSError:
            pass  # it is gone before it has taken all
        one.close()
    running.wait_running("broadcaster", 1)
    viewer(running.url).wait_frame()
    assert "error broadcaster out of memory" in running.log_text()
    assert ended(running, "broadcaster") == ["1"]
    assert running.state()["capture.CAM2"] == before["capture.CAM2"]


@needs_address_space
def test_a_capture_out_of_memory_is_started_again(pipeline, worker, viewer, camsim):
    camera = camsim()
    running = pipeline({"CAM1": {"url": f"{camera.url}/stream"}}).up()
    worker(running.url, camera="POSTED")
    watching = viewer(running.url, "/ws/viewer/detection?camera_id=POSTED")
    watching.wait_frame()
    snapshot = "/api/cameras/CAM1/snapshot.jpg"
    wait_until(lambda: running.get(snapshot)[0] == 200, 5, "a picture")
    before = running.state()
    leave_memory(before["capture.CAM1"]["pid"], 1024)
    camera.fault("oversized", 4_000_000, frames=1)
    running.wait_running("capture.CAM1", 1)
    assert ended(running, "capture.CAM1") == ["1"]
    assert "error capture[CAM1] out of memory" in running.log_text()
    wait_until(lambda: running.get(snapshot)[0] == 200, 5, "pictures again")
    assert running.state()["broadcaster"] == before["broadcaster"]
    watching.wait_frame(since=time.monotonic())


@needs_address_space
def test_a_detector_without_more_memory_goes_on_or_is_started_again(street, viewer):
    """What it has may be enough; where it is not, it must not go on without its work."""
    running = street()
    watching = viewer(running.url)
    watching.wait_frame(timeout=20)
    before = running.state()
    leave_memory(before["detector.0"]["pid"], 0)
    watching.wait_frame(since=time.monotonic() + 1, timeout=20)
    deaths = ended(running, "detector.0")
    assert deaths == ["1"] * running.log_text().count("error detector out of memory")
    assert len(deaths) == running.state()["detector.0"]["restarts"] <= 1
    for name in ("broadcaster", "capture.CAM1"):
        assert running.state()[name] == before[name]


# --- shared memory ---


def shm_complaints(source):
    return [line for line in source.log_text().splitlines()
            if line.startswith("error") and "/dev/shm" in line and "No space left" in line]


def test_a_full_dev_shm_is_said_and_waited_for(capture, camsim):
    source = capture(url=f"{camsim().url}/stream",
                     prefix=own_mounts("mount -t tmpfs -o size=64k none /dev/shm"))
    with source.control() as control:
        control.wait(lambda message: "/dev/shm" in message.get("reason", ""), 5, "the reason")
        assert control.status["state"] != "online" and control.status["frames"] == 0
        assert len(shm_complaints(source)) == 1
        in_mounts_of(source.pid, "mount", "-o", "remount,size=8m", "/dev/shm")
        assert control.wait_state("online", 2)["reason"] == ""
    answer = wait_more_frames(source)
    assert answer["reconnects"] == 0, "the camera was not to blame"


def test_a_ring_outlives_a_dev_shm_without_room_for_a_larger_one(capture, camsim):
    camera = camsim()
    source = capture(url=f"{camera.url}/stream",
                     prefix=own_mounts("mount -t tmpfs -o size=1m none /dev/shm"))
    with reader(source) as frames:
        generation = frames.frame().generation
        camera.fault("oversized", 3_000_000, frames=5)
        with source.control() as control:
            control.wait(lambda message: "/dev/shm" in message.get("reason", ""), 5, "the reason")
        wait_more_frames(source)
        assert frames.frame().generation == generation
    wait_until(lambda: stats(source)["reason"] == "", 5, "no complaint")
    assert len(shm_complaints(source)) == 1


# --- the run directory ---


def run_program(pipeline, name, *arguments, prefix=()):
    return subprocess.run([*prefix, PROGRAMS / f"ringcast-{name}", "-c", pipeline.config_path,
                           *arguments], text=True, capture_output=True, check=False, timeout=20)


PROGRAM_ARGUMENTS = [("capture", "--camera", "CAM1"), ("broadcaster",)]
CAMERA = {"CAM1": {"url": "http://127.0.0.1:9/stream"}}


@pytest.mark.parametrize("name, arguments", [(one[0], one[1:]) for one in PROGRAM_ARGUMENTS])
def test_a_read_only_run_directory_is_a_clear_line(pipeline, name, arguments):
    refused = pipeline(CAMERA)
    refused.run_dir.mkdir(mode=0o700)
    prefix = own_mounts('mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"', refused.run_dir)
    done = run_program(refused, name, *arguments, prefix=prefix)
    lines = done.stderr.splitlines()
    assert done.returncode == 78 and len(lines) == 1, done.stderr
    assert str(refused.run_dir) in lines[0] and "Read-only" in lines[0]


def test_a_supervisor_says_that_its_run_directory_is_read_only(pipeline):
    refused = pipeline(CAMERA)
    refused.run_dir.mkdir(mode=0o700)
    refused.prefix = own_mounts('mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"',
                                refused.run_dir)
    assert refused.start().wait_ready() == ""
    assert refused.supervisor.child.wait(5) == 1
    refused.supervisor = None
    lines = refused.log_text().splitlines()
    assert len(lines) == 1 and str(refused.run_dir) in lines[0] and "written" in lines[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("name, arguments", [(one[0], one[1:]) for one in PROGRAM_ARGUMENTS])
def test_a_run_directory_of_somebody_else_is_a_clear_line(pipeline, name, arguments):
    refused = pipeline(CAMERA)
    refused.run_dir.mkdir(mode=0o700)
    os.chown(refused.run_dir, 65534, 65534)
    done = run_program(refused, name, *arguments)
    assert done.returncode == 78 and len(done.stderr.splitlines()) == 1, done.stderr
    assert str(refused.run_dir) in done.stderr and "own" in done.stderr
    done = refused.run("up")
    assert done.returncode == 1 and "chmod 700" in done.stderr
    assert not list(refused.run_dir.iterdir())


# --- the log ---


@pytest.mark.parametrize("stderr", ["/dev/full", " >(true)"], ids=["full", "closed"])
def test_a_log_that_cannot_be_written_stops_nothing(pipeline, camsim, worker, viewer, stderr):
    running = pipeline({"CAM2": {"url": f"{camsim().url}/stream"}},
                       prefix=["bash", "-c", f'exec "$@" 2>{stderr}', "bash"]).up()
    worker(running.url)
    watching = viewer(running.url)
    for restarts in (1, 2):
        watching.wait_frame(since=time.monotonic())
        running.kill("capture.CAM2")
        running.wait_running("capture.CAM2", restarts)
    wait_until(lambda: running.get("/api/cameras/CAM2/snapshot.jpg")[0] == 200, 5, "a picture")
    assert running.state()["broadcaster"]["restarts"] == 0 and watching.closed is None


def test_a_log_that_nobody_reads_stops_nothing(capture, camsim, tmp_path):
    """A full pipe whose reader stands still."""
    os.mkfifo(tmp_path / "log")
    unread = os.open(tmp_path / "log", os.O_RDWR | os.O_NONBLOCK)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(unread, b"x" * 4096)
    prefix = ["bash", "-c", 'log=$1; shift; exec "$@" 2>"$log"', "bash", tmp_path / "log"]
    source = capture(url=f"{camsim().url}/stream", prefix=prefix)
    wait_more_frames(source)
    source.end()
    os.close(unread)
