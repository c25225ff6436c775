"""A reader of frames, on top of the example in docs/examples."""

import os
import select
import sys
import time
from collections import namedtuple

from .processes import ROOT

sys.path.insert(0, str(ROOT / "docs/examples"))

from read_ring import Ring  # noqa: E402

Frame = namedtuple("Frame", "generation number jpeg captured_ns captured_realtime_ns received_ns "
                            "published_ns source_number source_time_ns size width height")


class Reader:
    """Attached to a capture for as long as it lives."""

    def __init__(self, control):
        self.control = control
        self.ring = self.bell = None
        self.last = 0
        control.send("attach")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.control.close()

    def frame(self, timeout=5):
        """The next newer frame."""
        deadline = time.monotonic() + timeout
        while True:
            waiting = [self.control.socket] + ([] if self.bell is None else [self.bell])
            ready = select.select(waiting, [], [], max(0, deadline - time.monotonic()))[0]
            assert ready, f"no frame within {timeout} s; newest status: {self.control.status}"
            if self.control.socket in ready and self.control.receive()["type"] == "ring":
                ring, self.bell = self.control.descriptors[-2:]
                self.ring, self.last = Ring(os.dup(ring)), 0
            if self.bell in ready:
                os.read(self.bell, 8)
            found = self.ring.read(self.last) if self.ring else None
            if found:
                self.last, info, jpeg = found
                return Frame(self.ring.generation, self.last, jpeg, *info)

    def frames(self, count, timeout=5):
        return [self.frame(timeout) for _ in range(count)]
