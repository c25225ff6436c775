#!/usr/bin/python3
"""Judges the tracker on sequences with truth, which are no part of the project.

    RINGCAST_ASSETS=folder tests/eval/tracking.py --build build

Needs mot/ (sequences and suites) and eval/mot_eval.py in the assets, python3-numpy and python3-scipy.
Prints HOTA, DetA, AssA, MOTA, IDF1 and identity switches of each suite and fails where a goal is missed. A
suite takes every Nth frame of a sequence. Which one it begins with makes a difference, too, so the others are
tried; then one of each N at random, so that time is uneven; then as many, each frame as likely as the other,
so that gaps are several times as long. How many switches to expect then is learnt from even frames: what a gap
costs among gaps of its own length. More than that would say that uneven time is handled badly.
"""

import argparse
import filecmp
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy

# suite: least HOTA, most identity switches
GOALS = {"nc_fps10": (65.3, 290), "nc_fps5": (66.5, 230), "own_fps10": (84.0, 10), "own_fps5": (84.0, 10)}
JITTER_SEEDS, RANDOM_SEEDS = range(1, 6), range(1, 11)
EXPECTED_BY, EXPECTED_AND = 1.1, 2  # so many times as expected, and so many more, are in the noise
STEPS = (1, 2, 3, 4, 6, 8, 12, 18)  # frames between two, to learn what a gap costs
COLUMNS = ("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW")


