"""How well a network finds what is in held-out pictures."""

import numpy

from pictures import CLASSES

IOU = 0.5
SUPPRESSION = 0.45
VISIBLE_MIN = 0.5
HEIGHT_MIN = 10


def overlap(box, boxes):
    """Intersection over union of one box with many; left, top, right, bottom."""
    width = numpy.minimum(box[2], boxes[:, 2]) - numpy.maximum(box[0], boxes[:, 0])
    height = numpy.minimum(box[3], boxes[:, 3]) - numpy.maximum(box[1], boxes[:, 1])
    common = width.clip(0) * height.clip(0)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return common / ((box[2] - box[0]) * (box[3] - box[1]) + area - common + 1e-9)


def find(output, confidence):
    """What the detector makes of an output of (4 + classes) x cells: rows of class, box, score,
    the surest first, suppressed by class."""
    best = output[4:].argmax(0)
    score = output[4:].max(0)
    cells = numpy.flatnonzero(score >= confidence)
    cells = cells[numpy.argsort(-score[cells], kind="stable")]
    centre, half = output[:2, cells].T, output[2:4, cells].T / 2
    rows = numpy.column_stack((best[cells], centre - half, centre + half, score[cells]))
    kept = []
    while len(rows):
        first, rows = rows[0], rows[1:]
        kept.append(first)
        same = rows[:, 0] == first[0]
        rows = rows[~(same & (overlap(first[1:5], rows[:, 1:5]) > SUPPRESSION))]
    return numpy.array(kept).reshape(-1, 6)


def counted(objects):
    return (objects[:, 5] >= VISIBLE_MIN) & (objects[:, 4] - objects[:, 2] >= HEIGHT_MIN)


def match(found, objects):
    """Right, wrong and missed of one class in one picture. An object that does not count (hidden,
    small) excuses what was found of it."""
    counts, taken = counted(objects), numpy.zeros(len(objects), bool)
    right = wrong = 0
    for row in found:
        shares = overlap(row[1:5], objects[:, 1:5]) if len(objects) else numpy.zeros(0)
        fits = (shares >= IOU) & ~taken
        for group in (fits & counts, fits & ~counts):
            if group.any():
                best = numpy.flatnonzero(group)[shares[group].argmax()]
                taken[best] = True
                right += int(counts[best])
                break
        else:
            wrong += 1
    return right, wrong, int((counts & ~taken).sum())


def judge(outputs, objects, confidence):
    """By class: recall, precision, number of objects."""
    figures = {}
    for number, name in enumerate(CLASSES):
        total = numpy.zeros(3, int)
        for output, rows in zip(outputs, objects):
            found = find(output, confidence)
            total += match(found[found[:, 0] == number], rows[rows[:, 0] == number])
        right, wrong, missed = total
        figures[name] = (right / max(right + missed, 1), right / max(right + wrong, 1),
                         int(right + missed))
    return figures


def print_figures(outputs, objects, confidences=(0.15, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)):
    for confidence in confidences:
        parts = [f"{name} recall {recall:.3f} precision {precision:.3f} of {count}"
                 for name, (recall, precision, count)
                 in judge(outputs, objects, confidence).items()]
        print(f"  conf {confidence:.2f}: " + "; ".join(parts), flush=True)
