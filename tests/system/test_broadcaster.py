"""The broadcaster alone: frames in by every form and out again, its limits, its life."""

import base64
import json
import os
import signal
import struct
import subprocess
import time

import pytest
import websocket

from harness.broadcaster import (BINARY, CONTAINER, JSON, assert_error, container_body,
                                 decode_container, jpeg_of, json_body, post_as, receive,
                                 receive_frame)
from harness.jpeg import grey_jpeg
from harness.processes import PROGRAMS, http
from harness.waiting import wait_until

JPEG = grey_jpeg(1)
METADATA = {"vehicle_count": 3, "occupied_spaces": 2, "timestamp": "2026-01-07T12:30:45.123456",
            "detections": [{"class": "car", "confidence": 0.9, "bbox": [100, 200, 150, 100]}]}


# --- the clients that must work as they are ---

def test_worker_and_viewer_of_the_replaced_system(broadcaster):
    server = broadcaster()
    viewer = server.watch("CAM1")
    answer = server.post_frame("CAM1", JPEG, METADATA)
    assert answer == {"success": True, "viewers": 1, "camera_id": "CAM1", "frame_size": len(JPEG),
                      "timestamp": METADATA["timestamp"]}
    message = receive(viewer)
    assert message["type"] == "frame"
    assert message["camera_id"] == "CAM1"
    assert message["metadata"] == METADATA
    assert message["frame_count"] == 1
    assert abs(message["timestamp"] - time.time()) < 5
    assert jpeg_of(message) == JPEG
    viewer.send("ping")
    while (text := viewer.recv()) != "pong":
        assert json.loads(text)["type"] != "frame"
    entry = server.streams()["CAM1"]
    assert (entry["viewers"], entry["frame_count"]) == (1, 1)
    assert abs(entry["last_update"] - message["timestamp"]) < 0.001


def test_metadata_passes_byte_for_byte(broadcaster):
    server = broadcaster()
    viewer = server.watch()
    metadata = '{ "a" : 0.90, "b":1e3 , "\\u00e4":"\\/", "timestamp" : 1.50 }'
    body = (f'{{"metadata":{metadata},"unknown":[1,{{}}],"camera_id":"CAM1",'
            f'"frame_base64":"{base64.b64encode(JPEG).decode()}"}}')
    status, _, answer = http("POST", f"{server.url}/api/broadcast-detection", body.encode(),
                             {"Content-Type": "application/json; charset=utf-8"})
    assert status == 200 and answer["timestamp"] == 1.5
    assert f'"metadata":{metadata},' in viewer.recv()


# --- forms in and out ---

@pytest.mark.parametrize("form", ["json", "data url", "escaped", "container", "jpeg"])
def test_every_form_in_and_out(broadcaster, form):
    server = broadcaster()
    text, binary = server.watch(), server.watch(subprotocols=[BINARY])
    for number in range(1, 4):
        jpeg = grey_jpeg(number, comment_bytes=2000 + number)
        metadata = {} if form == "jpeg" else {**METADATA, "number": number}
        before = time.time_ns()
        status, answer = post_as(server, form, jpeg, metadata)
        assert status == 200, answer
        assert answer["frame_size"] == len(jpeg)
        assert answer["timestamp"] == metadata.get("timestamp")

        message = receive_frame(text)
        assert jpeg_of(message) == jpeg
        assert message["metadata"] == metadata and message["frame_count"] == number

        while not isinstance(message := receive(binary), bytes):
            pass
        frame = decode_container(message)
        assert frame["jpeg"] == jpeg and frame["metadata"] == metadata
        assert frame["camera"] == "CAM1" and frame["count"] == number
        assert before <= frame["sent"] <= time.time_ns()
        if form == "container":
            assert (frame["number"], frame["generation"], frame["captured"]) == (7, 8, 9)
        else:
            assert before <= frame["captured"] <= frame["sent"]


