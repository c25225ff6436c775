"""Every network of a folder: what it costs on one thread, and how many parked cars it finds.

    tests/bench/models.py [FOLDER]    by default models/ of RINGCAST_ASSETS

The pictures are PKLot's (media/pklot of RINGCAST_ASSETS), with the truth beside each. A space counts as
occupied when its centre lies in the middle of the box of a car, truck or bus: 70 % of its width, 80 % of
its height."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

from figures import asset, median, table
from harness.processes import PROGRAMS

TURNS, WARM_UP = 15, 2
CONFIDENCES = [0.15, 0.30]
VEHICLES = {"car", "truck", "bus"}
MIDDLE_WIDTH, MIDDLE_HEIGHT = 0.7, 0.8


def opencv_version():
    header = Path("/usr/include/opencv4/opencv2/core/version.hpp")
    if not header.exists():
        return "OpenCV"
    numbers = re.findall(r"#define CV_VERSION_(?:MAJOR|MINOR|REVISION)\s+(\d+)",
                         header.read_text(encoding="utf-8"))
    return f"OpenCV {'.'.join(numbers)}"


def networks(folder):
    """(name, arguments) of each; Darknet's have their weights beside them."""
    for path in sorted([*folder.glob("*.onnx"), *folder.glob("*.cfg")]):
        weights = path.with_suffix(".weights")
        yield path.stem, ["-w", weights, path] if path.suffix == ".cfg" else [path]


def spaces_of(picture):
    """[(x, y, occupied)]; a space whose truth is not known is left out."""
    found = []
    for space in xml.parse(picture.with_suffix(".xml")).iter("space"):
        if "occupied" in space.attrib:
            centre = space.find("rotatedRect/center")
            found.append((int(centre.get("x")), int(centre.get("y")),
                          space.get("occupied") == "1"))
    return found


def holds(box, x, y):
    left, top, width, height = box
    return (abs(x - left - width / 2) <= width * MIDDLE_WIDTH / 2 and
            abs(y - top - height / 2) <= height * MIDDLE_HEIGHT / 2)


def judge(results, truth, confidence):
    """(recall, precision, accuracy) of the occupied spaces of all pictures."""
    hits = misses = false = right = 0
    for result, spaces in zip(results, truth):
        boxes = [one["bbox"] for one in result["detections"]
                 if one["class"] in VEHICLES and one["confidence"] >= confidence]
        for x, y, occupied in spaces:
            said = any(holds(box, x, y) for box in boxes)
            hits += said and occupied
            misses += occupied and not said
            false += said and not occupied
            right += said == occupied
    return (hits / max(1, hits + misses), hits / max(1, hits + false),
            right / max(1, sum(map(len, truth))))


def detections(arguments, pictures):
    """The metadata of each picture; a network that cannot be run raises with its message."""
    done = subprocess.run(
        [PROGRAMS / "detect_frames", "-c", str(min(CONFIDENCES)), *arguments, *pictures],
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return [json.loads(line) for line in done.stdout.splitlines()]


def costs(arguments, pictures):
    """Median CPU milliseconds of each stage."""
    done = subprocess.run([PROGRAMS / "detector_bench", *arguments, *pictures],
                          input="\n" * (WARM_UP + TURNS), capture_output=True, text=True, check=True)
    turns = [json.loads(line) for line in done.stdout.splitlines()][WARM_UP:]
    return {stage: median([turn[stage] for turn in turns]) / 1e3
            for stage in turns[0] if stage != "boxes_found"}


def row(name, arguments, pictures, truth):
    results = detections(arguments, pictures)
    stages = costs(arguments, pictures)
    megabytes = sum(os.path.getsize(one) for one in arguments if one != "-w") / 1e6
    cells = [name, f"{megabytes:.1f}"]
    cells += [f"{stages[stage]:.1f}" for stage in ("decode", "preprocess", "infer", "boxes")]
    cells.append(f"{sum(stages[stage] for stage in ('annotate', 'metadata', 'encode')):.1f}")
    cells.append(f"{sum(stages.values()):.0f}")
    for confidence in CONFIDENCES:
        cells.append(" / ".join(f"{share:.2f}" for share in judge(results, truth, confidence)))
    return cells


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else asset("models")
    clips = asset("media/pklot")
    if folder is None or clips is None:
        return 0
    pictures = sorted(clips.glob("*.jpg"))
    truth = [spaces_of(picture) for picture in pictures]
    rows, failures = [], []
    for name, arguments in networks(folder):
        try:
            rows.append(row(name, arguments, pictures, truth))
        except RuntimeError as error:
            failures.append(f"- {name}: {error}")
    print(f"{opencv_version()}, one thread; median CPU milliseconds of {TURNS} pictures of 1280 x 720. "
          f"Found: recall / precision / accuracy of {sum(map(len, truth))} spaces, of which "
          f"{sum(space[2] for spaces in truth for space in spaces)} are occupied.\n")
    table(["network", "MB", "decode", "pre", "forward", "boxes", "draw, encode", "all",
           *[f"found at {confidence:.2f}" for confidence in CONFIDENCES]], rows)
    if failures:
        print("Not run:\n\n" + "\n".join(failures) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
