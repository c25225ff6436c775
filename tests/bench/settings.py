#!/usr/bin/python3
"""What skip_frames, fps, quality and conf cost and give: the whole pipeline on camsim's car park at 30
frames a second, 1280x720, with the demo model, one viewer on /ws/stream/detect. The table of
docs/operations.md.

    settings.py [--seconds 6]
"""

import argparse
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import websocket

from figures import ROOT, cpu_seconds, median, table
from harness.processes import PROGRAMS, Camsim, Pipeline
from harness.waiting import wait_until

CAMERA_FPS = 30
MODEL = ROOT / "detector/demo_model"

# The four of the systems that ringcast replaces, and 1/30: everything.
COMBINATIONS = (("everything", 1, 30), ("real-time security", 1, 15), ("parking lot", 2, 10),
                ("background logging", 5, 5), ("periodic snapshot", 10, 1))
QUALITIES = 95, 85, 70
CONFS = 0.25, 0.4, 0.6


class Watched:
    """Frames of one viewer for some seconds."""

    def __init__(self, port, query, seconds):
        connection = websocket.create_connection(
            f"ws://127.0.0.1:{port}/ws/stream/detect?camera_id=CAM1&{query}", timeout=20,
            subprotocols=["ringcast.binary.v1"], skip_utf8_validation=True)
        self.frames = self.bytes = 0
        self.ages_ms = []
        # The first frames: connecting, a picture that lay ready, the first drawing.
        self._read(connection, time.monotonic() + 1.5)
        self.frames = self.bytes = 0
        self.ages_ms.clear()
        self.began = time.monotonic()
        self.before = None
        self.connection = connection
        self.seconds = seconds

    def _read(self, connection, end):
        while time.monotonic() < end:
            connection.settimeout(max(0.01, end - time.monotonic()))
            try:
                message = connection.recv()
            except (TimeoutError, websocket.WebSocketTimeoutException):
                return
            if isinstance(message, bytes):
                self.frames += 1
                self.bytes += len(message)
                self.ages_ms.append(
                    time.time_ns() / 1e6 - struct.unpack_from(">Q", message, 32)[0] / 1e6)

    def run(self):
        self._read(self.connection, self.began + self.seconds)
        self.elapsed = time.monotonic() - self.began
        self.connection.close()


def counters(running):
    with running.control("capture.CAM1") as control:
        read = control.ask("stats")["frames"]
    with running.control("detector.0") as control:
        camera = control.ask("stats")["cameras"]["CAM1"]
    pids = {name: one["pid"] for name, one in running.state().items()}
    return {"read": read, "inferred": camera["inferred"],
            "cpu": {name: cpu_seconds(pid) for name, pid in pids.items()}}


def measure(running, query, seconds):
    watched = Watched(running.port, query, seconds)
    before = counters(running)
    watched.run()
    after = counters(running)

    def rate(name):
        return (after[name] - before[name]) / watched.elapsed
    cpu = {name: (after["cpu"][name] - before["cpu"][name]) / watched.elapsed * 100
           for name in before["cpu"]}
    return [f"{rate('read'):.1f}", f"{rate('inferred'):.1f}",
            f"{watched.frames / watched.elapsed:.1f}",
            f"{watched.bytes / watched.elapsed / 1000:.0f}",
            f"{watched.bytes / max(1, watched.frames) / 1000:.0f}",
            f"{median(watched.ages_ms):.0f}",
            f"{max(watched.ages_ms, default=float('nan')):.0f}",
            f"{cpu['detector.0']:.0f}", f"{sum(cpu.values()) - cpu['detector.0']:.1f}"]


HEAD = ["frames/s read", "inferred", "sent", "kB/s", "kB/frame", "age p50 ms", "age max ms",
        "CPU % detector", "CPU % others"]


def start(folder, camera, **detector):
    folder.mkdir()
    running = Pipeline(folder, {"CAM1": {"url": f"{camera.url}/stream", "fps": CAMERA_FPS,
                                         "detect": "on_demand"}},
                       detector={"model": str(MODEL / "ringcast-demo.onnx"),
                                 "names": str(MODEL / "ringcast-demo.names"), "conf": 0.4,
                                 **detector})
    running.up()
    wait_until(lambda: running.get("/readyz")[0] == 200, 20, "ready")
    return running


def car_park(folder):
    """Five seconds of it, drawn beforehand: drawing takes as much CPU as detecting."""
    clip = folder / "clip"
    subprocess.run([PROGRAMS / "camsim", "--scene", "carpark", "--seed", "5005", "--fps",
                    str(CAMERA_FPS), "--frames", str(5 * CAMERA_FPS), "--export", clip], check=True,
                   stdout=subprocess.DEVNULL)
    return clip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rc-") as name:
        folder = Path(name)
        camera = Camsim(car_park(folder), folder / "camsim.log", fps=CAMERA_FPS)
        try:
            running = start(folder / "one", camera)
            try:
                print(f"One viewer of one camera with {CAMERA_FPS} frames a second, conf=0.4, quality 85\n")
                table(["use", "skip_frames", "fps", *HEAD],
                      [[use, skip, fps, *measure(running, f"skip_frames={skip}&fps={fps}&conf=0.4",
                                                 options.seconds)]
                       for use, skip, fps in COMBINATIONS])
                print("Confidence, at skip_frames=2 and fps=10\n")
                table(["conf", *HEAD],
                      [[conf, *measure(running, f"skip_frames=2&fps=10&conf={conf}",
                                       options.seconds)] for conf in CONFS])
            finally:
                running.down()
            print("Quality, at skip_frames=2 and fps=10\n")
            rows = []
            for quality in QUALITIES:
                running = start(folder / str(quality), camera, quality=quality)
                try:
                    rows.append([quality, *measure(running, "skip_frames=2&fps=10&conf=0.4",
                                                   options.seconds)])
                finally:
                    running.down()
            table(["quality", *HEAD], rows)
        finally:
            camera.end()


if __name__ == "__main__":
    main()
