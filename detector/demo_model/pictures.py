"""The pictures that the demo model learns from and is judged by, drawn by camsim."""

import concurrent.futures
import json
import pathlib
import subprocess

import numpy
from PIL import Image

CLASSES = ("car", "person")
INPUT_WIDTH, INPUT_HEIGHT = 512, 288
PAD_GREY = 114

# Seeds from HELD_OUT on are for judging only.
HELD_OUT = 9000


def scale_picture(path):
    """A picture as the detector hands it to a network (detector/preprocess.c): scaled without
    smoothing, centred on grey. Returns RGB bytes, height x width x 3, and the scale and top."""
    picture = numpy.asarray(Image.open(path).convert("RGB"), dtype=numpy.float32)
    height, width = picture.shape[:2]
    scale = min(INPUT_WIDTH / width, INPUT_HEIGHT / height)
    new_width, new_height = round(width * scale), round(height * scale)

    def taps(count, source):
        centre = numpy.clip((numpy.arange(count) + 0.5) * source / count - 0.5, 0, source - 1)
        near = numpy.minimum(centre.astype(int), source - 2)
        return near, (centre - near).astype(numpy.float32)

    near, share = taps(new_height, height)
    rows = picture[near] * (1 - share)[:, None, None] + picture[near + 1] * share[:, None, None]
    near, share = taps(new_width, width)
    scaled = rows[:, near] * (1 - share)[:, None] + rows[:, near + 1] * share[:, None]
    out = numpy.full((INPUT_HEIGHT, INPUT_WIDTH, 3), PAD_GREY, dtype=numpy.uint8)
    left, top = (INPUT_WIDTH - new_width) // 2, (INPUT_HEIGHT - new_height) // 2
    out[top:top + new_height, left:left + new_width] = (scaled + 0.5).astype(numpy.uint8)
    return out, scale, left, top


def read_objects(line, scale, left, top):
    """Rows of class, left, top, right, bottom (pixels of the input) and visible share."""
    rows = []
    for item in json.loads(line)["objects"]:
        if item["class"] in CLASSES and item["visible_box"] is not None:
            x, y, width, height = item["visible_box"]
            rows.append((CLASSES.index(item["class"]), x * scale + left, y * scale + top,
                         (x + width) * scale + left, (y + height) * scale + top,
                         item["visible"]))
    return numpy.array(rows, dtype=numpy.float32).reshape(-1, 6)


def draw_seed(camsim, folder, seed, frames, size):
    """Has camsim draw `frames` pictures of one car park, spread over its day; once only. Returns
    the pictures as the network sees them and their objects."""
    target = pathlib.Path(folder) / f"{seed}-{frames}-{size}"
    done = target / "done"
    if not done.exists():
        # Far apart in time, so that no two pictures are alike; a prime, so that they do not come
        # back to the same minute of the day.
        command = ["nice", "-n", "19", camsim, "--scene", "carpark", "--export", str(target),
                   "--frames", str(frames), "--seed", str(seed), "--size", size, "--fps", "1",
                   "--speed", "37", "--light", str(seed * 0.37 % 1)]
        if seed % 3 == 0:
            command.append("--shake")
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        done.touch()
    pictures, objects = [], []
    for number, line in enumerate((target / "truth.jsonl").read_text().splitlines(), 1):
        picture, scale, left, top = scale_picture(target / f"{number:06}.jpg")
        pictures.append(picture)
        objects.append(read_objects(line, scale, left, top))
    return pictures, objects


def draw(camsim, folder, plan, threads=2):
    """`plan`: (seed, frames, size) of each car park. Returns all pictures in one array, and a
    list of their objects, in the order of the plan."""
    pixels = numpy.empty((sum(frames for _, frames, _ in plan), INPUT_HEIGHT, INPUT_WIDTH, 3),
                         dtype=numpy.uint8)
    objects = []
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for drawn, rows in pool.map(lambda item: draw_seed(camsim, folder, *item), plan):
            pixels[len(objects):len(objects) + len(drawn)] = drawn
            objects += rows
    return pixels, objects


def training_plan(seeds, frames):
    """Every fourth car park at 720p, which shows the detector's coarse scaling; the others at a
    quarter of the cost."""
    return [(seed, frames, "1280x720" if seed % 4 == 0 else "640x360")
            for seed in range(1, seeds + 1)]


def held_out_plan(seeds, frames):
    return [(HELD_OUT + seed, frames, "1280x720") for seed in range(seeds)]
