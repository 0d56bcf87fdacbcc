"""Short experiments with the trained networks, each of them a cell of the page.

Every cell ends on the value it shows. They run from top to bottom, and later cells use names of earlier ones.
"""
# ruff: noqa: E402 - a cell imports what it needs

# --8<-- [start:stages]
import torch

from snippets.kit import load_weights
from snippets.vision.model import CNN, CNNConfig, ViT, ViTConfig, convolve
from snippets.vision.samples import samples

cnn = load_weights(CNN(CNNConfig()), "vision", prefix="cnn.")

image = samples()[6:7]  # a six, (B, C, rows, columns) with B = C = 1
first = cnn.first(image)
second = cnn.second(first)
probabilities = torch.softmax(cnn(image)[0], dim=0)

image.shape, first.shape, second.shape, probabilities.argmax(), probabilities.max()
# --8<-- [end:stages]

# --8<-- [start:overlap]
vit = load_weights(ViT(ViTConfig()), "vision", prefix="vit.")
six = samples()[6:7]

tokens = vit.patches(six)  # (1, 49, 32)
kernels = vit.patches.projection.weight.reshape(32, 1, 4, 4)
maps = convolve(six, kernels, stride=4)  # (1, 32, 7, 7)
maps = maps + vit.patches.projection.bias.reshape(1, 32, 1, 1)

tokens[0, 24, :3], maps[0, :3, 3, 3], maps.shape  # the patch in the middle, both ways
# --8<-- [end:overlap]

# --8<-- [start:moved]
from snippets.vision.images import shift
from snippets.vision.model import ResNet, ResNetConfig

resnet = load_weights(ResNet(ResNetConfig()), "vision", prefix="resnet.")
moved = shift(six, right=5, down=0)

[model(moved).argmax().item() for model in (cnn, resnet, vit)]
# --8<-- [end:moved]
