#!/usr/bin/python3
"""Judges ringcast-demo.onnx as OpenCV runs it, on held-out car parks: no torch is needed, only
python3-numpy, python3-pil and python3-opencv. Given --weights, compares with torch."""

import argparse
import pathlib
import tempfile
import time

import cv2
import numpy

import judge
import pictures


def run_opencv(path, pixels):
    """The outputs, and the median milliseconds of a picture on one thread. Without fusion, as
    detector/model_opencv.cpp has it."""
    cv2.setNumThreads(1)
    network = cv2.dnn.readNetFromONNX(str(path))
    network.enableFusion(False)
    outputs, spent = [], []
    for picture in pixels:
        network.setInput(cv2.dnn.blobFromImage(picture, 1 / 255))
        began = time.thread_time()
        outputs.append(network.forward()[0].copy())
        spent.append(time.thread_time() - began)
    return numpy.stack(outputs), 1000 * numpy.median(spent)


def compare(weights, pixels, outputs):
    """The largest difference to torch: of the boxes (pixels of the input) of cells that hold
    something, and of all scores."""
    import torch

    from network import Network
    from train import run

    network = Network()
    network.load_state_dict(torch.load(weights))
    apart = abs(run(network.calibrated(), pixels) - outputs)
    sure = (outputs[:, 4:].max(1) >= 0.1)[:, None]
    print(f"torch differs by {(apart[:, :4] * sure).max():.5f} pixels, "
          f"{apart[:, 4:].max():.6f} of score")


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default=str(here / "ringcast-demo.onnx"))
    parser.add_argument("--camsim", default=str(here.parent.parent / "build" / "camsim"))
    parser.add_argument("--pictures", help="folder that keeps the drawn pictures; default: none")
    parser.add_argument("--weights", help="what train.py --weights left")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--frames", type=int, default=12)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        plan = pictures.held_out_plan(arguments.seeds, arguments.frames)
        pixels, objects = pictures.draw(arguments.camsim, arguments.pictures or temporary, plan)
    outputs, spent = run_opencv(arguments.model, pixels)
    print(f"{len(pixels)} held-out pictures, {spent:.1f} ms of one thread each")
    judge.print_figures(outputs, objects)
    if arguments.weights:
        compare(arguments.weights, pixels, outputs)


if __name__ == "__main__":
    main()
