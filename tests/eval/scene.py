#!/usr/bin/python3
"""Judges tracks and spaces on the simulated car park (camsim --scene carpark) with the demo model.

    tests/eval/scene.py --build build [--seeds 6102] [--minutes 10] [--still] [--shake]

Nothing but the project's own is needed, and python3-numpy and python3-scipy. Prints IDF1 of the cars, the share
of time in which spaces are right outside of 3 s around a change, and changes that never were; fails where a
goal is missed. Without traffic no change may be false; with it, their number is told.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
from scipy.optimize import linear_sum_assignment

ROOT = Path(__file__).resolve().parent.parent.parent
MODEL = ROOT / "detector/demo_model/ringcast-demo.onnx"
FPS, SIZE = 10, "640x360"
CONF = 0.35  # as `make demo` has it
IDF1_MIN, RIGHT_MIN = 0.9, 0.99
AROUND_S = 3.0       # outside of so much before and after a change a state must be right
EXPLAINED_S = 8.0    # a change is false when nothing has changed in the space for so long
VISIBLE_MIN, HEIGHT_MIN = 0.5, 16  # what is more hidden or smaller need not be found


def overlap(one, other):
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    common = max(width, 0) * max(height, 0)
    return common / (one[2] * one[3] + other[2] * other[3] - common)


def export(build, seed, frames, folder, options):
    subprocess.run([build / "camsim", "--scene", "carpark", "--seed", str(seed), "--size", SIZE, "--fps", str(FPS),
                    "--frames", str(frames), "--export", folder, *options], check=True, stdout=subprocess.DEVNULL)
    return [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]


def detect(build, folder, frames):
    pictures = sorted(folder.glob("*.jpg"))
    if len(pictures) != frames:
        sys.exit(f"camsim drew {len(pictures)} pictures, not {frames}")
    output = subprocess.run([build / "detect_frames", "-c", str(CONF), "-n", MODEL.with_suffix(".names"), "-r", str(FPS),
                             "-s", folder / "spaces.json", MODEL, *pictures],
                            check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


class Identities:
    """IDF1: tracks and objects are paired one to one for the whole time, so that most boxes agree (Ristani et
    al., 2016). Objects that need not be found excuse the boxes on them."""

    def __init__(self):
        self.common, self.tracks, self.objects = {}, {}, {}

    def add(self, truth, metadata):
        cars = [one for one in truth["objects"] if one["class"] == "car" and one["visible_box"]]
        found = [one for one in metadata["detections"] if one["class"] == "car" and "track_id" in one]
        scores = numpy.array([[overlap(car["visible_box"], one["bbox"]) for one in found] for car in cars]
                             ).reshape(len(cars), len(found))
        pairs = [(row, column) for row, column in zip(*linear_sum_assignment(scores, maximize=True))
                 if scores[row, column] >= 0.5]
        excused = set()
        for row, column in pairs:
            if self.counts(cars[row]):
                pair = cars[row]["id"], found[column]["track_id"]
                self.common[pair] = self.common.get(pair, 0) + 1
            else:
                excused.add(column)
        for car in filter(self.counts, cars):
            self.objects[car["id"]] = self.objects.get(car["id"], 0) + 1
        for column, one in enumerate(found):
            if column not in excused:
                self.tracks[one["track_id"]] = self.tracks.get(one["track_id"], 0) + 1

    @staticmethod
    def counts(car):
        return car["visible"] >= VISIBLE_MIN and car["visible_box"][3] >= HEIGHT_MIN

    def idf1(self):
        objects, tracks = sorted(self.objects), sorted(self.tracks)
        common = numpy.array([[self.common.get((one, track), 0) for track in tracks] for one in objects])
        agreed = common[linear_sum_assignment(common, maximize=True)].sum()
        return 2 * agreed / (sum(self.objects.values()) + sum(self.tracks.values()))


def changes_of(truth):
    """{space: the times of its true changes}"""
    changes = {space["id"]: [] for space in truth[0]["spaces"]}
    for before, after in zip(truth, truth[1:]):
        for one, other in zip(before["spaces"], after["spaces"]):
            if one["state"] != other["state"]:
                changes[other["id"]].append(after["time"])
    return changes


def judge_spaces(truth, told):
    """(moments right, moments, false changes)"""
    changes, right, moments, false = changes_of(truth), 0, 0, []
    begin = truth[0]["time"]
    for true, metadata in zip(truth, told):
        now = true["time"]
        states = {space["space_id"]: space["state"] for space in metadata["space_occupancy"]}
        for space in true["spaces"]:
            if all(abs(now - time) > AROUND_S for time in [begin, *changes[space["id"]]]):
                moments += 1
                right += states[space["id"]] == space["state"]
        for event in metadata.get("space_events", ()):
            near = [time for time in changes[event["space_id"]] if abs(now - time) <= EXPLAINED_S]
            if event["from"] != "unknown" and not near:
                false.append(f"{event['space_id']} {event['to']} at {now:.1f} s")
    return right, moments, false


def judge(build, seed, minutes, options):
    frames = int(minutes * 60 * FPS)
    with tempfile.TemporaryDirectory(prefix="ringcast-eval-") as name:
        folder = Path(name)
        truth = export(build, seed, frames, folder, options)
        told = detect(build, folder, frames)
    identities = Identities()
    for true, metadata in zip(truth, told):
        identities.add(true, metadata)
    idf1 = identities.idf1()
    right, moments, false = judge_spaces(truth, told)
    share = right / moments
    true_changes = sum(map(len, changes_of(truth).values()))
    reached = idf1 >= IDF1_MIN and share >= RIGHT_MIN and not (false and "--still" in options)
    print(f"car park {' '.join((str(seed), *options))}, {minutes:g} min: IDF1 {idf1:.3f} (goal {IDF1_MIN}) "
          f"of {len(identities.objects)} cars, "
          f"spaces right {share:.4f} (goal {RIGHT_MIN}), {true_changes} changes, {len(false)} false"
          f"{'' if reached else ' MISSED'}", flush=True)
    print("".join(f"  false change: {one}\n" for one in false), end="")
    return reached


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=Path)
    parser.add_argument("--seeds", default="6102")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--still", action="store_true", help="without traffic")
    parser.add_argument("--shake", action="store_true", help="the pole sways")
    arguments = parser.parse_args()
    options = [f"--{name}" for name in ("still", "shake") if getattr(arguments, name)]
    reached = [judge(arguments.build, int(seed), arguments.minutes, options)
               for seed in arguments.seeds.split(",")]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
