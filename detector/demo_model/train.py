#!/usr/bin/python3
"""Trains the demo model on camsim's car parks and writes ringcast-demo.onnx. See README.md."""

import argparse
import concurrent.futures
import ctypes
import math
import os
import pathlib
import tempfile
import time

import numpy
import torch
from torch.nn import functional

import judge
import pictures
from export import export
from network import STRIDES, Network, make_cells

# Below 16 torch takes its slow convolution, with which a picture costs three times as much.
BATCH = 16
# Steps and highest rate of each cycle. The second, slower one brings boxes and scores of people the
# last few points.
CYCLES = ((11000, 4e-3), (5500, 1.5e-3))
# For the first part of a cycle the network sees pieces of pictures, most of them around a
# person: a quarter of the work, and more of what is hard to learn. Then whole pictures, so that it
# learns how rare things are.
PIECE_WIDTH, PIECE_HEIGHT = 256, 160
PIECES_SHARE = 0.82
# Less of an object than this is neither to be found nor wrong to find.
VISIBLE_MIN = 0.35
# The longest side, in pixels of the input, that each grid is for.
GRID_SIDES = ((0, 24), (16, 40), (28, 80), (56, 1e9))


def assign(objects, cells):
    """For each cell the object it has to find (-1: none) and whether it is let alone. The cells
    near the middle of an object of a fitting size; of two objects the smaller, which is nearer
    or hides less."""
    count = cells.shape[1]
    target = numpy.full(count, -1)
    alone = numpy.zeros(count, bool)
    centre_x, centre_y, stride, _ = cells
    side = numpy.maximum(objects[:, 3] - objects[:, 1], objects[:, 4] - objects[:, 2])
    for index in numpy.argsort(-side, kind="stable"):
        _, left, top, right, bottom, visible = objects[index]
        away = numpy.maximum(abs(centre_x - (left + right) / 2), abs(centre_y - (top + bottom) / 2))
        near = numpy.zeros(count, bool)
        for grid, (low, high) in zip(STRIDES, GRID_SIDES):
            if low <= side[index] < high:
                near |= (stride == grid) & (away <= 0.8 * grid)
        if visible >= VISIBLE_MIN and side[index] >= 4:
            target[near] = index
            alone[near] = False
        else:
            alone |= near & (target < 0)
    return target, alone


def look(pixels, objects, random, width, height):
    """Where a view of width x height looks, and how near: left, top and scale. Whole pictures are
    moved a little; a piece is taken around a person more often than not. Every other view is of the
    picture's own pixels."""
    _, all_height, all_width = pixels.shape
    exact = random.random() < 0.5
    scale = 1.0 if exact else math.exp(random.uniform(-0.25, 0.35))
    if width == all_width:
        left, top = ((1 / scale - 1) * -0.5 + (0 if exact else random.uniform(-0.15, 0.15))
                     for _ in range(2))
        return left * all_width, top * all_height, scale
    people = objects[objects[:, 0] == pictures.CLASSES.index("person")]
    if len(people) and random.random() < 0.7:
        person = people[random.integers(len(people))]
        centre_x, centre_y = (person[1] + person[3]) / 2, (person[2] + person[4]) / 2
    else:
        centre_x, centre_y = random.uniform(0, all_width), random.uniform(0, all_height)
    view_width, view_height = width / scale, height / scale
    left = centre_x - view_width * random.uniform(0.1, 0.9)
    top = centre_y - view_height * random.uniform(0.1, 0.9)
    left = min(max(left, 0), max(all_width - view_width, 0))
    top = min(max(top, 0), max(all_height - view_height, 0))
    return (round(left), round(top), scale) if exact else (left, top, scale)


def sample(pixels, left, top, scale, width, height):
    """The view, grey where it leaves the picture."""
    if scale == 1 and width <= pixels.shape[2]:
        return pixels[:, int(top):int(top) + height, int(left):int(left) + width]
    _, all_height, all_width = pixels.shape
    # Output to input, in coordinates of -1 to 1.
    share_x, share_y = width / scale / all_width, height / scale / all_height
    theta = torch.tensor([[share_x, 0, 2 * left / all_width + share_x - 1],
                          [0, share_y, 2 * top / all_height + share_y - 1]],
                         dtype=torch.float32)
    grid = functional.affine_grid(theta[None], (1, 3, height, width), align_corners=False)
    grey = pictures.PAD_GREY / 255
    return functional.grid_sample(pixels[None] - grey, grid, align_corners=False)[0] + grey


