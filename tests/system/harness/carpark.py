"""Simulated car parks watched through the whole pipeline: what was published, beside what was true."""

import json
import tempfile
from bisect import bisect_left
from collections import namedtuple
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .processes import ROOT, Camsim, Pipeline, http
from .viewer import Viewer
from .waiting import wait_until

SIZE = "640x360"
FPS = 10
# The fewest frames of a camera that are worth a judgement.
FRAMES_MIN = 40
WATCH_LIMIT_S = 90

DEMO_MODEL = ROOT / "detector/demo_model"
DETECTOR = {"model": str(DEMO_MODEL / "ringcast-demo.onnx"),
            "names": str(DEMO_MODEL / "ringcast-demo.names"), "conf": 0.35}

# A published frame: the camera's number of it and what was said about it.
Frame = namedtuple("Frame", "number metadata")

# `speed`: how much faster than real the car park lives; `light`: how far its day has got.
Lot = namedtuple("Lot", "seed speed light")


class Recording:
    """Of one camera: the published `frames`, and the `truth` of every frame that it drew."""

    def __init__(self, frames, truth):
        self.frames = frames
        self.truth = truth
        self.drawn = sorted(truth)

    def with_frames(self, change):
        """The same with other frames: `change(frame)` for each; None leaves it out."""
        changed = map(change, self.frames)
        return Recording([frame for frame in changed if frame is not None], self.truth)

    def neighbour(self, number, later):
        """The number of the frame that was drawn so many frames later; None: there is none."""
        place = bisect_left(self.drawn, number) + later
        return self.drawn[place] if 0 <= place < len(self.drawn) else None


def read_truth(path):
    """{number: what was true}; the last line may be half written."""
    lines = path.read_text().split("\n")[:-1]
    return {line["frame"]: line for line in map(json.loads, lines)}


@contextmanager
def printing_log(running):
    """Shows the pipeline's log when something within fails."""
    try:
        yield
    except BaseException:
        print(running.log_text())
        raise


def watch(lots, until):
    """Runs the pipeline on {camera: Lot}, watches every camera up to its frame `until` and returns
    {camera: Recording}. On a busy machine frames are dropped: then there are fewer to judge, but not
    fewer than FRAMES_MIN."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rc-")))
        cameras, truths = {}, {}
        for name, lot in lots.items():
            truths[name] = folder / f"{name}.truth"
            camera = Camsim("--scene=carpark", folder / f"{name}.log", "--seed", lot.seed, "--speed",
                            lot.speed, "--light", lot.light, "--size", SIZE, "--truth", truths[name],
                            fps=FPS)
            stack.callback(camera.end)
            cameras[name] = {"url": f"{camera.url}/stream", "fps": 30,
                             "spaces": http("GET", f"{camera.url}/spaces.json")[2]}
        running = Pipeline(folder, cameras, detector=DETECTOR)
        stack.callback(running.down)
        stack.enter_context(printing_log(running))
        running.up()
        viewers = {}
        for name in lots:
            viewers[name] = Viewer(running.url, f"/ws/viewer/detection?camera_id={name}")
            stack.callback(viewers[name].close)

        def seen_enough():
            return all(len(frames) >= FRAMES_MIN and frames[-1].number >= until
                       for frames in map(frames_of, viewers.values()))
        wait_until(seen_enough, WATCH_LIMIT_S, f"frame {until} and {FRAMES_MIN} frames of each camera")
        return {name: Recording(frames_of(viewers[name]), read_truth(truths[name])) for name in lots}


def frames_of(viewer):
    return [Frame(message["metadata"]["source"]["number"], message["metadata"])
            for message in viewer.frames()]