@pytest.mark.parametrize("offered, chosen", [
    (None, None), ([JSON], JSON), ([BINARY], BINARY), ([JSON, BINARY], JSON),
    (["some-token", BINARY], BINARY), (["mqtt"], None)])
def test_subprotocols(broadcaster, offered, chosen):
    server = broadcaster()
    fields = {"Sec-WebSocket-Protocol": ", ".join(offered)} if offered else {}
    viewer = server.watch(header=fields)
    assert viewer.headers.get("sec-websocket-protocol") == chosen
    server.post_frame("CAM1", JPEG)
    assert isinstance(receive(viewer), bytes if chosen == BINARY else dict)


def test_metadata_alone_is_no_frame(broadcaster):
    server = broadcaster()
    viewer = server.watch()
    assert server.post(container_body("CAM1", b"", b'{"timestamp":5}'), CONTAINER) == (
        200, {"success": True, "viewers": 1, "camera_id": "CAM1", "frame_size": 0, "timestamp": 5})
    assert server.streams()["CAM1"]["frame_count"] == 0
    server.post_frame("CAM1", JPEG)
    assert receive_frame(viewer)["frame_count"] == 1


# --- limits ---

def test_most_viewers(broadcaster):
    server = broadcaster(max_viewers=2)
    first, _second = server.watch(), server.watch()
    for _ in range(2):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            server.watch("CAM2")
        assert refused.value.status_code == 503
        assert "retry-after" in refused.value.resp_headers
    answer = server.get("/ws/viewer/detection?camera_id=CAM2")[2]
    assert answer["detail"] == "Too many active streams. Please try again."
    first.close()
    wait_until(lambda: server.stats()["viewers"] == 1, 5, "the first viewer gone")
    server.watch("CAM2")


def test_most_streams(broadcaster):
    server = broadcaster(max_streams=1)
    server.post_frame("CAM1", JPEG)
    status, heads, answer = http("POST", f"{server.url}/api/broadcast-detection",
                                 json_body("CAM2", JPEG), {"Content-Type": "application/json"})
    assert status == 503 and "Retry-After" in heads
    assert_error(answer)
    server.post_frame("CAM1", JPEG)


def test_idle_streams_go(broadcaster):
    server = broadcaster(stream_idle_s=0.1)
    server.post_frame("CAM1", JPEG)
    server.post_frame("CAM2", JPEG)
    viewer = server.watch("CAM2")
    wait_until(lambda: set(server.streams()) == {"CAM2"}, 4, "only the watched stream left")
    viewer.close()
    wait_until(lambda: server.streams() == {}, 4, "no stream left")


# --- the process ---

def test_the_end(broadcaster):
    server = broadcaster()
    viewers = [server.watch(f"CAM{number}") for number in range(5)]
    began = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - began < 1
    for viewer in viewers:
        opcode, data = viewer.recv_data()
        assert opcode == websocket.ABNF.OPCODE_CLOSE and data[:2] == struct.pack("!H", 1001)
    assert list(server.run_dir.iterdir()) == []


def test_the_end_with_a_stopped_viewer(broadcaster):
    server = broadcaster()
    stopped = server.watch_raw(receive_buffer=4096)
    picture = grey_jpeg(1, comment_bytes=60_000)[:-2] + b"\0" * 3_000_000 + b"\xff\xd9"
    for _ in range(5):
        server.post_frame("CAM1", picture)
    began = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - began < 1
    stopped.close()


def test_a_taken_port(broadcaster, tmp_path):
    server = broadcaster()
    config = tmp_path / "second.json"
    config.write_text(json.dumps({
        "run_dir": str(tmp_path / "run2"), "state_dir": str(tmp_path / "state2"),
        "broadcaster": {"listen": f"127.0.0.1:{server.port}",
                        "web_dir": str(tmp_path)}}))
    done = subprocess.run([PROGRAMS / "ringcast-broadcaster", "-c", config], text=True,
                          capture_output=True, timeout=20, check=False)
    assert done.returncode == 78
    assert len(done.stderr.splitlines()) == 1 and str(server.port) in done.stderr


