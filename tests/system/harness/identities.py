"""Who is who: judges the tracks that were published about a car park (harness/carpark.py)."""

from collections import Counter, namedtuple

from .truth import matches

Identity = namedtuple("Identity", "same detected true")


class IdentityScore(Identity):
    """IDF1 of Ristani et al., "Performance Measures and a Data Set for Multi-Target, Multi-Camera
    Tracking", 2016."""

    @property
    def idf1(self):
        return 2 * self.same / max(self.detected + self.true, 1)

    def __str__(self):
        return f"IDF1 {self.idf1:.3f} of {self.true} sightings"


def identities(recording, name):
    """Detections without `track_id` count as not made."""
    together, detected, true = Counter(), 0, 0
    for one in matches([recording], name):
        tracked = [(found["track_id"], thing["id"]) for found, thing in one.right
                   if found.get("track_id") is not None]
        together.update(tracked)
        detected += len(tracked) + sum(found.get("track_id") is not None for found in one.wrong)
        true += len(one.right) + len(one.missed)
    return IdentityScore(best_sum(together), detected, true)


def best_sum(together):
    """The most that can be had when every track is given to one object and every object to one track:
    the Hungarian method, with potentials."""
    tracks, things = (sorted({pair[side] for pair in together}) for side in (0, 1))
    size = max(len(tracks), len(things))
    cost = [[-together[track, thing] for thing in things] + [0] * (size - len(things))
            for track in tracks] + [[0] * size] * (size - len(tracks))
    rows, columns = [0] * (size + 1), [0] * (size + 1)   # potentials
    owner = [0] * (size + 1)                             # of each column: a row, from 1 on
    for row in range(1, size + 1):
        owner[0], column = row, 0
        least, way, used = [float("inf")] * (size + 1), [0] * (size + 1), [False] * (size + 1)
        while owner[column]:
            used[column] = True
            here = owner[column]
            free = [other for other in range(1, size + 1) if not used[other]]
            for other in free:
                reduced = cost[here - 1][other - 1] - rows[here] - columns[other]
                if reduced < least[other]:
                    least[other], way[other] = reduced, column
            nearest = min(free, key=least.__getitem__)
            step = least[nearest]
            for other in range(size + 1):
                if used[other]:
                    rows[owner[other]] += step
                    columns[other] -= step
                else:
                    least[other] -= step
            column = nearest
        while column:
            owner[column] = owner[way[column]]
            column = way[column]
    return sum(-cost[owner[column] - 1][column - 1] for column in range(1, size + 1))
