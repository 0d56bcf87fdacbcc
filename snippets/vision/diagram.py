"""The whiteboard drawings of the vision page."""

import torch
from torch import nn

from snippets.kit.diagram import Arrow, Box, Diagram, Trace, diagram
from snippets.vision.model import CNN, SIDE, CNNConfig, ResidualBlock, ViT, ViTConfig


class Both(nn.Module):
    """The CNN and the ViT, given the same images."""

    def __init__(self) -> None:
        super().__init__()
        self.cnn = CNN(CNNConfig())
        self.vit = ViT(ViTConfig())

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.cnn(images), self.vit(images)


@diagram
def whiteboard() -> Diagram:
    """Two ways from the same image to the same ten scores: a CNN on the left, a vision transformer on the right.

    From the bottom up. On the left the image passes two stages of convolution, ReLU and pooling, which make it
    smaller and deeper, then two dense layers. On the right it is cut into patches; each becomes a token, a [CLS]
    token is put in front and positions are added; four encoder blocks let the tokens exchange what they know,
    around a residual path; the [CLS] token alone is read out.
    """
    return Diagram(
        columns=3,
        widths=[1.0, 1.0, 0.3],
        trace=Trace(Both, lambda B: (torch.zeros(B, 1, SIDE, SIDE),)),
        boxes=[
            Box(
                "image",
                "image",
                at=(0, 9),
                kind="value",
                probe=lambda run: run.arguments[0],
                why="One channel of brightness, 28 by 28. A colour photograph has three, and nothing else changes.",
            ),
            Box(
                "first",
                "convolution 1, pool",
                at=(0, 7),
                module="cnn.first",
                name="first convolution stage",
                why="The same eight small kernels at every place: an edge is an edge wherever it is. Pooling keeps "
                "the strongest answer of each 2×2, so that later kernels see further.",
                breaks=("Shuffle the pixels, and neighbourhoods mean nothing", "vision/wiring"),
            ),
            Box(
                "second",
                "convolution 2, pool",
                at=(0, 5),
                module="cnn.second",
                name="second convolution stage",
                why="Kernels over kernels: each looks at all eight maps and finds corners, loops and line ends.",
            ),
            Box(
                "dense",
                "dense",
                at=(0, 3),
                module="cnn.dense",
                why="Combines everything found, each kind at each of the 4×4 places. This layer cares where "
                "in the image the digit is.",
                breaks=("Move the digit, and the weights of another place must answer", "vision/shifted_drawing"),
            ),
            Box(
                "readout_cnn",
                "readout",
                at=(0, 1),
                module="cnn.readout",
                name="readout of the CNN",
                why="One score for each digit; softmax and the loss come after.",
            ),
            Box(
                "patches",
                "patch embedding",
                at=(1, 8),
                module="vit.patches",
                why="Attention compares every pair. For 784 pixels that is 614,656 pairs; for 49 patches 2,401. One "
                "linear map makes a token of each patch.",
                breaks=("Smaller patches, more tokens: the price", "vision/patch_cost"),
            ),
            Box(
                "positions",
                "[CLS] + positions",
                at=(1, 7),
                module="vit.positions",
                name="class token and positions",
                why="A learned token in front, to gather the answer, and a learned vector for every place. Without the "
                "vectors the patches are a bag.",
                breaks=("Train it without positions", "vision/wiring"),
            ),
            Box(
                "attention",
                "norm, attention",
                at=(1, 5.5),
                module="vit.blocks.0.attention",
                name="self-attention",
                why="Every token takes what it needs from every other, near or far, already in the first block.",
                breaks=("The price of not assuming locality is data", "vision/data_hunger"),
            ),
            Box(
                "add_attention",
                "+",
                at=(1, 4.5),
                kind="operation",
                name="first sum",
                why="The block adds to its input instead of replacing it: the residual path that made networks of a "
                "hundred layers trainable.",
                breaks=("Take it out of a deep network", "vision/skips"),
            ),
            Box(
                "feed_forward",
                "norm, feed-forward",
                at=(1, 3.5),
                module="vit.blocks.0.feed_forward",
                name="feed-forward layer",
                why="Two linear layers that work on each token by itself: this is where most of the weights are.",
            ),
            Box(
                "add_feed_forward",
                "+",
                at=(1, 2.5),
                kind="operation",
                name="second sum",
                why="The same path again. Four blocks, eight sums, one stream from the patches to the answer.",
            ),
            Box(
                "readout_vit",
                "norm, readout of [CLS]",
                at=(1, 1),
                module="vit.readout",
                name="readout of the ViT",
                why="Only the first token is read. The loss reaches the patches through the attention alone.",
            ),
        ],
        arrows=[
            Arrow("image", "first"),
            Arrow("first", "second"),
            Arrow("second", "dense"),
            Arrow("dense", "readout_cnn"),
            Arrow("image", "patches", out="right", into="bottom"),
            Arrow("patches", "positions"),
            Arrow("positions", "attention"),
            Arrow("attention", "add_attention"),
            Arrow("positions", "add_attention", kind="residual", out="right", into="right"),
            Arrow("add_attention", "feed_forward"),
            Arrow("feed_forward", "add_feed_forward"),
            Arrow("add_attention", "add_feed_forward", kind="residual", out="right", into="right"),
            Arrow("add_feed_forward", "readout_vit", "after 4 such blocks"),
        ],
    )


@diagram
def residual() -> Diagram:
    """A residual block: two convolutions compute a change, and the input is added to it.

    From the bottom up: maps pass a convolution, batch normalisation and ReLU, a second convolution and
    normalisation; a detour carries the unchanged maps around them to a sum; ReLU follows.
    """
    return Diagram(
        columns=1,
        trace=Trace(lambda: ResidualBlock(8, 8, 1, True), lambda B: (torch.zeros(B, 8, 14, 14),)),
        boxes=[
            Box(
                "maps",
                "maps x",
                at=(0, 5),
                kind="value",
                name="maps",
                probe=lambda run: run.arguments[0],
                why="What the blocks below have made of the image so far.",
            ),
            Box(
                "first",
                "3×3 convolution, norm, ReLU",
                at=(0, 4),
                module="first",
                name="first convolution",
                why="Batch normalisation gives each channel mean 0 and variance 1 over the batch, then a learned scale "
                "and shift; after training, running averages stand in for the batch.",
            ),
            Box(
                "second",
                "3×3 convolution, norm",
                at=(0, 3),
                module="second",
                name="second convolution",
                why="The change F(x). If nothing needs changing, weights near zero will do; a plain layer would "
                "have to learn to copy.",
            ),
            Box(
                "sum",
                "F(x) + x",
                at=(0, 2),
                kind="operation",
                name="sum",
                probe=lambda run: run.outputs["second_norm"],
                why="The gradient of a sum reaches both its terms in full, so it gets to the first layer whatever the "
                "convolutions on the way do to it.",
                breaks=("Leave out this sum: 56 layers learn next to nothing", "vision/skips"),
            ),
            Box(
                "relu",
                "ReLU",
                at=(0, 1),
                kind="operation",
                probe=lambda run: run.result,
                why="Two linear maps in a row would be one. In the paper it comes after the sum, so what goes on is "
                "never negative.",
            ),
        ],
        arrows=[
            Arrow("maps", "first"),
            Arrow("first", "second"),
            Arrow("second", "sum", "F(x)"),
            Arrow("maps", "sum", "x", kind="residual", out="right", into="right"),
            Arrow("sum", "relu"),
        ],
    )
