"""What a capture process costs for a camera of 30 frames of 50 kB a second, with one reader, beside a
program that only receives the same stream and throws it away."""

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from figures import cpu_seconds, median, picture, table
from harness.captures import reader, stats, wait_online
from harness.processes import Camsim, Capture

FPS = 30
WINDOWS, WINDOW_S = 4, 5

# Prints nothing and keeps nothing: the least that a program can do with a stream.
RECEIVER = """
import socket, sys
from urllib.parse import urlsplit
url = urlsplit(sys.argv[1])
stream = socket.create_connection((url.hostname, url.port))
stream.sendall(b"GET /stream HTTP/1.1\\r\\nHost: camera\\r\\n\\r\\n")
into = bytearray(128 * 1024)
while stream.recv_into(into):
    pass
"""


def read_frames(capture):
    """Takes every frame, like a detector, until the capture is gone."""
    try:
        with reader(capture) as frames:
            while True:
                frames.frame(timeout=10)
    except (AssertionError, OSError):
        pass


def measure(capture, receiver):
    """[(share of a core, us per frame)] for both, window by window."""
    ours, bare = [], []
    for _ in range(WINDOWS):
        before = stats(capture)["frames"], cpu_seconds(capture.pid), cpu_seconds(receiver.pid)
        began = time.monotonic()
        time.sleep(WINDOW_S)
        seconds = time.monotonic() - began
        frames = stats(capture)["frames"] - before[0]
        for rows, pid, cpu in (ours, capture.pid, before[1]), (bare, receiver.pid, before[2]):
            used = cpu_seconds(pid) - cpu
            rows.append((used / seconds, used / frames * 1e6))
    return ours, bare


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = folder / "pictures"
        pictures.mkdir()
        shutil.copy(picture(folder), pictures / "1.jpg")
        size = (pictures / "1.jpg").stat().st_size
        camera = Camsim(pictures, folder / "camsim.log", fps=FPS)
        capture = Capture(folder, "CAM1", url=f"{camera.url}/stream")
        receiver = subprocess.Popen([sys.executable, "-c", RECEIVER, camera.url])
        thread = threading.Thread(target=read_frames, args=(capture,), daemon=True)
        try:
            wait_online(capture)
            thread.start()
            time.sleep(1)
            ours, bare = measure(capture, receiver)
        finally:
            receiver.kill()
            receiver.wait()
            capture.end()
            camera.end()
    print(f"{FPS} frames of {size} bytes a second, {WINDOWS} windows of {WINDOW_S} s, medians.\n")
    table(["program", "CPU, % of a core", "worst window", "CPU us per frame"],
          [[what, f"{100 * median([row[0] for row in rows]):.2f}",
            f"{100 * max(row[0] for row in rows):.2f}", f"{median([row[1] for row in rows]):.0f}"]
           for what, rows in (("ringcast-capture", ours), ("recv() and nothing else", bare))])


if __name__ == "__main__":
    main()
