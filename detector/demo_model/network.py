"""The network of the demo model: thin 3x3 convolutions, four grids of cells, no anchors. The finest
grid is for people, who are a few pixels wide."""

import copy

import torch
from torch import nn
from torch.nn import functional

from pictures import CLASSES, INPUT_HEIGHT, INPUT_WIDTH

STRIDES = (4, 8, 16, 32)

# Added to the logits of each class when training is over, so that one threshold suits both: as
# trained, phantoms in the shadow between cars reach 0.5, and people are found best at 0.35.
SCORE_SHIFT = {"car": -0.62, "person": 0.0}


def convolution(inputs, outputs, stride=1, size=3):
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
                         nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def separable(channels):
    """A 3x3 convolution of each channel by itself, then one over all channels: a third of the time of
    a whole one, on the grid that has three quarters of all cells."""
    return nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, groups=channels, bias=False),
                         nn.BatchNorm2d(channels), nn.ReLU(inplace=True),
                         convolution(channels, channels, size=1))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = convolution(channels, channels)

    def forward(self, x):
        return x + self.second(self.first(x))


def make_cells(width=INPUT_WIDTH, height=INPUT_HEIGHT):
    """Centre x, centre y and, for either side, stride of each cell, finest grid first."""
    rows = []
    for stride in STRIDES:
        y, x = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride),
                              indexing="ij")
        rows.append(torch.stack(((x.flatten() + 0.5) * stride, (y.flatten() + 0.5) * stride,
                                 *[torch.full((x.numel(),), float(stride))] * 2)))
    return torch.cat(rows, 1)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(convolution(3, 16, 2), convolution(16, 24, 2))
        self.eighth = nn.Sequential(convolution(24, 24, 2), Residual(24))
        self.sixteenth = nn.Sequential(convolution(24, 40, 2), Residual(40))
        self.thirtysecond = nn.Sequential(convolution(40, 32, 2), Residual(32))
        self.to_sixteenth = convolution(72, 40, size=1)
        self.to_eighth = convolution(64, 24, size=1)
        self.eighth_down = convolution(24, 24, size=1)
        self.to_quarter = convolution(48, 24, size=1)
        self.necks = nn.ModuleList((nn.Sequential(separable(24), separable(24)), convolution(24, 24),
                                    convolution(40, 40), convolution(32, 40)))
        outputs = 4 + len(CLASSES)
        self.heads = nn.ModuleList(nn.Conv2d(channels, outputs, 1) for channels in (24, 24, 40, 40))
        for head in self.heads:
            nn.init.zeros_(head.bias)
            nn.init.constant_(head.bias[4:], -4.0)  # few cells hold an object
        cells = make_cells()[None]
        self.register_buffer("centre", cells[:, :2].clone())
        self.register_buffer("stride", cells[:, 2:].clone())

    def raw(self, x):
        """Offsets and log sizes in strides and class logits: batch x (4 + classes) x cells."""
        quarter = self.stem(x)
        eighth = self.eighth(quarter)
        sixteenth = self.sixteenth(eighth)
        coarse = self.thirtysecond(sixteenth)
        middle = self.to_sixteenth(torch.cat((sixteenth, functional.interpolate(
            coarse, scale_factor=2.0, mode="nearest")), 1))
        fine = self.to_eighth(torch.cat((eighth, functional.interpolate(
            middle, scale_factor=2.0, mode="nearest")), 1))
        finest = self.to_quarter(torch.cat((quarter, functional.interpolate(
            self.eighth_down(fine), scale_factor=2.0, mode="nearest")), 1))
        outputs = [head(neck(level)).flatten(2) for level, neck, head in
                   zip((finest, fine, middle, coarse), self.necks, self.heads)]
        return torch.cat(outputs, 2)

    @staticmethod
    def boxes(raw, centre, stride):
        """Centre and size in pixels of the input: batch x 4 x cells."""
        middle = raw[:, 0:2] * stride + centre
        size = torch.exp(raw[:, 2:4]) * stride
        return torch.cat((middle, size), 1)

    def calibrated(self):
        """A copy whose scores are moved by SCORE_SHIFT."""
        network = copy.deepcopy(self)
        with torch.no_grad():
            for head in network.heads:
                head.bias[4:] += torch.tensor([SCORE_SHIFT[name] for name in CLASSES])
        return network.eval()

    def forward(self, x):
        """What is exported: batch x (4 + classes) x cells, the layout of YOLOv8."""
        raw = self.raw(x)
        return torch.cat((self.boxes(raw, self.centre, self.stride), torch.sigmoid(raw[:, 4:])), 1)
