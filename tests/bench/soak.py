#!/usr/bin/python3
"""Runs the whole pipeline for a while and prints, minute by minute, what must not grow: the age of the
picture at the viewers, and each process's memory and descriptors.

  RINGCAST_ASSETS=… tests/bench/soak.py [--minutes 10] [--fps 30] [--viewers 3]

The camera plays the street clip; the detector runs the smallest of the asset models, so that it can keep up
with the camera on one core. Nothing here passes or fails: the figures are for reading.
"""
import argparse
import asyncio
import json
import os
import pathlib
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import websockets

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RINGCAST_BUILD", ROOT / "build"))


class Viewer:
    """Counts frames and remembers how old each was when its last byte had arrived."""

    def __init__(self):
        self.ages_ms, self.numbers, self.reconnects = [], [], 0

    async def watch(self, url):
        while True:
            try:
                async with websockets.connect(url, subprotocols=["ringcast.binary.v1"], max_size=None,
                                              compression=None) as socket:
                    async for message in socket:
                        if isinstance(message, bytes):
                            self.take(message)
            except (OSError, websockets.WebSocketException):
                self.reconnects += 1
                await asyncio.sleep(0.5)

    def take(self, message):
        number, _generation, captured = struct.unpack_from(">QQQ", message, 16)
        self.ages_ms.append(time.time() * 1e3 - captured / 1e6)
        self.numbers.append(number)

    def drain(self):
        taken, self.ages_ms = self.ages_ms, []
        return taken


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def describe(pid):
    """name, resident kB, descriptors, CPU seconds of a process; None when it is gone."""
    try:
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        resident = int(status.split("VmRSS:")[1].split()[0]) if "VmRSS:" in status else 0
        return (os.path.basename(command[0]).decode(), resident, len(os.listdir(f"/proc/{pid}/fd")),
                (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"))
    except (FileNotFoundError, ProcessLookupError):
        return None


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


async def minute(viewers, supervisor, number, seconds, cpu_before):
    await asyncio.sleep(seconds)
    ages = [age for viewer in viewers for age in viewer.drain()]
    frames = len(ages) / len(viewers) / seconds
    print(f"minute {number:3}: fps {frames:5.1f}  age ms p50 {statistics.median(ages or [0]):6.1f} "
          f"p99 {quantile(ages, .99):6.1f} max {max(ages, default=0):7.1f}  "
          f"reconnects {sum(viewer.reconnects for viewer in viewers)}")
    for pid in children(supervisor.pid):
        found = describe(pid)
        if found is not None and found[0].startswith("ringcast-"):
            name, resident, descriptors, cpu = found
            used = cpu - cpu_before.get(pid, 0.0)
            cpu_before[pid] = cpu
            print(f"            {name:22} rss {resident:7} kB  descriptors {descriptors:3}  cpu {used / seconds:6.1%}")
    sys.stdout.flush()


async def soak(options, folder, camera_url):
    assets = pathlib.Path(os.environ["RINGCAST_ASSETS"])
    config = folder / "ringcast.json"
    port = options.port
    config.write_text(json.dumps({
        "run_dir": str(folder / "run"), "state_dir": str(folder / "state"),
        "broadcaster": {"listen": f"127.0.0.1:{port}"},
        "detector": {"model": str(assets / "models/yolo-fastest-1.1.cfg"),
                     "weights": str(assets / "models/yolo-fastest-1.1.weights"),
                     "names": str(assets / "models/coco.names")},
        "cameras": {"CAM1": {"url": camera_url, "fps": options.fps, "skip_frames": 1, "detect": "always"}},
    }), encoding="ascii")
    supervisor = subprocess.Popen([ROOT / "ringcast", "up", "-c", config], stderr=subprocess.DEVNULL)
    viewers = [Viewer() for _ in range(options.viewers)]
    url = f"ws://127.0.0.1:{port}/ws/viewer/detection?camera_id=CAM1"
    tasks = [asyncio.create_task(viewer.watch(url)) for viewer in viewers]
    try:
        while not viewers[0].numbers and supervisor.poll() is None:
            await asyncio.sleep(0.1)
        for viewer in viewers:
            viewer.drain()
        cpu = {}
        for number in range(1, options.minutes + 1):
            await minute(viewers, supervisor, number, options.seconds, cpu)
        for name in ("capture.CAM1", "detector.0", "broadcaster"):
            print(subprocess.run([BUILD / "ringcast-ctl", "-c", config, name, "stats"],
                                 capture_output=True, text=True, check=False).stdout)
    finally:
        for task in tasks:
            task.cancel()
        supervisor.send_signal(signal.SIGTERM)
        supervisor.wait(timeout=10)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=60, help="length of a minute, for a quick look")
    parser.add_argument("--fps", type=float, default=30)
    parser.add_argument("--viewers", type=int, default=3)
    parser.add_argument("--port", type=int, default=18069)
    options = parser.parse_args()
    if "RINGCAST_ASSETS" not in os.environ:
        sys.exit("soak.py needs RINGCAST_ASSETS: the folder with media/street.mjpeg and models/yolo-fastest-1.1.*")
    clip = pathlib.Path(os.environ["RINGCAST_ASSETS"]) / "media/street.mjpeg"
    camera = subprocess.Popen([BUILD / "camsim", "--fps", str(options.fps), "--loop", clip],
                              stdout=subprocess.PIPE, text=True)
    try:
        address = camera.stdout.readline().strip().rstrip("/")
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(soak(options, pathlib.Path(folder), f"{address}/stream"))
    finally:
        camera.terminate()
        camera.wait()


if __name__ == "__main__":
    main()
