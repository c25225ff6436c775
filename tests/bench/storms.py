#!/usr/bin/python3
"""Storms of connections on a broadcaster, and how soon it knows that a viewer is gone.

    storms.py [--rates 500 2000 5000] [--seconds 8]

Storms: connections that only come and go, viewers that come and go, viewers that come back as soon as
they are closed by a reset, so many a second while ten other viewers watch 10 frames a second. Afterwards
memory and descriptors should be what they were. A peer whose link is set down needs root (a network
namespace with a veth pair); without it that line is left out, and says so.
"""

import argparse
import os
import re
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from figures import PROGRAMS, table
from harness.away import ADDRESS, Away
from harness.broadcaster import Broadcaster, Counter
from harness.jpeg import grey_jpeg
from harness.waiting import wait_until

RESET = struct.pack("ii", 1, 0)


def used(server):
    """(resident MB, descriptors)"""
    text = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
    return (int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024,
            len(os.listdir(f"/proc/{server.pid}/fd")))


STORMS = {"come and go": "connection", "viewers, closed": "viewer",
          "viewers, reset and back at once": "reset"}


def blow(kind, port, rate, seconds):
    """A storm of so many visits a second; how many there were, and how many of them were answered."""
    said = subprocess.run([PROGRAMS / "storm", str(port), kind, str(rate), str(seconds)], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    return map(int, said.split())


class Posts(threading.Thread):
    """Ten frames a second."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.over = server, threading.Event()
        self.start()

    def run(self):
        picture = grey_jpeg(1)
        while not self.over.wait(0.1):
            self.server.post_frame("CAM1", picture)


def storms(server, options):
    watching = [server.watch("CAM1") for _ in range(10)]
    counter, posts = Counter(watching), Posts(server)
    blow("viewer", server.port, 200, 1)  # buffers of the libraries are made once
    rows = []
    for name, kind in STORMS.items():
        for rate in options.rates:
            wait_until(lambda: server.viewers("CAM1") == 10, 10, "the last storm is over")
            before, frames = used(server), sum(map(len, counter.counts))
            began = time.monotonic()
            visits, answered = blow(kind, server.port, rate, options.seconds)
            frames = (sum(map(len, counter.counts)) - frames) / (time.monotonic() - began) / 10
            calm = time.monotonic()
            wait_until(lambda: server.viewers("CAM1") == 10, 10, "it is over")
            calm = (time.monotonic() - calm) * 1000
            time.sleep(2.5)  # connections that we closed wait two seconds for the peer
            after = used(server)
            rows.append([name, rate, f"{visits / options.seconds:.0f}",
                         f"{answered / options.seconds:.0f}", f"{frames:.1f}",
                         f"{calm:.0f}", f"{before[0]:.1f}", f"{after[0]:.1f}", before[1], after[1]])
    posts.over.set()
    posts.join()
    counter.end()
    for one in watching:
        one.close()
    print(f"{options.seconds:.0f} s each, beside ten viewers of 10 frames a second\n")
    table(["storm", "wanted/s", "came/s", "answered/s", "frames/s of the ten", "gone after ms", "MB before",
           "MB after", "descriptors before", "after"], rows)


# --- how soon a viewer is known to be gone ---

def seen_gone(server, leave):
    """Milliseconds from the end of leave() until /debug/streams is empty."""
    began = time.monotonic()
    leave()
    wait_until(lambda: server.get("/debug/streams")[2]["active_streams"] == 0, 60, "gone")
    return (time.monotonic() - began) * 1000


def close_all(watching):
    for one in watching:
        one.close()


def reset_all(watching):
    for one in watching:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        one.close()


def vanished(folder):
    """A viewer in another network namespace whose link is set down while frames go to it."""
    server = Broadcaster(folder / "vanished", listen="0.0.0.0:0", insecure=True, hosts=[ADDRESS])
    try:
        viewer = Away(server.port)
        posts = Posts(server)
        try:
            return seen_gone(server, viewer.vanish)
        finally:
            posts.over.set()
            posts.join()
            viewer.end()
    finally:
        server.end()


def departures(folder):
    rows = []
    server = Broadcaster(folder / "departures")
    try:
        for name, leave in (("ten closed tabs", close_all), ("ten resets", reset_all)):
            took = []
            for _ in range(10):
                watching = [server.watch_raw() for _ in range(10)]
                took.append(seen_gone(server, lambda: leave(watching)))
            rows.append([name, f"{sorted(took)[4]:.0f}", f"{max(took):.0f}"])
    finally:
        server.end()
    try:
        took = vanished(folder)
        rows.append(["one whose link was set down", f"{took:.0f}", f"{took:.0f}"])
    except (OSError, subprocess.CalledProcessError, AssertionError) as error:
        print(f"left out: a viewer whose link is set down, which takes root: {error}\n")
    print("How long /debug/streams shows who has left\n")
    table(["who", "p50 ms", "max ms"], rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rates", type=int, nargs="+", default=[500, 2000, 5000])
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rc-") as name:
        folder = Path(name)
        server = Broadcaster(folder / "storms")
        try:
            storms(server, options)
        finally:
            server.end()
        departures(folder)


if __name__ == "__main__":
    main()
