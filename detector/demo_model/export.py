"""Writes the network as ONNX."""

import torch

from pictures import INPUT_HEIGHT, INPUT_WIDTH


def export(network, path):
    """Opset 12, batch 1, as OpenCV 4.6 reads it; torch folds the normalisations into the
    convolutions."""
    torch.onnx.export(network.eval(), torch.zeros(1, 3, INPUT_HEIGHT, INPUT_WIDTH),
                      path, opset_version=12, input_names=["images"], output_names=["output0"],
                      do_constant_folding=True)
