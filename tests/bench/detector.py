"""The detector's stages beside the bare network call, and the same steps with OpenCV's Python binding.
Both take turns, picture by picture; CPU time of one thread."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import ROOT, asset, median, quantile, table
from harness.processes import PROGRAMS

MODEL, CLIP = "models/yolov5n_640.onnx", "media/street_720p.mjpeg"
PICTURES, TURNS, WARM_UP = 8, 40, 2
CONF, IOU = 0.25, 0.45
INPUT = 640, 640

# Without assets: the project's own network, on pictures of its own car park.
DEMO_MODEL, DEMO_INPUT = ROOT / "detector/demo_model/ringcast-demo.onnx", (512, 288)

# Python's steps, and the stages of the pipeline that do the same.
STEPS = {"decode": ["decode"], "pre": ["preprocess"], "network": ["infer"], "post": ["boxes"],
         "tracks": ["track"], "spaces": ["spaces"], "draw": ["scale", "annotate"],
         "encode": ["encode"], "metadata, message": ["metadata"]}


def split(clip, folder):
    """Pictures from all over the clip, as files. (These JPEGs hold no other JPEG.)"""
    jpegs = [b"\xff\xd8\xff" + rest for rest in clip.read_bytes().split(b"\xff\xd8\xff")[1:]]
    files = []
    for number, jpeg in enumerate(jpegs[::max(1, len(jpegs) // PICTURES)][:PICTURES]):
        files.append(folder / f"{number}.jpg")
        files[-1].write_bytes(jpeg)
    return files


def draw(folder):
    """The same number of pictures of the simulated car park."""
    subprocess.run([PROGRAMS / "camsim", "--scene", "carpark", "--seed", "1", "--size", "1280x720",
                    "--fps", "1", "--frames", str(PICTURES), "--export", folder], check=True,
                   stdout=subprocess.DEVNULL)
    return sorted(folder.glob("*.jpg"))


class Clock:
    """CPU microseconds of this thread, by step."""

    def __init__(self):
        self.steps = {}
        self.since = time.thread_time_ns()

    def __call__(self, step):
        now = time.thread_time_ns()
        self.steps[step] = (now - self.since) / 1e3
        self.since = time.thread_time_ns()


class PythonWorker:
    """Detection as a Python programmer writes it with OpenCV and numpy."""

    def __init__(self, cv2, numpy, model, size):
        self.cv2, self.numpy, self.size = cv2, numpy, size
        cv2.setNumThreads(1)
        self.net = cv2.dnn.readNetFromONNX(str(model))
        # What the product does, too: OpenCV's fusion is off for ONNX.
        self.net.enableFusion(False)

    def letterbox(self, image):
        height, width = image.shape[:2]
        scale = min(self.size[0] / width, self.size[1] / height)
        size = round(width * scale), round(height * scale)
        left, top = (self.size[0] - size[0]) // 2, (self.size[1] - size[1]) // 2
        canvas = self.numpy.full((self.size[1], self.size[0], 3), 114, self.numpy.uint8)
        canvas[top:top + size[1], left:left + size[0]] = self.cv2.resize(image, size)
        return canvas, scale, left, top

    def candidates(self, output):
        """Rows with their classes and scores, of YOLOv5 or, where boxes are columns, of YOLOv8."""
        if output.shape[1] < output.shape[2]:
            rows = output[0].T[output[0][4:].max(0) >= CONF]
            classes = rows[:, 4:].argmax(1)
            return rows, classes, rows[self.numpy.arange(len(rows)), 4 + classes]
        rows = output[0][output[0][:, 4] >= CONF]
        classes = rows[:, 5:].argmax(1)
        return rows, classes, rows[:, 4] * rows[self.numpy.arange(len(rows)), 5 + classes]

    def boxes(self, output, scale, left, top):
        rows, classes, scores = self.candidates(output)
        kept = scores >= CONF
        rows, classes, scores = rows[kept], classes[kept], scores[kept]
        boxes = self.numpy.stack([(rows[:, 0] - rows[:, 2] / 2 - left) / scale,
                                  (rows[:, 1] - rows[:, 3] / 2 - top) / scale,
                                  rows[:, 2] / scale, rows[:, 3] / scale], 1)
        found = self.cv2.dnn.NMSBoxes((boxes + classes[:, None] * 7680).tolist(), scores.tolist(),
                                      CONF, IOU)
        return [(boxes[i], scores[i], classes[i]) for i in self.numpy.array(found).flatten()]

    def draw(self, image, found):
        for box, score, class_id in found:
            x, y, width, height = (int(side) for side in box)
            self.cv2.rectangle(image, (x, y), (x + width, y + height), (0, 255, 0), 2)
            self.cv2.putText(image, f"{class_id} {score:.2f}", (x, y - 4),
                             self.cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 255, 0), 1)

    def run(self, jpeg):
        clock = Clock()
        image = self.cv2.imdecode(self.numpy.frombuffer(jpeg, self.numpy.uint8),
                                  self.cv2.IMREAD_COLOR)
        clock("decode")
        canvas, scale, left, top = self.letterbox(image)
        self.net.setInput(self.cv2.dnn.blobFromImage(canvas, 1 / 255, swapRB=True))
        clock("pre")
        output = self.net.forward(self.net.getUnconnectedOutLayersNames())[0]
        clock("network")
        found = self.boxes(output, scale, left, top)
        clock("post")
        self.draw(image, found)
        clock("draw")
        self.cv2.imencode(".jpg", image, [self.cv2.IMWRITE_JPEG_QUALITY, 85])
        clock("encode")
        return clock.steps


def python_worker(model, size):
    try:
        import cv2
        import numpy
    except ImportError:
        print("left out: OpenCV's Python binding (python3-opencv) is not installed\n")
        return None
    return PythonWorker(cv2, numpy, model, size)


def pipeline_turn(process):
    process.stdin.write("\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def take_turns(model, size, files):
    ours, python = [], []
    worker = python_worker(model, size)
    jpegs = [file.read_bytes() for file in files]
    with subprocess.Popen([PROGRAMS / "detector_bench", model, *files], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for turn in range(-WARM_UP, TURNS):
            stages = pipeline_turn(process)
            steps = worker.run(jpegs[(turn + WARM_UP) % len(jpegs)]) if worker else {}
            if turn >= 0:  # the first turns warm up
                ours.append({step: sum(stages[stage] for stage in parts)
                             for step, parts in STEPS.items()})
                python.append(steps)
        process.stdin.close()
    return ours, python


def cells(turns, step):
    values = [turn[step] / 1e3 for turn in turns if step in turn]
    return [f"{median(values):.2f}", f"{quantile(values, 0.9):.2f}"] if values else ["-", "-"]


def without_network(turns):
    return [{"sum": sum(value for step, value in turn.items() if step != "network")}
            if turn else {} for turn in turns]


def sums(turns):
    return [turn["sum"] for turn in without_network(turns) if turn]


def main():
    model, clip = asset(MODEL), asset(CLIP)
    real = model is not None and clip is not None
    with tempfile.TemporaryDirectory() as folder:
        files = split(clip, Path(folder)) if real else draw(Path(folder))
        model, size = (model, INPUT) if real else (DEMO_MODEL, DEMO_INPUT)
        ours, python = take_turns(model, size, files)
    print(f"{model.stem}, 1280 x 720, {TURNS} turns, one thread; CPU milliseconds.\n")
    rows = [[step, *cells(ours, step), *cells(python, step)] for step in STEPS]
    rows.append(["**all but the network**", *cells(without_network(ours), "sum"),
                 *cells(without_network(python), "sum")])
    table(["step", "ringcast, median", "90 %", "Python, median", "90 %"], rows)
    if sums(python):
        print(f"\nringcast / Python: {median(sums(ours)) / median(sums(python)):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
