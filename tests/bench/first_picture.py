#!/usr/bin/python3
"""How long a phone waits for its first picture, over a link of 1.5 Mbit/s with an empty cache: the wall with
two simulated car parks, and the page of one. Chromium and the whole pipeline, 1280x720, the demo model's boxes.

    first_picture.py [--loads 7] [--bits 1500000] [--up 1500000] [--delay 0.02]
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

from figures import PROGRAMS, ROOT, median, table
from harness.carpark import DETECTOR
from harness.processes import Camsim, Pipeline
from slow_link import SlowLink

BROWSER = ROOT / "tests/browser"
LOTS = {"LOT1": "5005", "LOT2": "5008"}


def start_camera(folder, lot, seed):
    """10 pictures a second, drawn beforehand: drawing takes as much CPU as detecting."""
    clip = folder / lot
    subprocess.run([PROGRAMS / "camsim", "--scene", "carpark", "--seed", seed, "--fps", "10", "--frames", "20",
                    "--export", clip], check=True, stdout=subprocess.DEVNULL)
    return Camsim(clip, folder / f"{lot}.log", fps=10)


def start_lots(folder):
    cameras = {lot: start_camera(folder, lot, seed) for lot, seed in LOTS.items()}
    running = Pipeline(folder, {lot: {"url": f"{camera.url}/stream", "fps": 10, "detect": "always"}
                                for lot, camera in cameras.items()}, detector=DETECTOR)
    running.up()
    return cameras.values(), running


def load(url, path, loads):
    """What the page needed for its first picture, each time."""
    command = ["node", BROWSER / "first_picture.js", f"{url}{path}", str(loads)]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return [json.loads(line) for line in lines]


def row(name, loads):
    def of(key):
        return median([each[key] for each in loads])
    return [name, f"{of('ms'):.0f}", f"{max(each['ms'] for each in loads):.0f}", of("requests"),
            f"{of('bytes') / 1000:.0f}", f"{of('pictureBytes') / of('pictures') / 1000:.0f}", of("pictures")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--loads", type=int, default=7, help="of each page")
    parser.add_argument("--bits", type=float, default=1.5e6, help="a second")
    parser.add_argument("--up", type=float, help="from the phone; default as many")
    parser.add_argument("--delay", type=float, default=0.02, help="seconds each way")
    options = parser.parse_args()
    if not (BROWSER / "node_modules").exists():
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], check=True, cwd=BROWSER)
    rows = []
    with tempfile.TemporaryDirectory(prefix="rc-") as name:
        cameras, running = start_lots(Path(name))
        link = SlowLink(running.url, options.bits, options.up or options.bits, options.delay)
        try:
            for what, path in (("wall", "/"), ("camera", "/camera/LOT1")):
                rows.append(row(what, load(link.url, path, options.loads)))
        finally:
            link.end()
            running.down()
            for camera in cameras:
                camera.end()
    table(["page", "first picture p50 ms", "worst ms", "requests", "kB of them", "kB of a picture",
           "pictures until then"], rows)


if __name__ == "__main__":
    main()
