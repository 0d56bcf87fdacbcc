"""The whiteboard drawing of the RNN page."""

import torch

from snippets.kit.diagram import Arrow, Box, Diagram, Group, Trace, diagram
from snippets.rnn.model import ALPHABET, CharacterRNN, Config


@diagram
def whiteboard() -> Diagram:
    """An Elman network: one cell, used again at every character, and the loop that gives it a memory.

    From the bottom up: a character becomes a one-hot vector and passes the input weights; the memory of the
    step before passes the recurrent weights; their sum goes through tanh and is the new memory. From it a
    readout scores every next character. A dashed arrow takes the memory back into the recurrent weights: at
    the next character the same boxes are used again, with the same weights.
    """
    return Diagram(
        columns=3,
        trace=Trace(
            lambda: CharacterRNN(Config()),
            lambda B, T: (torch.arange(B * T).reshape(B, T) % len(ALPHABET),),
        ),
        boxes=[
            Box(
                "character",
                "character x_t",
                name="character",
                at=(0, 5),
                kind="value",
                probe=lambda run: run.arguments[0],
                why="One character of the name at a time, as a number. Nothing of the future is "
                "visible, so what the network learns it can also use to write.",
            ),
            Box(
                "one_hot",
                "one-hot",
                at=(0, 4),
                module="one_hot",
                why="As numbers, “a” (1) would be closer to “b” (2) than to “e” (5). One-hot vectors "
                "are all equally far apart, so every likeness between letters has to be learned.",
            ),
            Box(
                "input_weights",
                "W_{xh}",
                at=(0, 3),
                module="layers.0.cell.input_weights",
                name="input weights",
                why="One column for each character: what reading it adds to every hidden unit.",
            ),
            Box(
                "recurrent_weights",
                "W_{hh} + b",
                at=(2, 3),
                module="layers.0.cell.recurrent_weights",
                name="recurrent weights",
                why="They carry the old memory into the new one. Every step back in time multiplies "
                "the gradient by this matrix once more, so its size decides how far back the "
                "network can learn.",
                breaks=("Start it too small and distant symbols are never learned", "rnn/copy_task"),
            ),
            Box(
                "sum",
                "+",
                at=(1, 3),
                kind="operation",
                name="sum",
                probe=lambda run: run.outputs["layers.0.cell.recurrent_weights"],
                why="Input and memory meet here, once a step. Nothing else connects a character to "
                "what was read before it.",
            ),
            Box(
                "tanh",
                "tanh",
                at=(1, 2),
                kind="operation",
                probe=lambda run: run.outputs["layers.0.cell"],
                why="It keeps every unit between −1 and 1 however long the text. Without it the loop "
                "is a matrix power, which dies out or blows up.",
                breaks=("Without tanh the same weights let gradients explode", "rnn/gradient_distance"),
            ),
            Box(
                "hidden",
                "memory h_t",
                name="memory",
                at=(1, 1),
                kind="value",
                probe=lambda run: run.outputs["layers.0.cell"],
                why="All that is kept of everything read so far, in the same few numbers after two "
                "letters or two hundred.",
                breaks=(
                    "Leave the last name's memory in place and the next one suffers",
                    "rnn/carried_memory",
                ),
            ),
            Box(
                "readout",
                "readout W_{hy}",
                name="readout",
                at=(1, 0),
                module="readout",
                why="A score for every character from the memory alone; softmax turns the scores into "
                "probabilities. The loss enters here.",
            ),
        ],
        arrows=[
            Arrow("character", "one_hot"),
            Arrow("one_hot", "input_weights"),
            Arrow("input_weights", "sum"),
            Arrow("recurrent_weights", "sum"),
            Arrow("sum", "tanh"),
            Arrow("tanh", "hidden"),
            Arrow("hidden", "readout"),
            Arrow("hidden", "recurrent_weights", "h_{t−1}", kind="recurrent", out="right", into="top"),
        ],
        groups=[Group("one step", ["input_weights", "sum", "recurrent_weights", "tanh"])],
    )