def test_a_run_directory_that_is_served(broadcaster, tmp_path):
    server = broadcaster()
    config = tmp_path / "second.json"
    config.write_text(json.dumps(server.config))
    done = subprocess.run([PROGRAMS / "ringcast-broadcaster", "-c", config], text=True,
                          capture_output=True, timeout=20, check=False)
    assert done.returncode == 78
    assert len(done.stderr.splitlines()) == 1 and str(server.run_dir) in done.stderr
    assert server.stats()["pid"] == server.pid


def test_reload(broadcaster):
    server = broadcaster(max_viewers=1)
    _viewer = server.watch()
    before = server.stats()["config_hash"]
    server.config["broadcaster"].update(max_viewers=2, hosts=["cam.example"],
                                        listen="127.0.0.1:1")
    server.config["cameras"] = {"CAM9": {"name": "Gate"}}
    server.write_config()
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: server.stats()["config_hash"] != before, 5, "the new configuration")
    server.watch()
    assert server.get("/healthz", headers={"Host": "cam.example"})[0] == 200
    assert [one["id"] for one in server.get("/api/cameras")[2]["cameras"]] == ["CAM9"]
    assert "next start" in server.log_text()
    server.config["broadcaster"]["max_viewers"] = -1
    server.write_config()
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: "max_viewers" in server.log_text(), 5, "a word about the mistake")
    assert server.get("/healthz")[0] == 200


def test_reload_removes_watched_cameras(broadcaster):
    camera = {"url": "http://127.0.0.1:1/stream"}
    server = broadcaster(top={"cameras": {name: camera for name in ("CAM1", "CAM2", "CAM3")}})
    viewers = {name: server.watch(name) for name in ("CAM1", "CAM2", "CAM3")}
    for name, viewer in viewers.items():
        server.post_frame(name, JPEG)
        receive_frame(viewer)
    waiting = server.raw(b"GET /api/cameras/CAM2/snapshot.jpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
    before = server.stats()["config_hash"]
    server.config["cameras"] = {"CAM3": camera}
    server.write_config()
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: server.stats()["config_hash"] != before, 5, "the new configuration")
    for name in ("CAM1", "CAM2"):
        while (message := receive(viewers[name]))["type"] != "stream_ended":
            pass
        assert message["reason"] == "the camera is no longer configured"
        server.post_frame(name, JPEG)  # now a stream like any other
        assert receive_frame(viewers[name])["frame_count"] == 2
    assert waiting.recv(100).startswith(b"HTTP/1.1 404 ")
    server.post_frame("CAM3", JPEG)
    assert receive_frame(viewers["CAM3"])["frame_count"] == 2


# --- operators ---

def test_stats_viewers_kick(broadcaster):
    server = broadcaster()
    viewers = [server.watch(f"CAM{number % 2}") for number in range(5)]
    server.post_frame("CAM1", JPEG)
    receive_frame(viewers[1])
    stats = server.stats()
    assert stats["pid"] == server.pid and stats["viewers"] == 5
    assert (stats["frames_in"], stats["sent"], stats["dropped"]) == (1, 2, 0)
    assert stats["connections"] >= 5 and len(stats["config_hash"]) == 16
    with server.control() as control:
        ids, after = [], ""
        while after is not None:
            answer = control.ask("viewers", after=after, limit=2)
            assert len(answer["viewers"]) <= 2
            ids += [one["id"] for one in answer["viewers"]]
            after = answer["next"]
        assert len(set(ids)) == 5 and ids == sorted(ids)
        assert control.ask("kick", id="00000000")["kicked"] is False
        assert control.ask("kick", id=ids[0])["kicked"] is True
    wait_until(lambda: server.stats()["viewers"] == 4, 5, "one viewer less")
    assert sum(one["viewers"] for one in server.streams().values()) == 4
