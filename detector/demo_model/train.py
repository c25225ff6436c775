#!/usr/bin/python3
"""Trains the demo model on camsim's car parks and writes ringcast-demo.onnx. See README.md."""

import argparse
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

BATCH = 8
RATE = 4e-3
# Less of an object than this is neither to be found nor wrong to find.
VISIBLE_MIN = 0.35
# The longest side, in pixels of the input, that each grid is for.
GRID_SIDES = ((0, 36), (24, 80), (56, 1e9))


def assign(objects, cells):
    """For each cell the object it has to find (-1: none) and whether it is let alone. The cells
    near the middle of an object of a fitting size; of two objects the smaller, which is nearer
    or hides less."""
    count = cells.shape[1]
    target = numpy.full(count, -1)
    alone = numpy.zeros(count, bool)
    centre_x, centre_y, stride = cells
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


def augment(pixels, objects, random):
    """Mirrors, scales, shifts and recolours one picture."""
    pixels = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
    objects = objects.copy()
    _, height, width = pixels.shape
    if random.random() < 0.5:
        pixels = pixels.flip(2)
        objects[:, [1, 3]] = width - objects[:, [3, 1]]
    if random.random() < 0.6:
        scale = math.exp(random.uniform(-0.3, 0.3))
        shift_x, shift_y = random.uniform(-0.15, 0.15) * width, random.uniform(-0.15, 0.15) * height
        # Output to input, in coordinates of -1 to 1.
        theta = torch.tensor([[1 / scale, 0, -2 * shift_x / width / scale],
                              [0, 1 / scale, -2 * shift_y / height / scale]])
        grid = functional.affine_grid(theta[None], (1, 3, height, width), align_corners=False)
        grey = pictures.PAD_GREY / 255
        pixels = functional.grid_sample(pixels[None] - grey, grid, align_corners=False)[0] + grey
        area = (objects[:, 3] - objects[:, 1]) * (objects[:, 4] - objects[:, 2]) * scale * scale
        for first, middle, shift, limit in ((1, width / 2, shift_x, width),
                                            (2, height / 2, shift_y, height)):
            for column in (first, first + 2):
                objects[:, column] = numpy.clip((objects[:, column] - middle) * scale + middle
                                                + shift, 0, limit)
        left = (objects[:, 3] - objects[:, 1]) * (objects[:, 4] - objects[:, 2])
        objects[:, 5] *= left / numpy.maximum(area, 1e-6)
        objects = objects[left > 0]
    gain = torch.tensor([math.exp(random.uniform(-0.06, 0.06)) for _ in range(3)])[:, None, None]
    pixels = (pixels * gain * math.exp(random.uniform(-0.25, 0.25))
              + random.uniform(-0.05, 0.05)).clamp(0, 1)
    return pixels, objects


def make_batch(all_pixels, all_objects, chosen, cells, random):
    """Pictures, and for each cell class (-1: none), whether it counts, and the box."""
    inputs, classes, weights, boxes = [], [], [], []
    for index in chosen:
        pixels, objects = augment(all_pixels[index], all_objects[index], random)
        target, alone = assign(objects, cells)
        rows = objects[target] if len(objects) else numpy.zeros((len(target), 6), numpy.float32)
        inputs.append(pixels)
        classes.append(numpy.where(target >= 0, rows[:, 0], -1).astype(int))
        weights.append(~alone)
        boxes.append(rows[:, 1:5].T)
    return (torch.stack(inputs), torch.from_numpy(numpy.stack(classes)),
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


def loss_of(network, batch):
    """Classes by the quality focal loss (Li et al. 2020, arXiv:2006.04388): the score to learn is
    the overlap of the box."""
    inputs, classes, weights, wanted = batch
    raw = network.raw(inputs)
    picture, cell = torch.nonzero(classes >= 0, as_tuple=True)
    clamped = torch.cat((raw[:, :2], raw[:, 2:4].clamp(-4, 4)), 1)
    found = network.boxes(clamped)[picture, :, cell]
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


def train(network, pixels, objects, arguments):
    """A fixed number of rounds, or as many as fit the minutes; the rate rises and falls (one
    cycle). What is kept is the running mean of the weights."""
    random = numpy.random.default_rng(arguments.seed)
    cells = make_cells().numpy()
    steps = arguments.epochs * (len(pixels) // BATCH)
    decayed = [p for p in network.parameters() if p.ndim > 1]
    plain = [p for p in network.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.02},
                                   {"params": plain, "weight_decay": 0.0}], lr=RATE)
    mean = {name: value.clone() for name, value in network.state_dict().items()}
    order, began, step, losses = [], time.monotonic(), 0, []
    while step < steps:
        progress = step / steps
        if arguments.minutes:
            progress = (time.monotonic() - began) / (arguments.minutes * 60)
            if progress >= 1:
                break
        if len(order) < BATCH:
            order = list(random.permutation(len(pixels)))
        chosen, order = order[:BATCH], order[BATCH:]
        rise = min(1.0, (step + 1) / 60)
        for group in optimiser.param_groups:
            group["lr"] = RATE * rise * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)
        class_loss, box_loss = loss_of(network, make_batch(pixels, objects, chosen, cells, random))
        optimiser.zero_grad()
        (class_loss + box_loss).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10)
        optimiser.step()
        step += 1
        share = min(0.99, (1 + step) / (10 + step))
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                mean[name].lerp_(value, 1 - share)
            else:
                mean[name].copy_(value)
        losses.append((class_loss.item(), box_loss.item()))
        if step % 50 == 0:
            recent = numpy.mean(losses[-50:], axis=0)
            print(f"step {step}/{steps} {time.monotonic() - began:.0f} s: classes {recent[0]:.3f} "
                  f"boxes {recent[1]:.3f}", flush=True)
    network.load_state_dict(mean)
    return step


def parse_arguments():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--camsim", default=str(here.parent.parent / "build" / "camsim"))
    parser.add_argument("--pictures", help="folder that keeps the drawn pictures; default: none")
    parser.add_argument("--seeds", type=int, default=40, help="car parks to learn from")
    parser.add_argument("--frames", type=int, default=20, help="pictures of each")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--minutes", type=float, help="end then at the latest; not repeatable")
    parser.add_argument("--seed", type=int, default=1, help="of the training itself")
    parser.add_argument("--start", help="weights to start from")
    parser.add_argument("--weights", help="where to leave the weights, for --start")
    parser.add_argument("--judge", action="store_true", help="judge --start and write it, no more")
    parser.add_argument("--output", default=str(here / "ringcast-demo.onnx"))
    return parser.parse_args()


def work(arguments, folder):
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(2)
    network = Network()
    if arguments.start:
        network.load_state_dict(torch.load(arguments.start))
    print(f"{sum(p.numel() for p in network.parameters())} weights", flush=True)
    if not arguments.judge:
        plan = pictures.training_plan(arguments.seeds, arguments.frames)
        pixels, objects = pictures.draw(arguments.camsim, folder, plan)
        print(f"{len(pixels)} pictures, {sum(map(len, objects))} objects", flush=True)
        steps = train(network, pixels, objects, arguments)
        print(f"{steps} steps of {BATCH} pictures", flush=True)
        if arguments.weights:
            torch.save(network.state_dict(), arguments.weights)
    export(network.eval(), arguments.output)
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