def augment(pixels, objects, random, width, height):
    """Cuts, scales, mirrors and recolours one picture."""
    pixels = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
    objects = objects.copy()
    left, top, scale = look(pixels, objects, random, width, height)
    pixels = sample(pixels, left, top, scale, width, height)
    area = (objects[:, 3] - objects[:, 1]) * (objects[:, 4] - objects[:, 2]) * scale * scale
    for first, start, limit in ((1, left, width), (2, top, height)):
        for column in (first, first + 2):
            objects[:, column] = numpy.clip((objects[:, column] - start) * scale, 0, limit)
    inside = (objects[:, 3] - objects[:, 1]) * (objects[:, 4] - objects[:, 2])
    objects[:, 5] *= inside / numpy.maximum(area, 1e-6)
    objects = objects[inside > 0]
    if random.random() < 0.5:
        pixels = pixels.flip(2)
        objects[:, [1, 3]] = width - objects[:, [3, 1]]
    gain = torch.tensor([math.exp(random.uniform(-0.06, 0.06)) for _ in range(3)])[:, None, None]
    pixels = (pixels * gain * math.exp(random.uniform(-0.25, 0.25))
              + random.uniform(-0.05, 0.05)).clamp(0, 1)
    return pixels, objects


def make_batch(all_pixels, all_objects, chosen, cells, random, width, height):
    """Pictures, and for each cell class (-1: none), whether it counts, and the box."""
    inputs, classes, weights, boxes = [], [], [], []
    for index in chosen:
        pixels, objects = augment(all_pixels[index], all_objects[index], random, width, height)
        target, alone = assign(objects, cells)
        rows = objects[target] if len(objects) else numpy.zeros((len(target), 6), numpy.float32)
        inputs.append(pixels)
        classes.append(numpy.where(target >= 0, rows[:, 0], -1).astype(int))
        weights.append(~alone)
        boxes.append(rows[:, 1:5].T)
    pixels = torch.stack(inputs).contiguous(memory_format=torch.channels_last)
    return (pixels, torch.from_numpy(numpy.stack(classes)),
            torch.from_numpy(numpy.stack(weights)).float(), torch.from_numpy(numpy.stack(boxes)))


def corner_overlap(found, wanted):
    """Intersection over union, and CIoU (Zheng et al. 2020, arXiv:2005.03572) without its term of
    proportions; rows of left, top, right, bottom."""
    low, high = torch.maximum(found[:, :2], wanted[:, :2]), torch.minimum(found[:, 2:], wanted[:, 2:])
    common = (high - low).clamp(min=0).prod(1)
    found_side, wanted_side = found[:, 2:] - found[:, :2], wanted[:, 2:] - wanted[:, :2]
    share = common / (found_side.prod(1) + wanted_side.prod(1) - common + 1e-6)
    hull = torch.maximum(found[:, 2:], wanted[:, 2:]) - torch.minimum(found[:, :2], wanted[:, :2])
    apart = (found[:, :2] + found[:, 2:] - wanted[:, :2] - wanted[:, 2:]).pow(2).sum(1) / 4
    return share, share - apart / (hull.pow(2).sum(1) + 1e-6)


def loss_of(network, batch, cells):
    """Classes by the quality focal loss (Li et al. 2020, arXiv:2006.04388): the score to learn is
    the overlap of the box."""
    inputs, classes, weights, wanted = batch
    raw = network.raw(inputs)
    picture, cell = torch.nonzero(classes >= 0, as_tuple=True)
    clamped = torch.cat((raw[:, :2], raw[:, 2:4].clamp(-4, 4)), 1)
    found = network.boxes(clamped, cells[None, :2], cells[None, 2:])[picture, :, cell]
    corners = torch.cat((found[:, :2] - found[:, 2:] / 2, found[:, :2] + found[:, 2:] / 2), 1)
    share, quality = corner_overlap(corners, wanted[picture, :, cell])
    count = max(len(cell), 1)
    logits = raw[:, 4:]
    score = torch.zeros_like(logits)
    score[picture, classes[picture, cell], cell] = share.detach().clamp(0, 1)
    focus = (torch.sigmoid(logits.detach()) - score).abs().pow(1.5)
    entropy = functional.binary_cross_entropy_with_logits(logits, score, reduction="none")
    return (entropy * focus * weights[:, None]).sum() / count * 2, (1 - quality).sum() / count * 2


def run(network, pixels):
    network.eval()
    outputs = []
    with torch.no_grad():
        for start in range(0, len(pixels), 16):
            batch = torch.from_numpy(pixels[start:start + 16]).permute(0, 3, 1, 2).float() / 255
            outputs.append(network(batch).numpy())
    network.train()
    return numpy.concatenate(outputs)


def rate_at(progress, step, highest_rate):
    """Up within 60 steps, then down by a cosine to a hundredth."""
    fall = 0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2
    return highest_rate * min(1.0, (step + 1) / 60) * fall


def learn(network, optimiser, batch, cells, rate):
    """One step; the losses of classes and boxes."""
    for group in optimiser.param_groups:
        group["lr"] = rate
    class_loss, box_loss = loss_of(network, batch, cells)
    optimiser.zero_grad()
    (class_loss + box_loss).backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 10)
    optimiser.step()
    return class_loss.item(), box_loss.item()


