"""What operators, orchestrators and Prometheus see."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time

import pytest
import websocket

from harness.away import ADDRESS, Away, own_network
from harness.broadcaster import BINARY, SANITIZED, container_body, receive_frame
from harness.metrics import scrape
from harness.processes import ROOT, http
from harness.waiting import wait_until


@pytest.fixture
def picture(clip):
    """A JPEG."""
    data = clip.read_bytes()
    return data[data.index(b"\xff\xd8"):data.index(b"\xff\xd9") + 2]


@pytest.fixture
def promtool():
    """Prometheus' own checker."""
    program = shutil.which("promtool")
    if not program:
        pytest.skip("needs promtool, of Debian's package prometheus")
    return program


def check_with_promtool(text):
    """Prometheus' own opinion, where it is installed."""
    program = shutil.which("promtool")
    if program:
        checked = subprocess.run([program, "check", "metrics"], input=text, capture_output=True,
                                 check=False, timeout=60)
        assert checked.returncode == 0 and not checked.stderr, checked.stderr.decode()


# --- metrics ---

def test_counts_are_exact(broadcaster, picture):
    server = broadcaster()
    first, second = server.watch(), server.watch(subprotocols=[BINARY])
    for _ in range(5):
        server.post_frame("CAM1", picture)
        receive_frame(first)
        second.recv()
    second.close()
    assert server.post(b"{")[0] == 400
    assert server.post(b"", "text/plain")[0] == 415
    assert server.get("/nothing")[0] == 404
    wait_until(lambda: server.viewers("CAM1") == 1, 2, "one viewer is left")
    metrics = scrape(server)
    assert metrics.get("ringcast_viewers") == 1
    assert metrics.get("ringcast_camera_viewers", camera="CAM1") == 1
    assert metrics.get("ringcast_connections_opened_total", kind="viewer") == 2
    assert sum(metrics.all("ringcast_connections_closed_total").values()) == 1
    assert metrics.get("ringcast_intake_frames_total", camera="CAM1") == 5
    assert metrics.get("ringcast_viewer_frames_sent_total", camera="CAM1") == 10
    assert metrics.get("ringcast_viewer_frames_dropped_total", camera="CAM1") == 0
    assert metrics.get("ringcast_viewer_bytes_sent_total", camera="CAM1") > 10 * len(picture)
    assert metrics.get("ringcast_intake_refused_total", cause="bad_json") == 1
    assert metrics.get("ringcast_intake_refused_total", cause="wrong_type") == 1
    assert metrics.get("ringcast_http_errors_total", code="not_found") == 1
    assert metrics.get("ringcast_http_errors_total", code="wrong_type") == 1
    first.close()


def test_errors_that_say_more_are_counted_too(broadcaster):
    server = broadcaster(top={"cameras": {"PHONE": {"source": "push"}}})
    assert server.get("/api/cameras/PHONE/snapshot.jpg")[0] == 503
    assert http("PUT", f"{server.url}/api/cameras/PHONE", b'{"fps": 1000}',
                {"Content-Type": "application/json"})[0] == 422
    metrics = scrape(server)
    for code in "no_picture", "invalid_camera":
        assert metrics.get("ringcast_http_errors_total", code=code) == 1


def test_a_camera_that_pushes_is_counted_as_others_are(broadcaster, picture):
    server = broadcaster(top={"cameras": {"PHONE": {"source": "push"}}})
    streamer = websocket.create_connection(
        f"ws://127.0.0.1:{server.port}/ws/streamer?camera_id=PHONE", timeout=10)
    streamer.send_binary(picture)
    streamer.send_binary(b"rubbish")

    def counted():
        metrics = scrape(server)
        return metrics if metrics.get("ringcast_camera_bad_frames_total", camera="PHONE",
                                      cause="not_jpeg") else None
    metrics = wait_until(counted, 3, "the rubbish is counted")
    assert metrics.get("ringcast_camera_frames_total", camera="PHONE") == 1
    assert metrics.get("ringcast_camera_state", camera="PHONE", state="online") == 1
    assert metrics.get("ringcast_streamer_frames_total", camera="PHONE") == 1
    assert metrics.get("ringcast_connections_opened_total", kind="streamer") == 1
    streamer.close()


