"""The whiteboard drawing of the diffusion page."""

import torch

from snippets.diffusion.model import Config, T, UNet
from snippets.kit.diagram import Arrow, Box, Diagram, Trace, diagram


@diagram
def whiteboard() -> Diagram:
    """The denoiser: a U-Net that is told how noisy its input is and, sometimes, what is on it.

    Down on the left, up on the right. The noised image passes a convolution and a residual block at full
    size, is shrunk to half, passes two residual blocks with self-attention between them, and is grown back.
    There it is joined by what the left side had at the same size, passes one more residual block, and
    becomes an image again. Embeddings of the moment t and the label y are added and handed to every
    residual block. Sampling calls the whole drawing once for every step.
    """
    return Diagram(
        columns=4,
        widths=[1.3, 0.9, 0.9, 1.3],
        trace=Trace(
            lambda: UNet(Config()),
            lambda B: (torch.zeros(B, 1, 8, 8), torch.full((B,), T // 2), torch.zeros(B, dtype=torch.int64)),
        ),
        boxes=[
            Box(
                "image",
                "x_t",
                name="noised image",
                at=(0, 0),
                kind="value",
                probe=lambda run: run.arguments[0],
                why="The noised image. In training it is made in one jump from a clean one; in sampling it is "
                "what the step before has left.",
            ),
            Box(
                "enter",
                "conv in",
                at=(0, 1),
                module="enter",
                why="One brightness becomes a vector of channels at every place.",
            ),
            Box(
                "down",
                "residual",
                name="residual block, down",
                at=(0, 3),
                module="down",
                why="Two convolutions around a shortcut, with the embeddings added in between. At full size, so "
                "that it sees where strokes begin and end.",
            ),
            Box(
                "shrink",
                "shrink",
                at=(0, 4),
                module="shrink",
                why="Half the height, half the width, twice the channels. From here on one place stands for four "
                "pixels, so that the same 3×3 window covers twice the distance.",
            ),
            Box(
                "middle",
                "residual",
                name="residual block, middle",
                at=(0, 5),
                module="middle",
                why="The large view: is there a loop above, a stem below?",
            ),
            Box(
                "attention",
                "attention",
                name="self-attention",
                at=(1, 5),
                span=(2, 1),
                module="attention",
                why="Sixteen places as tokens, each looking at all others. This is the only transformer part "
                "here, and diffusion works without it; in a DiT the whole network is made of it.",
            ),
            Box(
                "middle_again",
                "residual",
                name="residual block, middle again",
                at=(3, 5),
                module="middle_again",
                why="Works out, place by place, what attention has brought together.",
            ),
            Box(
                "grow",
                "grow",
                at=(3, 4),
                module="grow",
                why="Back to full size: every value is written four times, and a convolution smooths the blocks.",
            ),
            Box(
                "join",
                "concat",
                name="concatenation",
                at=(3, 3),
                kind="operation",
                probe=lambda run: run.inputs["up"][0],
                why="What the left side saw at full size comes across. The noise differs from pixel to pixel; "
                "after shrinking it could not be told apart and taken away.",
            ),
            Box(
                "up",
                "residual",
                name="residual block, up",
                at=(3, 2),
                module="up",
                why="Puts the large view and the fine detail together.",
            ),
            Box(
                "leave",
                "conv out",
                at=(3, 1),
                module="leave",
                why="Channels become one number for each pixel.",
            ),
            Box(
                "output",
                "v",
                name="the answer",
                at=(3, 0),
                kind="value",
                probe=lambda run: run.result,
                why="An image of the same shape: v, from which noise and data both follow. What is predicted is "
                "a choice of the objective; the boxes do not change.",
                breaks=("Predict the noise and sample in few steps", "diffusion/prediction_ablation"),
            ),
            Box(
                "moment",
                "t",
                name="moment",
                at=(1, 0),
                kind="value",
                probe=lambda run: run.arguments[1],
                why="How noisy the image is. One network serves a thousand tasks, from the last speck to pure "
                "noise, and has to be told which one this is.",
                breaks=("Tell it the same t at every step", "diffusion/mistakes"),
            ),
            Box(
                "time",
                "time",
                name="time embedding",
                at=(1, 1),
                module="time",
                why="Sines and cosines of many frequencies, like the positions of a transformer: near moments "
                "look alike, distant ones do not.",
            ),
            Box(
                "class",
                "y",
                name="label",
                at=(2, 0),
                kind="value",
                probe=lambda run: run.arguments[2],
                why="Which digit is wanted. In training one label in ten is replaced by “none”, so that the same "
                "network also learns to do without.",
                breaks=("Ignore the label, or exaggerate it", "diffusion/guidance_measured"),
            ),
            Box(
                "label",
                "label",
                name="label embedding",
                at=(2, 1),
                module="label",
                why="A learned vector for each digit, and one for “none”.",
            ),
            Box(
                "add",
                "+",
                name="sum of the embeddings",
                at=(1, 2),
                span=(2, 1),
                kind="operation",
                probe=lambda run: run.inputs["down"][1],
                why="One vector says how much noise and which digit. Every residual block shifts its channels by "
                "a linear map of it.",
            ),
        ],
        arrows=[
            Arrow("image", "enter"),
            Arrow("enter", "down"),
            Arrow("down", "shrink"),
            Arrow("shrink", "middle"),
            Arrow("middle", "attention"),
            Arrow("attention", "middle_again"),
            Arrow("middle_again", "grow"),
            Arrow("grow", "join"),
            Arrow("down", "join"),
            Arrow("join", "up"),
            Arrow("up", "leave"),
            Arrow("leave", "output"),
            Arrow("moment", "time"),
            Arrow("class", "label"),
            Arrow("time", "add"),
            Arrow("label", "add"),
            Arrow("add", "down"),
            Arrow("add", "up"),
            Arrow("add", "middle"),
            Arrow("add", "middle_again"),
        ],
    )
