"""Whose camera it is, and what the detector is told of those who watch."""

import json
import os
import signal
import socket

import pytest

from harness.broadcaster import CONTAINER, assert_error, container_body, json_body
from harness.jpeg import grey_jpeg
from harness.processes import http
from harness.waiting import wait_until

JPEG = grey_jpeg(1)


# --- whose camera it is ---

@pytest.fixture
def detected(broadcaster, tmp_path):
    """A broadcaster that has a detector in its configuration, and the detector's socket."""
    names = tmp_path / "coco.names"
    names.write_text("person\ncar\n")
    model = tmp_path / "model.onnx"
    model.write_bytes(b"never loaded")
    run_dir = tmp_path / "broadcaster.0" / "run"
    run_dir.mkdir(parents=True, mode=0o700)
    detector = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    detector.bind(str(run_dir / "detector.0.sock"))
    detector.listen()
    detector.settimeout(5)
    url = "http://127.0.0.1:1/"
    server = broadcaster(top={
        "detector": {"model": str(model), "names": str(names), "conf": 0.3, "quality": 80},
        "cameras": {"CAM1": {"url": url, "fps": 5}, "CAM2": {"url": url, "detect": "off"},
                    "phone": {}}})

    def demanding():
        """The broadcaster's connection that demands; another one asks for `stats`."""
        while True:
            connection, _ = detector.accept()
            connection.settimeout(5)
            if json.loads(connection.recv(65536, socket.MSG_PEEK))["type"] == "demand":
                return connection
            asking.append(connection)
    asking = []
    server.demanding = demanding
    yield server
    detector.close()


def test_the_local_detector_owns_its_cameras(detected):
    for camera in ("CAM1", "phone"):
        status, answer = detected.post(json_body(camera, JPEG))
        assert status == 409
        assert_error(answer)
    for camera in ("CAM2", "other"):
        detected.post_frame(camera, JPEG)

    for camera in ("CAM1", "other"):
        body = container_body(camera, JPEG, b'{"timestamp":"x"}')
        local = socket.socket(socket.AF_UNIX)
        local.connect(str(detected.run_dir / "broadcaster.http.sock"))
        local.sendall(f"POST /api/broadcast-detection HTTP/1.1\r\nHost: anything\r\n"
                      f"Content-Type: {CONTAINER}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                      + body)
        answer = local.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200 ") and b'"timestamp":"x"' in answer
    assert {name: one["frame_count"] for name, one in detected.streams().items()} == {
        "CAM1": 1, "CAM2": 1, "other": 2}


def test_demand(detected):
    detector = detected.demanding()

    def told():
        message = json.loads(detector.recv(65536))
        assert message.keys() == {"type", "after", "next", "cameras"}
        assert (message["type"], message["after"], message["next"]) == ("demand", "", None)
        return message["cameras"]

    assert told() == []
    _others = [detected.watch(camera) for camera in ("CAM2", "foreign")]
    first = detected.watch("CAM1")
    wanted = [{"camera": "CAM1", "rate": 5.0, "metadata": False, "renderings": [
        {"id": 0, "conf": 0.3, "show_labels": True, "quality": 80}]}]
    assert told() == wanted
    second = detected.watch("CAM1")
    first.close()
    wait_until(lambda: detected.viewers("CAM1") == 1, 2, "one viewer left")
    second.close()
    assert told() == []

    _third = detected.watch("CAM1")
    assert told() == wanted
    detector.close()
    detector = detected.demanding()
    assert told() == wanted


def test_a_demand_comes_in_pages(detected):
    names = [f"C{number:063}" for number in range(600)]
    before = detected.stats()["config_hash"]
    detected.config["cameras"] = {name: {"url": "http://127.0.0.1:1/", "fps": 29.97}
                                  for name in names}
    detected.write_config()
    os.kill(detected.pid, signal.SIGHUP)
    wait_until(lambda: detected.stats()["config_hash"] != before, 5, "the new configuration")
    _viewers = [detected.watch_raw(name) for name in names]
    assert detected.stats()["viewers"] == len(names)
    detector = detected.demanding()
    wanted = []
    while len(wanted) < len(names):
        page = json.loads(detector.recv(65536))
        known = [one["camera"] for one in page["cameras"]]
        assert all(page["after"] < name for name in known)
        assert page["next"] is None or all(name <= page["next"] for name in known)
        wanted = [name for name in wanted if name <= page["after"] or
                  (page["next"] is not None and name > page["next"])] + known
        wanted.sort()
    assert wanted == names and page["next"] is None
    detector.setblocking(False)
    with pytest.raises(BlockingIOError):  # neither more nor the end
        detector.recv(65536)


def test_a_snapshot_with_boxes_is_demand(detected):
    detector = detected.demanding()
    assert json.loads(detector.recv(65536))["cameras"] == []
    connection = detected.raw(b"GET /api/cameras/CAM1/snapshot.jpg?annotated=1 HTTP/1.1\r\n"
                              b"Host: localhost\r\n\r\n")
    assert [one["camera"] for one in json.loads(detector.recv(65536))["cameras"]] == ["CAM1"]
    assert detected.viewers("CAM1") == 0
    connection.close()
    assert json.loads(detector.recv(65536))["cameras"] == []


def test_the_real_detector_follows(street, viewer):
    running = street()

    def stream():
        return next(iter(running.get("/api/broadcast-status")[2]["broadcasters"]))

    def captured():
        with running.control("capture.CAM1") as control:
            return control.ask("stats")["frames"]

    watching = viewer(running.url)
    watching.wait_frame(timeout=20)
    assert http("POST", f"{running.url}/api/broadcast-detection", json_body("CAM1", JPEG),
                {"Content-Type": "application/json"})[0] == 409
    watching.close()
    wait_until(lambda: stream()["viewers"] == 0, 2, "no viewer")

    def rests():
        """Nothing is posted while the camera goes on."""
        count, before = stream()["frame_count"], captured()
        wait_until(lambda: captured() > before + 10, 10, "the camera goes on")
        return stream()["frame_count"] == count
    wait_until(rests, 10, "a rest, when the rendering has lingered")
    count = stream()["frame_count"]
    status, _, picture = running.get("/api/cameras/CAM1/snapshot.jpg?annotated=1&max_age=0.1")
    assert status == 200 and picture[:2] == b"\xff\xd8"
    assert stream()["frame_count"] > count
