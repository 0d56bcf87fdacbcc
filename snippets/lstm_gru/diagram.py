"""The whiteboard drawings of the LSTM and GRU page."""

import torch

from snippets.kit.diagram import Arrow, Box, Diagram, Trace, diagram
from snippets.lstm_gru.model import Config, GatedModel
from snippets.rnn.model import ALPHABET

CELL = "layers.0.cell"


def _trace(kind: str) -> Trace:
    return Trace(
        lambda: GatedModel(Config(kind)),
        lambda B, T: (torch.arange(B * T).reshape(B, T) % len(ALPHABET),),
    )


def _ends(row: int, columns: int, gate: str) -> list[Box]:
    """What both networks have below their gates: the character, its vector, and the memory beside it."""
    column, wide = (1, 2) if columns == 4 else (1, 1)
    return [
        Box(
            "character",
            "character x_t",
            name="character",
            at=(column, row + 2),
            span=(wide, 1),
            kind="value",
            probe=lambda run: run.arguments[0],
            why="One character at a time, as in the plain RNN.",
        ),
        Box(
            "one_hot",
            "one-hot",
            at=(column, row + 1),
            span=(wide, 1),
            module="one_hot",
            why="Characters as vectors that are all equally far apart.",
        ),
        Box(
            "both",
            "x_t and h_{t−1}",
            name="input and last hidden state",
            at=(column, row),
            span=(wide, 1),
            kind="value",
            probe=lambda run: run.outputs[f"{CELL}.{gate}"],
            why="Every gate looks at the same two things: the new character, and what the network showed last. "
            "Each has its own weights for both.",
        ),
    ]


@diagram
def lstm() -> Diagram:
    """An LSTM: a cell state that is only ever scaled and added to, and three gates that guard it.

    From the bottom up: the character and the last hidden state reach three gates and a candidate. The forget gate
    scales the old cell state, the input gate scales the candidate, and the two are added: that is the new cell
    state. Squashed by tanh and scaled by the output gate it becomes the hidden state, from which the readout
    predicts. Dashed arrows go to the next step: the cell state straight to its own multiplication, the hidden
    state back into all gates.
    """
    return Diagram(
        columns=4,
        trace=_trace("lstm"),
        boxes=[
            *_ends(6, 4, "forget_gate"),
            Box(
                "forget",
                "forget f",
                at=(0, 5),
                module=f"{CELL}.forget_gate",
                name="forget gate",
                why="How much of each cell to keep. Without it nothing is ever dropped, and on a text without end the "
                "cell state grows and grows.",
                breaks=("Hold it open and the stream gets harder", "lstm-gru/stream"),
            ),
            Box(
                "input",
                "input i",
                at=(1, 5),
                module=f"{CELL}.input_gate",
                name="input gate",
                why="Whether to write at all. It protects what is stored from whatever comes by in the meantime.",
            ),
            Box(
                "candidate",
                "new g",
                at=(2, 5),
                module=f"{CELL}.candidate",
                name="candidate",
                why="What to write: the tanh of the plain RNN, now only a proposal.",
            ),
            Box(
                "output",
                "output o",
                at=(3, 5),
                module=f"{CELL}.output_gate",
                name="output gate",
                why="What to show. A cell can hold a value for later without disturbing this prediction, or the gates.",
            ),
            Box(
                "keep",
                "×",
                at=(0.5, 4),
                kind="operation",
                name="keep",
                probe=lambda run: run.outputs[f"{CELL}.forget_gate"],
                why="The only thing on the road from the old cell state to the new: a scaling, unit by unit. No matrix "
                "and no tanh, so the gradient is scaled by f and by nothing else.",
                breaks=("Start with f near a half and distant symbols are not learned", "lstm-gru/forget_bias"),
            ),
            Box(
                "write",
                "×",
                at=(1.5, 4),
                kind="operation",
                name="write",
                probe=lambda run: run.outputs[f"{CELL}.candidate"],
                why="The candidate, as far as the input gate is open.",
            ),
            Box(
                "sum",
                "+",
                at=(0.5, 3),
                kind="operation",
                name="sum",
                probe=lambda run: run.outputs[CELL][1],
                why="Added to what is there, not written over it: the idea of 1997. The slope of a sum is one, so what "
                "arrives here flows back undiminished.",
                breaks=("The plain RNN, without it, fails much earlier", "lstm-gru/copy_task"),
            ),
            Box(
                "cell",
                "cell c_t",
                at=(0.5, 2),
                kind="value",
                name="cell state",
                probe=lambda run: run.outputs[CELL][1],
                why="The memory that is carried on. It has no fixed range, and nobody outside the cell sees it.",
            ),
            Box(
                "tanh",
                "tanh",
                at=(1.5, 2),
                kind="operation",
                probe=lambda run: run.outputs[CELL][1],
                why="A sum can grow; what is shown stays between −1 and 1.",
            ),
            Box(
                "show",
                "×",
                at=(3, 2),
                kind="operation",
                name="show",
                probe=lambda run: run.outputs[CELL][0],
                why="The cell state, as far as the output gate is open.",
            ),
            Box(
                "hidden",
                "hidden h_t",
                at=(3, 1),
                kind="value",
                name="hidden state",
                probe=lambda run: run.outputs[CELL][0],
                why="What the network shows: to the readout now, to its own gates at the next step, and to the layer "
                "above where there is one.",
            ),
            Box(
                "readout",
                "readout",
                at=(3, 0),
                module="readout",
                why="A score for every next character, from the hidden state.",
            ),
        ],
        arrows=[
            Arrow("character", "one_hot"),
            Arrow("one_hot", "both"),
            Arrow("both", "forget"),
            Arrow("both", "input"),
            Arrow("both", "candidate"),
            Arrow("both", "output"),
            Arrow("forget", "keep"),
            Arrow("input", "write"),
            Arrow("candidate", "write"),
            Arrow("keep", "sum"),
            Arrow("write", "sum"),
            Arrow("sum", "cell"),
            Arrow("cell", "tanh"),
            Arrow("tanh", "show"),
            Arrow("output", "show"),
            Arrow("show", "hidden"),
            Arrow("hidden", "readout"),
            Arrow("cell", "keep", "c_{t−1}", kind="recurrent", out="left", into="left"),
            Arrow("hidden", "both", "h_{t−1}", kind="recurrent", out="right", into="right"),
        ],
        groups=[],
    )


