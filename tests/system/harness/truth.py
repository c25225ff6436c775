"""Judges what was published about a simulated car park by what was true (harness/carpark.py)."""

from collections import namedtuple
from statistics import median

IOU = 0.5

# What need not be found and may be: what is hidden by more than half, and what is less than ten
# pixels high when it reaches the demo model (as detector/demo_model/judge.py has it).
VISIBLE_MIN = 0.5
HEIGHT_MIN = 10
INPUT = (512, 288)

# Of one frame and class: pairs of detection and object, detections of nothing, objects not found.
Matched = namedtuple("Matched", "right wrong missed")


class Score(namedtuple("Score", "right wrong missed")):
    @property
    def recall(self):
        return self.right / max(self.right + self.missed, 1)

    @property
    def precision(self):
        return self.right / max(self.right + self.wrong, 1)

    def __str__(self):
        return (f"recall {self.recall:.3f} precision {self.precision:.3f} "
                f"of {self.right + self.missed}")


def overlap(one, other):
    """Intersection over union of two boxes: left, top, width, height."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    common = max(width, 0) * max(height, 0)
    return common / (one[2] * one[3] + other[2] * other[3] - common)


def objects_of(truth, name):
    return [one for one in truth["objects"] if one["class"] == name and one["visible_box"]]


def detections_of(frame, name):
    """The surest first."""
    found = [one for one in frame.metadata["detections"] if one["class"] == name]
    return sorted(found, key=lambda one: -one["confidence"])


def counts(one, truth):
    """Whether an object has to be found."""
    scale = min(INPUT[0] / truth["width"], INPUT[1] / truth["height"])
    return one["visible"] >= VISIBLE_MIN and one["visible_box"][3] * scale >= HEIGHT_MIN


def match(frame, truth, name):
    """Each detection takes the object that it covers best, one that counts before one that does not:
    those only excuse what was found of them."""
    left = objects_of(truth, name)
    right, wrong = [], []
    for detection in detections_of(frame, name):
        fits = [one for one in left if overlap(detection["bbox"], one["visible_box"]) >= IOU]
        if not fits:
            wrong.append(detection)
            continue
        best = max(fits, key=lambda one: (counts(one, truth),
                                          overlap(detection["bbox"], one["visible_box"])))
        left.remove(best)
        if counts(best, truth):
            right.append((detection, best))
    return Matched(right, wrong, [one for one in left if counts(one, truth)])


def matches(recordings, name):
    """A Matched for each frame."""
    return [match(frame, recording.truth[frame.number], name)
            for recording in recordings for frame in recording.frames]


def score(matched):
    """Right, wrong and missed of one class, from `matches`."""
    return Score(*(sum(map(len, column)) for column in zip(*matched)))


def edges(box):
    return box[0], box[1], box[0] + box[2], box[1] + box[3]


def shift(matched):
    """By how many pixels left, top, right and bottom edge lie beside the truth: medians, so that only
    what moves most boxes shows. Nothing when nothing was found rightly."""
    differences = [[mine - true for mine, true in zip(edges(found["bbox"]), edges(thing["visible_box"]))]
                   for one in matched for found, thing in one.right]
    return [median(column) for column in zip(*differences)]


def agreement(recording, later):
    """How well the boxes cover what moves in the frame that was drawn `later` frames afterwards: a mean
    share."""
    shares = []
    for frame in recording.frames:
        number = recording.neighbour(frame.number, later)
        if number is None:
            continue
        truth = recording.truth[number]
        for name in ("car", "person"):
            boxes = [one["bbox"] for one in detections_of(frame, name)]
            shares += [max((overlap(box, one["visible_box"]) for box in boxes), default=0)
                       for one in objects_of(truth, name) if one["moving"] and counts(one, truth)]
    return sum(shares) / max(len(shares), 1)
