"""Which space is taken: judges the states that were published about a car park (harness/carpark.py)."""


def occupancy(recording, margin):
    """(right, judged): states of spaces, but for those of `margin` frames before and after a change
    of theirs, and of the first `margin` frames."""
    changed = changes_of(recording.truth)
    right = judged = 0
    for frame in recording.frames:
        truth = recording.truth[frame.number]
        said = {one["space_id"]: one for one in frame.metadata["space_occupancy"]}
        for space in truth["spaces"]:
            if all(abs(frame.number - number) > margin for number in changed[space["id"]]):
                judged += 1
                right += said[space["id"]]["state"] == space["state"]
    return right, judged


def changes_of(truth):
    """{space: numbers of the frames in which its state changes}; the first frame is one for all."""
    changed, before = {}, None
    for number in sorted(truth):
        states = {space["id"]: space["state"] for space in truth[number]["spaces"]}
        for space, state in states.items():
            if before is None or before[space] != state:
                changed.setdefault(space, []).append(number)
        before = states
    return changed