@diagram
def gru() -> Diagram:
    """A GRU: one state, and one gate that both keeps and replaces.

    From the bottom up: the character and the last hidden state reach two gates. The reset gate decides how much of
    the past the candidate may see. The update gate z mixes: z of the old hidden state and 1 − z of the candidate
    make the new one. It goes to the readout and, dashed, to the next step.
    """
    return Diagram(
        columns=3,
        trace=_trace("gru"),
        boxes=[
            *_ends(5, 3, "reset_gate"),
            Box(
                "reset",
                "reset r",
                at=(0, 4),
                module=f"{CELL}.reset_gate",
                name="reset gate",
                why="How much of the past the candidate may see. Shut, the cell starts afresh from the character.",
            ),
            Box(
                "candidate",
                "candidate n",
                at=(1, 3),
                module=f"{CELL}.candidate",
                name="candidate",
                why="What to write: the plain RNN's tanh, with the memory's share of the sum scaled by r.",
            ),
            Box(
                "update",
                "update z",
                at=(2, 4),
                module=f"{CELL}.update_gate",
                name="update gate",
                why="Forget and input gate in one: what is not kept is replaced, so the state never leaves −1 to 1 and "
                "needs no output gate to tame it.",
                breaks=("Read z the other way round and the network is lost", "lstm-gru/conventions"),
            ),
            Box(
                "mix",
                "mix",
                at=(1, 2),
                kind="operation",
                name="mix",
                probe=lambda run: run.outputs[CELL][0],
                why="z ⊙ h + (1 − z) ⊙ n: unit by unit, something between the old value and the candidate. Where z "
                "is 1 the value, and its gradient, pass unchanged.",
            ),
            Box(
                "hidden",
                "hidden h_t",
                at=(1, 1),
                kind="value",
                name="hidden state",
                probe=lambda run: run.outputs[CELL][0],
                why="The only state there is: what is remembered is also what is shown.",
            ),
            Box(
                "readout",
                "readout",
                at=(1, 0),
                module="readout",
                why="A score for every next character, from the hidden state.",
            ),
        ],
        arrows=[
            Arrow("character", "one_hot"),
            Arrow("one_hot", "both"),
            Arrow("both", "reset"),
            Arrow("both", "candidate"),
            Arrow("both", "update"),
            Arrow("reset", "candidate"),
            Arrow("candidate", "mix"),
            Arrow("update", "mix"),
            Arrow("mix", "hidden"),
            Arrow("hidden", "readout"),
            Arrow("hidden", "mix", kind="recurrent", out="left", into="left"),
            Arrow("hidden", "both", "h_{t−1}", kind="recurrent", out="right", into="right"),
        ],
        groups=[],
    )