def test_latency_by_stage(broadcaster, picture):
    server = broadcaster()
    viewer = server.watch()
    stages = {"received": 400, "published": 600, "taken": 2000, "inferred": 48000, "encoded": 99000}
    metadata = json.dumps({"stages": {**stages, "sent": 1}}).encode()
    server.post_frame("CAM1", picture, json.loads(metadata))
    receive_frame(viewer)
    captured = time.time_ns() - 300_000_000
    status, _ = server.post(container_body("CAM1", picture, metadata, captured=captured),
                            "application/vnd.ringcast.frame")
    assert status == 200
    receive_frame(viewer)
    metrics = scrape(server)
    name = "ringcast_frame_latency_seconds"

    def count(stage, kind="count", **labels):
        return metrics.get(f"{name}_{kind}", camera="CAM1", stage=stage, **labels)
    for stage, us in stages.items():
        assert count(stage) == 2
        assert count(stage, "sum") == pytest.approx(2 * us / 1e6)
    assert count("received", "bucket", le="0.0005") == 2
    assert count("published", "bucket", le="0.0005") == 0
    assert count("published", "bucket", le="0.001") == 2
    assert count("inferred", "bucket", le="0.05") == 2
    # A viewer's first frame may have waited for him. Of the way from another machine nothing is known.
    assert count("sent") == 1
    assert count("sent", "sum") < 1
    assert count("posted") is None
    assert count("total") is None
    viewer.close()


def test_cameras_that_anybody_may_name_are_bounded(broadcaster, picture):
    server = broadcaster(max_streams=0)
    for number in range(260):
        server.post_frame(f"X{number}", picture)
    metrics = scrape(server)
    assert len(metrics.all("ringcast_intake_frames_total")) == 257
    assert metrics.get("ringcast_intake_frames_total", camera="_other") == 4


def test_metrics_of_the_whole_pipeline(camsim, pipeline, viewer):
    camera = camsim()
    running = pipeline({"CAM1": {"url": f"{camera.url}/stream"}}).up()
    viewer(running.url)
    metrics = wait_until(
        lambda: (found := scrape(running)).get("ringcast_camera_frames_total", camera="CAM1") and
        found, 10, "the capture's counters")
    assert metrics.get("ringcast_camera_state", camera="CAM1", state="online") == 1
    assert metrics.get("ringcast_camera_state", camera="CAM1", state="offline") == 0
    assert metrics.get("ringcast_camera_connected", camera="CAM1") == 1
    assert 10 < metrics.get("ringcast_camera_fps", camera="CAM1") < 40
    assert metrics.get("ringcast_camera_bad_frames_total", camera="CAM1", cause="truncated") == 0
    check_with_promtool(running.get("/metrics")[2])
    for name in "broadcaster", "capture.CAM1":
        pid = running.state()[name]["pid"]
        used = metrics.get("ringcast_process_resident_memory_bytes", process=name)
        assert 1e6 < used < 1e9
        assert 5 < metrics.get("ringcast_process_open_fds", process=name) < 100
        began = metrics.get("ringcast_process_start_time_seconds", process=name)
        assert began == pytest.approx(os.stat(f"/proc/{pid}").st_mtime, abs=5)
    os.kill(running.state()["capture.CAM1"]["pid"], signal.SIGSTOP)
    began = time.monotonic()
    assert scrape(running).get("ringcast_viewers") == 1
    assert time.monotonic() - began < 1, "nobody is waited for"
    os.kill(running.state()["capture.CAM1"]["pid"], signal.SIGCONT)