def sequences_of(suite):
    lines = suite.read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def track(program, data, results, sequences, options=()):
    results.mkdir()
    return subprocess.run([program, *options, data, results, *sequences], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def judge(evaluation, data, results, sequences, folder):
    figures = folder / "figures.json"
    subprocess.run(["/usr/bin/python3", evaluation, "--data", data, "--results", results, "--seqs",
                    ",".join(sequences), "--json", figures], check=True, stdout=subprocess.DEVNULL)
    return json.loads(figures.read_text())


def keep_frames(source, target, numbers):
    """Copies the rows of the frames in `numbers`, which become 1, 2, 3 ..."""
    with open(source) as rows, open(target, "w") as kept:
        for row in rows:
            frame, comma, rest = row.partition(",")
            if comma and frame.strip().isdigit() and int(frame) in numbers:
                kept.write(f"{numbers[int(frame)]},{rest}")


def reduce(data, results, sequences, folder):
    """What is left of truth and results in frames dropped at random, as sequences of their own."""
    reduced, reduced_results = folder / "data", folder / "reduced"
    reduced_results.mkdir()
    for name in sequences:
        sequence = split(name)[0]
        frames = [int(line) for line in (results / f"{name}.frames").read_text().split()]
        numbers = {frame: place for place, frame in enumerate(frames, 1)}
        (reduced / sequence).mkdir(parents=True)
        information = (data / sequence / "seqinfo.ini").read_text().splitlines()
        (reduced / sequence / "seqinfo.ini").write_text("\n".join(
            f"seqLength={len(frames)}" if line.startswith("seqLength") else line for line in information))
        keep_frames(data / sequence / "gt.txt", reduced / sequence / "gt.txt", numbers)
        keep_frames(results / f"{name}.txt", reduced_results / f"{sequence}.txt", numbers)
    return reduced, reduced_results


def show(name, figures, remark):
    print(f"{name:<22}" + "".join(f"{figures[column]:>8.1f}" if column != "IDSW" else
                                  f"{figures[column]:>8.0f}" for column in COLUMNS) + f"  {remark}", flush=True)


def reaches(figures, goal):
    return figures["HOTA"] >= goal[0] and round(figures["IDSW"]) <= goal[1]


def evenly(program, evaluation, data, sequences, folder):
    results = folder / "even"
    track(program, data, results, sequences)
    track(program, data, folder / "again", sequences)
    for name in sequences:
        if not filecmp.cmp(results / f"{name}.txt", folder / "again" / f"{name}.txt", shallow=False):
            sys.exit(f"{name}: two runs differ")
    return judge(evaluation, data, results, sequences, folder)["OVERALL"]


def most_dropped(sequences):
    """The largest N of the suite's sequences."""
    return max(split(name)[1] for name in sequences)


def unevenly(program, evaluation, data, sequences, options, folder):
    results = folder / "results"
    track(program, data, results, sequences, options)
    data, results = reduce(data, results, sequences, folder)
    return judge(evaluation, data, results, [split(name)[0] for name in sequences], folder)["OVERALL"]


def split(name):
    """("A", 3) of "A@3"."""
    sequence, _, every = name.partition("@")
    return sequence, int(every or 1)


def length_of(data, sequence):
    for line in (data / sequence / "seqinfo.ini").read_text().splitlines():
        if line.startswith("seqLength="):
            return int(line.partition("=")[2])
    sys.exit(f"{sequence} has no seqLength")


def switches_by_step(program, evaluation, data, sequences, step, folder):
    """{sequence: identity switches a frame} with each `step`th frame."""
    names = [f"{split(name)[0]}@{step}" for name in sequences]
    results = folder / "results"
    track(program, data, results, names)
    figures = judge(evaluation, data, results, names, folder)
    return {split(name)[0]: figures[name]["IDSW"] * step / length_of(data, split(name)[0]) for name in names}


def expected_switches(program, evaluation, data, sequences):
    """Of frames dropped at random, if a gap costs what it costs among gaps of the same length."""
    costs = [in_folder(switches_by_step, program, evaluation, data, sequences, step) for step in STEPS]
    expected = 0
    for sequence, every in map(split, sequences):
        gaps = numpy.arange(1, 20 * every + 1)
        shares = (1 - 1 / every) ** (gaps - 1) / every
        cost = numpy.interp(gaps, STEPS, [by_sequence[sequence] for by_sequence in costs])
        expected += length_of(data, sequence) / every * (shares * cost).sum()
    return expected


def mean(rows):
    return {column: sum(row[column] for row in rows) / len(rows) for column in COLUMNS}


def in_folder(function, *arguments):
    folder = Path(tempfile.mkdtemp(prefix="ringcast-eval-"))
    try:
        return function(*arguments, folder)
    finally:
        shutil.rmtree(folder)


def judge_several(program, evaluation, data, sequences, title, option, values):
    """Prints and returns the mean of runs that differ in one option."""
    rows = [in_folder(unevenly, program, evaluation, data, sequences, (option, str(value))) for value in values]
    switches = [row["IDSW"] for row in rows]
    show(title, mean(rows), f"mean of {len(rows)}, IDSW {min(switches):.0f} to {max(switches):.0f}")
    return mean(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    program = Path(parser.parse_args().build) / "track_boxes"
    assets = os.environ.get("RINGCAST_ASSETS")
    if not assets or not (Path(assets) / "mot/suites").is_dir():
        print("skipped: tracking (no RINGCAST_ASSETS with mot/ and eval/)")
        return 0
    data, evaluation = Path(assets) / "mot", Path(assets) / "eval/mot_eval.py"
    missed = False
    print(f"{'tracking':<22}" + "".join(f"{column:>8}" for column in COLUMNS))
    for name, goal in GOALS.items():
        sequences = sequences_of(data / "suites" / f"{name}.txt")
        even = in_folder(evenly, program, evaluation, data, sequences)
        show(name, even, f"goal: HOTA {goal[0]}, IDSW {goal[1]}{'' if reaches(even, goal) else ' MISSED'}")
        missed |= not reaches(even, goal)
        several = functools.partial(judge_several, program, evaluation, data, sequences)
        several("  other first frames", "-p", range(1, most_dropped(sequences)))
        several("  one of each N", "-j", JITTER_SEEDS)
        random = several("  at random", "-r", RANDOM_SEEDS)
        expected = expected_switches(program, evaluation, data, sequences)
        most = EXPECTED_BY * expected + EXPECTED_AND
        reached = random["IDSW"] <= most
        print(f"  {name} at random: IDSW {random['IDSW']:.0f}, expected {expected:.0f}, goal: {most:.0f}"
              f"{'' if reached else ' MISSED'}", flush=True)
        missed |= not reached
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
