#!/usr/bin/python3
"""Many cameras at once: one capture each, raw pictures of all of them to one viewer, no detection. What the
viewer gets of each, and the CPU that it takes.

    cameras.py [--cameras 32] [--fps 10] [--seconds 10]
"""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

import websocket

from figures import cpu_seconds, median, table
from harness.broadcaster import BINARY, decode_container
from harness.jpeg import write_clip
from harness.processes import Camsim, Pipeline
from harness.waiting import wait_until

PICTURE_BYTES = 10_000


def online(running):
    return sum(one["state"] == "online" for one in running.get("/api/cameras")[2]["cameras"])


def subscribe(port, cameras):
    viewer = websocket.create_connection(
        f"ws://127.0.0.1:{port}/ws/stream/raw?camera_id={cameras[0]}", timeout=20,
        subprotocols=[BINARY], skip_utf8_validation=True)
    for camera in cameras[1:]:
        viewer.send(f'{{"type":"subscribe","camera_id":"{camera}"}}')
    return viewer


def watch(viewer, seconds):
    """(frames of each camera, their ages in ms)"""
    frames, ages, end = Counter(), [], time.monotonic() + seconds
    while time.monotonic() < end:
        message = viewer.recv()
        if isinstance(message, bytes):
            frame = decode_container(message)
            frames[frame["camera"]] += 1
            ages.append((time.time_ns() - frame["captured"]) / 1e6)
    return frames, ages


def cpu_of(running):
    return {name: cpu_seconds(process["pid"]) for name, process in running.state().items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cameras", type=int, default=32)
    parser.add_argument("--fps", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    names = [f"CAM{number}" for number in range(1, options.cameras + 1)]
    with tempfile.TemporaryDirectory(prefix="rc-") as name:
        folder = Path(name)
        clip = write_clip(folder / "clip.mjpeg", comment_bytes=PICTURE_BYTES)
        camera = Camsim(clip, folder / "camsim.log", fps=options.fps)
        running = Pipeline(folder, {one: {"url": f"{camera.url}/stream", "detect": "off"} for one in names})
        try:
            running.up()
            wait_until(lambda: online(running) == len(names), 60, "every camera online")
            viewer = subscribe(running.port, names)
            watch(viewer, 2)
            before, began = cpu_of(running), time.monotonic()
            frames, ages = watch(viewer, options.seconds)
            seconds, after = time.monotonic() - began, cpu_of(running)
            viewer.close()
        finally:
            running.down()
            camera.end()
    used = {one: 100 * (after[one] - before[one]) / seconds for one in after}
    captures = [share for one, share in used.items() if one.startswith("capture.")]
    sent = [frames[one] / seconds for one in names]
    print(f"{len(names)} cameras, {options.fps} pictures of {PICTURE_BYTES / 1000:.0f} kB a second each\n")
    table(["", ""],
          [["cameras of which frames came", sum(rate > 0 for rate in sent)],
           ["frames/s of a camera: median, fewest", f"{median(sent):.1f}, {min(sent):.1f}"],
           ["age at the viewer p50 ms", f"{median(ages):.1f}"],
           ["CPU of a capture, % of a core: median", f"{median(captures):.2f}"],
           ["CPU of all captures", f"{sum(captures):.1f}"],
           ["CPU of the broadcaster", f"{used['broadcaster']:.1f}"]])


if __name__ == "__main__":
    main()
