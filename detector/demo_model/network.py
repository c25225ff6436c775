"""The network of the demo model: thin 3x3 convolutions, three grids of cells, no anchors."""

import torch
from torch import nn
from torch.nn import functional

from pictures import CLASSES, INPUT_HEIGHT, INPUT_WIDTH

STRIDES = (8, 16, 32)


def convolution(inputs, outputs, stride=1, size=3):
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
                         nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = convolution(channels, channels)

    def forward(self, x):
        return x + self.second(self.first(x))


def make_cells(width=INPUT_WIDTH, height=INPUT_HEIGHT):
    """Centre x, centre y and stride of each cell, finest grid first."""
    rows = []
    for stride in STRIDES:
        y, x = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride),
                              indexing="ij")
        rows.append(torch.stack(((x.flatten() + 0.5) * stride, (y.flatten() + 0.5) * stride,
                                 torch.full((x.numel(),), float(stride)))))
    return torch.cat(rows, 1)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(convolution(3, 12, 2), convolution(12, 16, 2))
        self.eighth = nn.Sequential(convolution(16, 32, 2), Residual(32))
        self.sixteenth = nn.Sequential(convolution(32, 48, 2), Residual(48))
        self.thirtysecond = nn.Sequential(convolution(48, 48, 2), Residual(48))
        self.to_sixteenth = convolution(96, 40, size=1)
        self.to_eighth = convolution(72, 32, size=1)
        self.necks = nn.ModuleList((convolution(32, 32), convolution(40, 40), convolution(48, 40)))
        outputs = 4 + len(CLASSES)
        self.heads = nn.ModuleList(nn.Conv2d(channels, outputs, 1) for channels in (32, 40, 40))
        for head in self.heads:
            nn.init.zeros_(head.bias)
            nn.init.constant_(head.bias[4:], -4.0)  # few cells hold an object
        cells = make_cells()
        self.register_buffer("centre", cells[None, :2].clone())
        self.register_buffer("stride", cells[None, 2:].repeat(1, 2, 1))

    def raw(self, x):
        """Offsets and log sizes in strides and class logits: batch x (4 + classes) x cells."""
        eighth = self.eighth(self.stem(x))
        sixteenth = self.sixteenth(eighth)
        coarse = self.thirtysecond(sixteenth)
        middle = self.to_sixteenth(torch.cat((sixteenth, functional.interpolate(
            coarse, scale_factor=2.0, mode="nearest")), 1))
        fine = self.to_eighth(torch.cat((eighth, functional.interpolate(
            middle, scale_factor=2.0, mode="nearest")), 1))
        outputs = [head(neck(level)).flatten(2) for level, neck, head in
                   zip((fine, middle, coarse), self.necks, self.heads)]
        return torch.cat(outputs, 2)

    def boxes(self, raw):
        """Centre and size in pixels of the input: batch x 4 x cells."""
        centre = raw[:, 0:2] * self.stride + self.centre
        size = torch.exp(raw[:, 2:4]) * self.stride
        return torch.cat((centre, size), 1)

    def forward(self, x):
        """What is exported: batch x (4 + classes) x cells, the layout of YOLOv8."""
        raw = self.raw(x)
        return torch.cat((self.boxes(raw), torch.sigmoid(raw[:, 4:])), 1)