def test_promtool_takes_the_alerts(promtool):
    checked = subprocess.run([promtool, "check", "rules", ROOT / "docs/examples/alerts.yml"],
                             capture_output=True, check=False, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr


# --- viewers ---

def test_viewers_are_listed_by_pages_and_kicked(broadcaster, viewer):
    server = broadcaster()
    for _ in range(5):
        viewer(server.url)
    seen, after = [], ""
    while after is not None:
        status, _, page = server.get(f"/api/viewers?limit=2&after={after}")
        assert status == 200 and page["total"] == 5
        assert len(page["viewers"]) <= 2
        seen += page["viewers"]
        after = page["next"]
    assert len({one["id"] for one in seen}) == 5
    assert all(one["peer"].startswith("127.0.0.1:") for one in seen)
    for wrong in "limit=0", "limit=x", "limit=-1", "limit=2x", f"after={'a' * 100}":
        assert server.get(f"/api/viewers?{wrong}")[0] == 400, wrong

    def delete(path):
        return http("DELETE", server.url + path)[0]
    assert delete(f"/api/viewers/{seen[0]['id']}") == 204
    assert delete("/api/viewers/nobody") == 404
    wait_until(lambda: scrape(server).get("ringcast_connections_kicked_total", kind="viewer") == 1,
               3, "kicked")
    assert delete(f"/api/viewers/{seen[0]['id']}") == 404
    assert server.get("/api/viewers")[2]["total"] == 4
    status, headers, _ = server.get("/api/viewers/ffffffff")
    assert (status, headers["Allow"]) == (405, "DELETE, OPTIONS")


def test_streams_are_listed(broadcaster, picture):
    server = broadcaster()
    first, second = server.watch("CAM1"), server.watch("CAM2")
    for _ in range(4):
        server.post_frame("CAM1", picture)
        receive_frame(first)
    listed = server.get("/debug/streams")[2]
    assert listed["active_streams"] == 2 and listed["next"] is None
    assert {one["camera_id"] for one in listed["streams"]} == {"CAM1", "CAM2"}
    stream = next(one for one in listed["streams"] if one["camera_id"] == "CAM1")
    assert set(stream) == {"stream_id", "camera_id", "kind", "user_id", "since", "processed",
                           "skipped", "total", "fps", "viewers"}
    assert stream["kind"] == "detect" and stream["user_id"] == "127.0.0.1"
    assert (stream["processed"], stream["skipped"], stream["total"]) == (4, 0, 4)
    assert stream["fps"] > 1 and stream["viewers"] == 1
    assert time.time() - 10 < stream["since"] <= time.time()
    assert re.fullmatch("[0-9a-f]{8}", stream["stream_id"])
    pages = [server.get("/debug/streams?limit=1")[2]]
    pages.append(server.get(f"/debug/streams?limit=1&after={pages[0]['next']}")[2])
    assert [len(page["streams"]) for page in pages] == [1, 1]
    assert pages[1]["next"] is None and pages[1]["active_streams"] == 2
    for one in first, second:
        one.close()


def leave(watching, how):
    """As a closed tab does, as a reset, as a client that will say nothing more."""
    for one in watching:
        if how == "reset":
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if how == "fin":
            one.shutdown(socket.SHUT_WR)
        else:
            one.close()


@pytest.mark.parametrize("how", ["close", "reset", "fin"])
def test_no_stream_is_left_within_100_ms(broadcaster, how):
    server = broadcaster()
    took = []
    for _ in range(10):  # the machine may be busy with something else
        watching = [server.watch_raw() for _ in range(10)]
        assert server.get("/debug/streams")[2]["active_streams"] == 10
        began = time.monotonic()
        leave(watching, how)
        wait_until(lambda: server.get("/debug/streams")[2]["active_streams"] == 0, 2, "none")
        took.append(time.monotonic() - began)
        leave(watching, "close")
        if took[-1] < 0.1:
            break
    assert min(took) < 0.1 or SANITIZED


@pytest.fixture
def away(broadcaster):
    """A broadcaster, and its viewer in a namespace of its own."""
    if os.geteuid() != 0:
        pytest.skip("needs root, for a network namespace")
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(own_network())
            server = broadcaster(listen="0.0.0.0:0", insecure=True, hosts=[ADDRESS])
            viewer = Away(server.port)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"needs a network namespace: {error}")
        stack.callback(viewer.end)
        yield server, viewer


@pytest.mark.slow
def test_a_viewer_whose_link_is_set_down_is_gone_within_30_s(away):
    server, viewer = away
    assert server.get("/ws/health")[2]["active_connections"] == 1
    began = time.monotonic()
    viewer.vanish()
    wait_until(lambda: server.get("/debug/streams")[2]["active_streams"] == 0, 32, "it is missed")
    assert time.monotonic() - began < 31
    wait_until(lambda: "reason=timed-out" in server.log_text(), 4, "its line in the log")