def train(network, pixels, objects, seed, cycle):
    """One cycle: the rate rises and falls. What is kept is the running mean of the weights."""
    steps, highest_rate = CYCLES[cycle]
    random = numpy.random.default_rng((seed, cycle))
    whole = (pictures.INPUT_WIDTH, pictures.INPUT_HEIGHT)
    piece = (PIECE_WIDTH, PIECE_HEIGHT)
    cells = {view: make_cells(*view) for view in (whole, piece)}
    decayed = [p for p in network.parameters() if p.ndim > 1]
    plain = [p for p in network.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.02},
                                   {"params": plain, "weight_decay": 0.0}], lr=highest_rate)
    mean = {name: value.clone() for name, value in network.state_dict().items()}
    order, began, losses = [], time.monotonic(), []

    def prepare(step):
        nonlocal order
        view = piece if step < PIECES_SHARE * steps else whole
        if len(order) < BATCH:
            order = list(random.permutation(len(pixels)))
        chosen, order = order[:BATCH], order[BATCH:]
        batch = make_batch(pixels, objects, chosen, cells[view].numpy(), random, *view)
        return batch, cells[view]

    # One thread makes the next batch while this one is learnt from; one, so that a seed means the
    # same pictures in the same order.
    with concurrent.futures.ThreadPoolExecutor(1, initializer=torch.set_num_threads,
                                               initargs=(1,)) as pool:
        ahead = pool.submit(prepare, 0)
        for step in range(steps):
            batch, batch_cells = ahead.result()
            if step + 1 < steps:
                ahead = pool.submit(prepare, step + 1)
            losses.append(learn(network, optimiser, batch, batch_cells,
                                rate_at(step / steps, step, highest_rate)))
            share = min(0.99, (2 + step) / (11 + step))
            for name, value in network.state_dict().items():
                if value.dtype.is_floating_point:
                    mean[name].lerp_(value, 1 - share)
                else:
                    mean[name].copy_(value)
            if (step + 1) % 50 == 0:
                recent = numpy.mean(losses[-50:], axis=0)
                print(f"cycle {cycle + 1} step {step + 1}/{steps} {time.monotonic() - began:.0f} s: "
                      f"classes {recent[0]:.3f} boxes {recent[1]:.3f}", flush=True)
    network.load_state_dict(mean)


def parse_arguments():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--camsim", default=str(here.parent.parent / "build" / "camsim"))
    parser.add_argument("--pictures", help="folder that keeps the drawn pictures; default: none")
    parser.add_argument("--seeds", type=int, default=300, help="car parks to learn from")
    parser.add_argument("--frames", type=int, default=20, help="pictures of each")
    parser.add_argument("--seed", type=int, default=1, help="of the training itself")
    parser.add_argument("--weights", help="where to leave the weights, after each cycle")
    parser.add_argument("--start", help="weights that an earlier run left after --cycles of them")
    parser.add_argument("--cycles", type=int, default=1, help="that --start has behind it")
    parser.add_argument("--judge", action="store_true", help="judge --start and write it, no more")
    parser.add_argument("--output", default=str(here / "ringcast-demo.onnx"))
    return parser.parse_args()


def keep_memory():
    """Tells malloc to keep what is freed: the same large tensors come again with each step."""
    libc = ctypes.CDLL(None)
    trim_threshold, mmap_max = -1, -4  # malloc.h
    libc.mallopt(mmap_max, 0)
    libc.mallopt(trim_threshold, 2**31 - 1)


def work(arguments, folder):
    keep_memory()
    torch.manual_seed(arguments.seed)
    # More than one would add numbers in an order of their own: one, so that a seed means the same
    # weights on every machine of a kind.
    torch.set_num_threads(1)
    network = Network().to(memory_format=torch.channels_last)
    if arguments.start:
        network.load_state_dict(torch.load(arguments.start))
    print(f"{sum(p.numel() for p in network.parameters())} weights", flush=True)
    if not arguments.judge:
        plan = pictures.training_plan(arguments.seeds, arguments.frames)
        pixels, objects = pictures.draw(arguments.camsim, folder, plan)
        print(f"{len(pixels)} pictures, {sum(map(len, objects))} objects", flush=True)
        first = arguments.cycles if arguments.start else 0
        for cycle in range(first, len(CYCLES)):
            train(network, pixels, objects, arguments.seed, cycle)
            if arguments.weights:
                torch.save(network.state_dict(), arguments.weights)
    network = network.to(memory_format=torch.contiguous_format).calibrated()
    export(network, arguments.output)
    pixels, objects = pictures.draw(arguments.camsim, folder, pictures.held_out_plan(8, 12))
    print(f"{len(pixels)} held-out pictures")
    judge.print_figures(run(network, pixels), objects)


def main():
    arguments = parse_arguments()
    os.nice(19 - os.nice(0))
    if arguments.pictures:
        work(arguments, arguments.pictures)
    else:
        with tempfile.TemporaryDirectory() as folder:
            work(arguments, folder)


if __name__ == "__main__":
    main()
