#!/usr/bin/python3
"""Runs the whole pipeline with Chromium before it for a while and prints, minute by minute, what must not
grow: the age of the pictures on its canvases, each process's memory and descriptors.

    soak.py [--minutes 10] [--size 640x360] [--fps 15] [--judge]

With --judge it fails when they have grown: that is for .ci/run, where other work goes on beside it, so that
only what a real fault does counts. A picture that waits in a queue gets older by seconds.
"""

import argparse
import os
import re
import signal
import sys
import tempfile
from pathlib import Path

from canvas import DETECT, RAW, CarPark, Canvases
from figures import cpu_seconds, median, quantile

# The first minutes fill caches and buffers; the judgement compares medians of three minutes.
SETTLED, COMPARED = 2, 3
MEMORY_GROWTH_MAX_KB = 3000  # 1 kB for every frame of five minutes is more
AGE_GROWTH_MAX_MS = 500


class Minute:
    """What each process has at its end, {name: …}, and what was drawn in it: {path: ages in ms}."""

    def __init__(self, running, windows):
        self.ages = {path: window["ages"] for path, window in windows.items()}
        self.connections = sum(window["connections"] for window in windows.values())
        self.memory_kb, self.descriptors, self.cpu_s = {}, {}, {}
        for name, process in running.state().items():
            folder = Path(f"/proc/{process['pid']}")
            self.memory_kb[name] = int(re.search(r"VmRSS:\s+(\d+)", (folder / "status").read_text())[1])
            self.descriptors[name] = len(os.listdir(folder / "fd"))
            self.cpu_s[name] = cpu_seconds(process["pid"])

    def row(self, number, before, seconds):
        ages = [f"{median(one):.0f} / {quantile(one, 0.99):.0f}" for one in self.ages.values()]
        frames = [f"{len(one) / seconds:.1f}" for one in self.ages.values()]
        processes = [f"{self.memory_kb[name] / 1000:.1f} / {self.descriptors[name]} / "
                     f"{100 * (self.cpu_s[name] - before.cpu_s.get(name, 0)) / seconds:.1f}"
                     for name in sorted(self.memory_kb)]
        return [number, *frames, *ages, *processes]


def complaints(minutes):
    """What has grown, in words."""
    early, late = minutes[SETTLED:SETTLED + COMPARED], minutes[-COMPARED:]
    found = []
    for name in late[-1].memory_kb:
        before, after = (median([minute.memory_kb.get(name, 0) for minute in some]) for some in (early, late))
        if after - before > MEMORY_GROWTH_MAX_KB:
            found.append(f"{name} has grown from {before:.0f} to {after:.0f} kB")
        # On a starved machine viewers come and go: what leaks is never again where it once was.
        before = max(minute.descriptors.get(name, 0) for minute in early)
        after = min(minute.descriptors.get(name, 0) for minute in late)
        if after > before:
            found.append(f"{name} had {before} descriptors and has {after}")
    for path in late[-1].ages:
        before, after = (median([median(minute.ages[path]) for minute in some]) for some in (early, late))
        if not after - before < AGE_GROWTH_MAX_MS:  # also when there are none
            found.append(f"pictures of {path} were {before:.0f} ms old and are {after:.0f}")
    if late[-1].connections != len(late[-1].ages):
        found.append(f"{late[-1].connections} connections for {len(late[-1].ages)} viewers")
    return found


def soak(options, folder):
    park = CarPark(folder, options.size, options.fps)
    try:
        minutes, before = [], Minute(park.running, {})
        canvases = Canvases(park.running.url, options.seconds, [RAW, DETECT])
        for number, windows in zip(range(options.minutes), canvases):
            minutes.append(Minute(park.running, windows))
            names = sorted(minutes[-1].memory_kb)
            if number == 0:
                print(f"processes: MB / descriptors / CPU % of a core; ages: p50 / p99 ms; a minute is "
                      f"{options.seconds} s\n")
                head = ["minute", "raw/s", "boxes/s", "age raw", "age boxes", *names]
                print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
            row = minutes[-1].row(number + 1, before, options.seconds)
            print(f"| {' | '.join(map(str, row))} |", flush=True)
            before = minutes[-1]
        canvases.end()
        return minutes
    finally:
        park.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=60, help="length of a minute, for a quick look")
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--judge", action="store_true")
    options = parser.parse_args()
    if options.judge and options.minutes < SETTLED + 2 * COMPARED:
        parser.error(f"--judge takes {SETTLED + 2 * COMPARED} minutes at least")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    with tempfile.TemporaryDirectory(prefix="rc-") as folder:
        minutes = soak(options, Path(folder))
    if len(minutes) < options.minutes:
        return "the viewers have ended too early"
    grown = complaints(minutes) if options.judge else []
    if options.judge and not grown:
        print("Nothing has grown.")
    return "\n".join(grown) or 0


if __name__ == "__main__":
    sys.exit(main())