# --- the log ---

def test_a_storm_of_reconnections_is_one_warning(broadcaster):
    server = broadcaster()
    for _ in range(300):
        server.watch_raw().close()
    wait_until(lambda: server.get("/debug/streams")[2]["active_streams"] == 0, 2, "all gone")
    log = server.log_text()
    assert log.count("come back again and again") == 1
    metrics = scrape(server)
    assert metrics.get("ringcast_connections_opened_total", kind="viewer") == 300
    assert metrics.get("ringcast_connections_reconnected_total", kind="viewer") > 250
    assert len(log.splitlines()) < 250, "coming and going is limited too"


# --- health ---

def test_health_and_version(broadcaster):
    server = broadcaster()
    assert server.get("/healthz")[2] == {"status": "ok"}
    version = server.get("/api/version")[2]
    assert version["name"] == "ringcast" and version["version"].count(".") == 2
    assert server.get("/ws/health")[2] == {"active_connections": 0, "websocket_enabled": True}
    viewer = server.watch()
    assert server.get("/ws/health")[2]["active_connections"] == 1
    viewer.close()
    wait_until(lambda: server.get("/ws/health")[2]["active_connections"] == 0, 1, "it is gone")


def test_ready_when_who_comes_gets_pictures(camsim, pipeline):
    one, other = camsim(), camsim()
    running = pipeline({
        "CAM1": {"url": f"{one.url}/stream"}, "CAM2": {"url": f"{other.url}/stream"},
        "CAM3": {"url": "http://127.0.0.1:1/", "capture": "on_demand"}}).up()
    wait_until(lambda: running.get("/readyz")[2] ==
               {"ready": True, "reasons": [], "warnings": []}, 10, "ready without a word")
    running.config["cameras"]["CAM2"]["url"] = "http://127.0.0.1:1/"
    running.write_config()
    assert running.run("reload").returncode == 0
    answer = wait_until(lambda: (found := running.get("/readyz")[2])["warnings"] and found, 20,
                        "a camera is missed")
    assert answer == {"ready": True, "reasons": [], "warnings": ["1 of 2 cameras are not online"]}
    os.kill(running.state()["capture.CAM1"]["pid"], signal.SIGKILL)
    running.config["cameras"]["CAM1"]["url"] = "http://127.0.0.1:1/"
    running.write_config()
    assert running.run("reload").returncode == 0
    wait_until(lambda: running.get("/readyz")[0] == 503, 20, "both are missed")
    answer = running.get("/readyz")[2]
    assert answer["ready"] is False
    assert answer["reasons"] == ["none of the captured cameras is online: 0 of 2"]


def test_a_detector_in_the_metrics_and_missed(street, viewer):
    running = street()
    viewer(running.url).wait_frame(timeout=20)
    metrics = wait_until(lambda: (found := scrape(running)).get(
        "ringcast_detector_frames_inferred_total", camera="CAM1") and found, 10, "its counters")
    assert metrics.get("ringcast_detector_up", detector="0") == 1
    for stage in "taken", "inferred", "encoded", "posted", "sent", "total":
        assert metrics.get("ringcast_frame_latency_seconds_count", camera="CAM1", stage=stage) > 0
    check_with_promtool(running.get("/metrics")[2])
    pid = running.state()["detector.0"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: running.get("/readyz")[0] == 503, 8, "a detector that hangs is missed")
    assert running.get("/readyz")[2]["reasons"] == ["no detector answers: 0 of 1"]
    assert scrape(running).get("ringcast_detector_up", detector="0") == 0
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: running.get("/readyz")[0] == 200, 8, "ready again")


def test_not_ready_when_full(broadcaster):
    server = broadcaster(max_viewers=1)
    assert server.get("/readyz")[0] == 200
    viewer = server.watch()
    status, _, answer = server.get("/readyz")
    assert status == 503
    assert answer["reasons"] == ["no further viewer is let in: 1 of max_viewers=1"]
    viewer.close()
    wait_until(lambda: server.get("/readyz")[0] == 200, 1, "ready again")
