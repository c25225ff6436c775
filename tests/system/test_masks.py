"""Masks: what is painted over is seen by nobody, however the picture came and wherever it goes; and what
else a camera's `tiles`, `region` and `ignore` do to what is said of it."""

import os
import signal
import time
from datetime import datetime, timezone

import pytest

from harness.carpark import DETECTOR
from harness.jpeg import grey_jpeg, picture_number
from harness.processes import PROGRAMS, Pipeline, Process
from harness.streamer import Streamer
from harness.streams import RAW, picture
from harness.viewer import Viewer
from harness.waiting import wait_until

EVERYTHING = [[[0, 0], [1, 0], [1, 1], [0, 1]]]
LEFT = [[[0, 0], [0.3, 0], [0.3, 1], [0, 1]]]


def scan_of(jpeg):
    """The picture without what stands beside it."""
    return jpeg[jpeg.index(b"\xff\xda"):]


@pytest.fixture
def masked(broadcaster, camsim, started, tmp_path):
    """masked(mask): a broadcaster, and the capture of CAM1 with that mask."""
    def start(mask):
        camera = camsim(fps=30)
        server = broadcaster(top={"cameras": {"CAM1": {"url": f"{camera.url}/stream", "mask": mask}}})
        server.camera = camera
        started.append(Process([PROGRAMS / "ringcast-capture", "-c", server.config_path, "--camera",
                                "CAM1"], tmp_path / "capture.log"))
        assert started[-1].wait_ready() == "\n"
        server.capture = started[-1]
        return server
    return start


def test_raw_viewers_and_snapshots_see_the_mask(masked, watch):
    server = masked(EVERYTHING)
    viewer = watch(server, RAW, camera_id="CAM1", fps=30)
    seen = [picture(viewer.until("frame")) for _ in range(10)]
    assert len(set(seen)) == 1, "all is grey, and no comment tells the frames apart"
    status, _, snapshot = server.get("/api/cameras/CAM1/snapshot.jpg")
    assert status == 200 and snapshot == seen[0]
    # Without the mask the pictures are what the camera sends; and with it again they are not.
    for mask, distinct in (([], True), (EVERYTHING, False)):
        server.config["cameras"]["CAM1"]["mask"] = mask
        server.write_config()
        os.kill(server.capture.pid, signal.SIGHUP)
        end = time.monotonic() + 10
        while b"picture " not in picture(viewer.until("frame")) if distinct else \
                b"picture " in picture(viewer.until("frame")):
            assert time.monotonic() < end
        assert (len({picture(viewer.until("frame")) for _ in range(5)}) > 1) == distinct


def test_a_new_mask_holds_for_the_picture_before_it(masked, watch):
    """A camera that has fallen silent: its last picture is what everybody is shown."""
    server = masked([])
    viewer = watch(server, RAW, camera_id="CAM1", fps=30)
    assert b"picture " in picture(viewer.until("frame"))
    server.camera.fault("stall")
    server.config["cameras"]["CAM1"]["mask"] = EVERYTHING
    server.write_config()
    for process in (server.capture, server):
        os.kill(process.pid, signal.SIGHUP)
    end = time.monotonic() + 10
    while b"picture " in picture(viewer.until("frame")):
        assert time.monotonic() < end
    newcomer = watch(server, RAW, camera_id="CAM1")
    assert b"picture " not in picture(newcomer.until("frame"))
    status, _, snapshot = server.get("/api/cameras/CAM1/snapshot.jpg?max_age=100")
    assert status == 200 and b"picture " not in snapshot


def test_what_is_not_painted_stays(masked, watch):
    server = masked(LEFT)
    viewer = watch(server, RAW, camera_id="CAM1", fps=30)
    scans = {scan_of(picture(viewer.until("frame"))) for _ in range(8)}
    assert len(scans) > 1, "the right side shows each picture's shade"


