#!/usr/bin/python3
"""Judges occupancy on pictures of real car parks with truth (PKLot), which are no part of the project.

    RINGCAST_ASSETS=folder tests/eval/pklot.py --build build

Needs media/pklot/*.jpg with *.xml and models/ in the assets. Each picture stands for some seconds of a camera.
Prints accuracy, recall and precision of the spaces and every one that is wrong, and fails where a goal is missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from itertools import groupby
from pathlib import Path

WIDTH, HEIGHT = 1280, 720
# Network, tiles as detect_frames takes them, the least accuracy.
RUNS = [("yolov8n_640_ocv46.onnx", "1x1", 0.97), ("yolov5n_320.onnx", "1x1", 0.95),
        ("yolov5n_320.onnx", "2x2,0.2,only", 0.95), ("yolov5n_320.onnx", "2x2,0.2", 0.95)]
RATE, REPEATED = 0.5, 4  # a gap counts as a second at most: enough for a space to change


def read_truth(path):
    """The spaces as a configuration has them, and which are taken. None: nobody knows."""
    spaces, taken = [], {}
    for space in ElementTree.parse(path).getroot().iter("space"):
        name = space.get("id")
        points = [(float(point.get("x")) / WIDTH, float(point.get("y")) / HEIGHT)
                  for point in space.find("contour").iter("point")]
        spaces.append({"id": name, "polygon": [[min(max(x, 0), 1), min(max(y, 0), 1)] for x, y in points]})
        taken[name] = None if space.get("occupied") is None else space.get("occupied") == "1"
    return spaces, taken


def watch(program, model, tiles, spaces, pictures):
    """The states of all spaces at the end of each picture."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(spaces, file)
        file.flush()
        output = subprocess.run(
            [program, "-r", str(RATE), "-s", file.name, "-k", tiles, model,
             *(picture for picture in pictures for _ in range(REPEATED))],
            check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = [json.loads(line) for line in output.splitlines()]
    return [{space["space_id"]: space["state"] for space in line["space_occupancy"]}
            for line in lines[REPEATED - 1::REPEATED]]


def judge(program, model, tiles, pictures):
    counts = {"right taken": 0, "right free": 0, "missed": 0, "false": 0}
    mistakes = []
    for spaces, group in groupby(pictures, key=lambda picture: read_truth(picture.with_suffix(".xml"))[0]):
        group = list(group)
        for picture, states in zip(group, watch(program, model, tiles, spaces, group)):
            for name, taken in read_truth(picture.with_suffix(".xml"))[1].items():
                if taken is None:
                    continue
                seen = states[name] == "occupied"
                kind = ("right taken" if taken else "right free") if seen == taken else \
                    ("missed" if taken else "false")
                counts[kind] += 1
                if seen != taken:
                    mistakes.append(f"  {picture.stem}: space {name} {kind}")
    return counts, mistakes


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    program = Path(parser.parse_args().build) / "detect_frames"
    assets = os.environ.get("RINGCAST_ASSETS")
    pictures = sorted((Path(assets) / "media/pklot").glob("*.jpg")) if assets else []
    if not pictures:
        print("skipped: spaces of PKLot (no RINGCAST_ASSETS with media/pklot)")
        return 0
    missed = False
    for name, tiles, goal in RUNS:
        counts, mistakes = judge(program, Path(assets) / "models" / name, tiles, pictures)
        right = counts["right taken"] + counts["right free"]
        accuracy = right / sum(counts.values())
        recall = counts["right taken"] / (counts["right taken"] + counts["missed"])
        precision = counts["right taken"] / (counts["right taken"] + counts["false"])
        reached = accuracy >= goal
        print(f"spaces of PKLot, {name}, tiles {tiles}: accuracy {accuracy:.3f}, recall {recall:.3f}, precision {precision:.3f}"
              f" of {sum(counts.values())}  goal: {goal}{'' if reached else ' MISSED'}")
        print("\n".join(mistakes))
        missed |= not reached
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
