#!/usr/bin/python3
"""From the camera to the canvas: how old a picture is when Chromium draws it, as the camera made it and with
the demo model's boxes. The whole pipeline on camsim's car park, 1280x720.

    canvas.py [--windows 3] [--seconds 15]
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

from figures import PROGRAMS, ROOT, median, quantile, table
from harness.carpark import DETECTOR
from harness.processes import Camsim, Pipeline

BROWSER = ROOT / "tests/browser"
RAW = "/ws/stream/raw?camera_id=CAM1&fps=30"
DETECT = "/ws/stream/detect?camera_id=CAM1&fps=10&skip_frames=2"


class Canvases:
    """Chromium with a window for each path; iterating gives {path: {"ages", "connections"}} for each window
    of time."""

    def __init__(self, url, seconds, paths):
        if not (BROWSER / "node_modules").exists():
            subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], check=True, cwd=BROWSER)
        self.child = subprocess.Popen(["node", BROWSER / "canvas_age.js", url, str(seconds), *paths],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __iter__(self):
        return map(json.loads, self.child.stdout)

    def end(self):
        self.child.stdin.close()
        self.child.stdout.close()
        try:
            self.child.wait(30)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


class CarPark:
    """A pipeline on a simulated car park, drawn beforehand: drawing takes as much CPU as detecting."""

    def __init__(self, folder, size, fps):
        clip = folder / "clip"
        subprocess.run([PROGRAMS / "camsim", "--scene", "carpark", "--seed", "5005", "--size", size,
                        "--fps", str(fps), "--frames", str(5 * fps), "--export", clip], check=True,
                       stdout=subprocess.DEVNULL)
        self.camera = Camsim(clip, folder / "camsim.log", fps=fps)
        self.running = Pipeline(folder, {"CAM1": {"url": f"{self.camera.url}/stream", "fps": 10,
                                                  "skip_frames": 2}}, detector=DETECTOR)
        self.running.up()

    def end(self):
        self.running.down()
        self.camera.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--windows", type=int, default=3, help="how many for each stream")
    parser.add_argument("--seconds", type=int, default=15, help="length of a window")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="rc-") as name:
        park = CarPark(Path(name), "1280x720", 30)
        try:
            for what, path in (("raw, 30 a second", RAW), ("with boxes, 10 a second", DETECT)):
                canvases = Canvases(park.running.url, options.seconds, [path])
                for number, window in zip(range(options.windows), canvases):
                    ages = window[path]["ages"]
                    rows.append([what, f"{number * options.seconds} to {(number + 1) * options.seconds}",
                                 f"{len(ages) / options.seconds:.1f}", f"{median(ages):.0f}",
                                 f"{quantile(ages, 0.99):.0f}"])
                canvases.end()
        finally:
            park.end()
    table(["stream", "after so many s", "frames/s", "age on the canvas p50 ms", "p99 ms"], rows)


if __name__ == "__main__":
    main()
