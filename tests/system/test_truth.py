"""Is what the pipeline says true? Two simulated car parks at a raised speed, the demo model, and what a
viewer is told about each frame beside what was true in it.

The floors lie well below what the demo model reaches and well above what any of FAULTS leaves."""

from functools import partial

import pytest

from harness.carpark import Frame, Lot, watch
from harness.truth import agreement, score, shift

# Car parks that the demo model has not learnt from: by day and quiet, at dusk and hasty.
LOTS = {"LOT1": Lot(seed=6001, speed=2, light=0.1), "LOT2": Lot(seed=6002, speed=15, light=0.4)}
UNTIL_FRAME = 100

RECALL_MIN = {"car": 0.93, "person": 0.4}
PRECISION_MIN = {"car": 0.93, "person": 0.7}
SHIFT_MAX = 2.0        # pixels
AGREEMENT_FACTOR = 1.3  # of a frame's own truth over that of its neighbours


@pytest.fixture(scope="module")
def recordings():
    return watch(LOTS, UNTIL_FRAME)


def undrawn(recordings):
    """{camera: numbers of published frames that it never drew}."""
    numbers = {camera: [frame.number for frame in recording.frames
                        if frame.number not in recording.truth]
               for camera, recording in recordings.items()}
    return {camera: strange for camera, strange in numbers.items() if strange}


def complaints(recordings):
    """What is not as it should be: {what: the figures}."""
    every = list(recordings.values())
    found = {}
    for name, least in RECALL_MIN.items():
        figures = score(every, name)
        if figures.recall < least:
            found[f"{name} recall"] = str(figures)
        if figures.precision < PRECISION_MIN[name]:
            found[f"{name} precision"] = str(figures)
    beside = shift(every, "car") if "car recall" not in found else []
    if any(abs(pixels) > SHIFT_MAX for pixels in beside):
        found["shift"] = str(beside)
    for camera, recording in recordings.items():
        before, now, after = (agreement(recording, later) for later in (-1, 0, 1))
        if now < AGREEMENT_FACTOR * max(before, after):
            found[f"frame of {camera}"] = f"before {before:.2f} now {now:.2f} after {after:.2f}"
    return found


def test_what_is_published_is_true(recordings, record_property):
    assert not undrawn(recordings)
    every = list(recordings.values())
    for name in RECALL_MIN:
        record_property("figures", f"{name}: {score(every, name)}")
    beside = " ".join(f"{pixels:+.1f}" for pixels in shift(every, "car"))
    record_property("figures", f"edges beside the truth, in pixels: {beside}")
    assert not complaints(recordings)


# --- and would it be noticed if it were not? -----------------------------------------------------


def with_detections(change):
    """A fault that turns the detections of each frame into others."""
    def faulty(recordings):
        return {camera: recording.with_frames(lambda frame: Frame(frame.number, {
            **frame.metadata, "detections": change(frame.metadata["detections"])}))
            for camera, recording in recordings.items()}
    return faulty


def moved(right, down):
    def change(detections):
        return [{**one, "bbox": [one["bbox"][0] + right, one["bbox"][1] + down, *one["bbox"][2:]]}
                for one in detections]
    return change


def reclassed(detections):
    other = {"car": "person", "person": "car"}
    return [{**one, "class": other[one["class"]]} for one in detections]


def numbered(later):
    """Each frame bears the number of another that was drawn."""
    def faulty(recordings):
        return {camera: recording.with_frames(partial(renumbered, recording))
                for camera, recording in recordings.items()}

    def renumbered(recording, frame):
        number = recording.neighbour(frame.number, later)
        return None if number is None else Frame(number, frame.metadata)
    return faulty


def mixed(recordings):
    one, other = recordings.values()
    frames = {frame.number: frame for frame in one.frames}
    both = [frame for frame in other.frames if frame.number in frames]
    return {"LOT1": type(one)(both, one.truth)}


FAULTS = {
    "5 pixels to the right": (with_detections(moved(5, 0)), "shift"),
    "5 pixels higher": (with_detections(moved(0, -5)), "shift"),
    "classes swapped": (with_detections(reclassed), "car recall"),
    "every other one lost": (with_detections(lambda found: found[::2]), "car recall"),
    "every one twice": (with_detections(lambda found: found + found), "car precision"),
    "of the frame before": (numbered(1), "frame of LOT1"),
    "of the frame after": (numbered(-1), "frame of LOT2"),
    "of the other camera": (mixed, "car recall"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_noticed(recordings, fault):
    faulty, complaint = FAULTS[fault]
    assert complaint in complaints(faulty(recordings))