def test_pushed_pictures_are_painted(broadcaster, watch):
    server = broadcaster(top={"cameras": {"PHONE": {"source": "push", "mask": EVERYTHING}}})
    viewer = watch(server, RAW, camera_id="PHONE")
    phone = Streamer(server)
    seen = set()
    for number, send in enumerate((phone.send, phone.send_binary, phone.send), 1):
        send(grey_jpeg(number))
        seen.add(picture(viewer.until("frame")))
        time.sleep(0.04)  # their pace is 30 a second
    assert len(seen) == 1 and b"picture " not in seen.pop()
    server.config["cameras"]["PHONE"]["mask"] = []
    server.write_config()
    before = server.get("/api/broadcast-status")
    assert before[0] == 200
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: "configuration reloaded" in server.log_text(), 5, "the reload")
    phone.send(grey_jpeg(9))
    assert picture_number(picture(viewer.until("frame"))) == 9
    # The phone sends nothing more: the mask holds for what it has sent.
    server.config["cameras"]["PHONE"]["mask"] = EVERYTHING
    server.write_config()
    os.kill(server.pid, signal.SIGHUP)
    assert b"picture " not in picture(viewer.until("frame"))
    phone.close()
    viewer.until("stream_ended")


# --- what is looked at ---

CARS = {"seed": 6001, "light": 0.1}


@pytest.fixture
def carpark(camsim, started, tmp_path):
    """The pipeline on a simulated car park that hardly moves."""
    camera = camsim("--seed", CARS["seed"], "--light", CARS["light"], "--size", "640x360", "--speed",
                    "0.1", source="--scene=carpark", fps=5)
    running = Pipeline(tmp_path, {"CAM1": {"url": f"{camera.url}/stream", "fps": 5}}, detector=DETECTOR)
    started.append(running)
    return running.up()


def cars_of(message):
    """Boxes of cars, relative to the picture."""
    frame = message["metadata"]["frame"]
    return [[left / frame["width"], top / frame["height"], width / frame["width"],
             height / frame["height"]]
            for left, top, width, height in (
                each["bbox"] for each in message["metadata"]["detections"] if each["class"] == "car")]


def configure(running, viewer, **camera):
    """What is seen with that configuration."""
    running.config["cameras"]["CAM1"] = {
        "url": running.config["cameras"]["CAM1"]["url"], "fps": 5, **camera}
    running.write_config()
    done = running.run("reload")
    assert done.returncode == 0, done.stderr
    # What comes first may have been in work already, for long on a machine without time.
    now = datetime.now(timezone.utc)
    return cars_of(viewer.wait(
        lambda message: message["type"] == "frame"
        and datetime.fromisoformat(message["metadata"]["timestamp"]) > now, 20, "a frame taken since"))


def centre(box):
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def overlap(a, b):
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def test_tiles_region_and_ignore_without_a_restart(carpark):
    viewer = Viewer(carpark.url, "/ws/viewer/detection?camera_id=CAM1")
    try:
        viewer.wait_frame(timeout=30)
        pids = carpark.state()["detector.0"]["pid"]
        plain = configure(carpark, viewer)
        assert len(plain) >= 3
        tiled = configure(carpark, viewer, tiles=[2, 1], tile_overlap=0.3)
        # Time has gone by: one that drives may be elsewhere. None is there twice.
        again = [sum(overlap(box, other) > 0.4 for other in tiled) for box in plain]
        assert again.count(0) <= len(plain) / 5, (plain, tiled)
        assert all(overlap(tiled[i], tiled[j]) < 0.6 for i in range(len(tiled)) for j in range(i))
        left = configure(carpark, viewer, region=[[0, 0], [0.5, 0], [0.5, 1], [0, 1]])
        assert all(centre(box)[0] <= 0.5 for box in left)
        ignored = configure(carpark, viewer, ignore=[[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]])
        assert ignored and all(centre(box)[0] >= 0.499 for box in ignored)
        blind = configure(carpark, viewer, mask=EVERYTHING)
        assert not blind
        assert carpark.state()["detector.0"]["pid"] == pids, "nothing was started anew"
    finally:
        viewer.close()
