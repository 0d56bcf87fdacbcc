"""The whiteboard drawing of the attention page."""

import torch

from snippets.attention.model import Config, Speller
from snippets.data.pronunciations import FIRST
from snippets.kit.diagram import Arrow, Box, Diagram, Group, Trace, diagram


@diagram
def whiteboard() -> Diagram:
    """Attention between an encoder and a decoder: every phoneme begins with a look back at all the letters.

    From the bottom up: two GRUs read the word from both ends and leave one annotation a letter. The state of
    the decoder is the query; each annotation, through the key weights, is a key. A small network scores every
    pair, softmax turns the scores into weights, and the annotations are mixed by them into a context. The
    decoder's GRU reads the context with the last phoneme, and the readout scores the next. A dashed arrow
    takes the new state back to the query: the next phoneme looks again.
    """
    return Diagram(
        columns=3,
        trace=Trace(
            lambda: Speller(Config()),
            lambda B, S, T: (torch.full((B, S), FIRST), torch.full((B, T), FIRST)),
        ),
        boxes=[
            Box(
                "letters",
                "letters",
                at=(0, 7),
                kind="value",
                probe=lambda run: run.arguments[0],
                why="The whole word is there before the first phoneme is written, so nothing forbids looking at any "
                "letter at any time.",
            ),
            Box(
                "forwards",
                "GRU →",
                at=(0, 6),
                module="annotations.forwards",
                name="GRU from the left",
                why="It reads what stands before a letter. The “k” of “knowledge” is silent because an “n” follows, "
                "which this reader alone cannot know yet.",
            ),
            Box(
                "backwards",
                "← GRU",
                at=(1, 6),
                module="annotations.backwards",
                name="GRU from the right",
                why="It reads what stands behind a letter. Its last state has seen the whole word and starts the "
                "decoder.",
            ),
            Box(
                "annotations",
                "annotations h_j",
                name="annotations",
                at=(0, 5),
                module="annotations",
                why="One vector a letter instead of one a word: the memory grows with what has to be remembered.",
                breaks=("Squeeze them into one vector and long words are lost first", "attention/length_accuracy"),
            ),
            Box(
                "key",
                "key weights U_a",
                name="key weights",
                at=(1, 4),
                module="score.key",
                why="What a letter is found by need not be what it has to say. The keys do not depend on the step, so "
                "they are computed once a word.",
            ),
            Box(
                "query",
                "query W_a s_{i−1}",
                name="query weights",
                at=(2, 4),
                module="score.query",
                why="It turns the state of the decoder into a question: which letter comes next?",
            ),
            Box(
                "energy",
                "v_a · tanh( )",
                name="energy",
                at=(1, 3),
                module="score.energy",
                why="One score for each letter. The tanh lets query and key interact: without it the query would add "
                "the same to every score, and softmax would cancel it.",
            ),
            Box(
                "softmax",
                "softmax",
                at=(1, 2),
                kind="operation",
                probe=lambda run: run.result[1],
                why="Weights that are positive and add up to 1, and a gradient for every score: the lookup can be "
                "learned.",
                breaks=("Let scores grow with the width and no gradient is left", "attention/scaling_removed"),
            ),
            Box(
                "mix",
                "Σ α_{ij} h_j",
                name="mixture",
                at=(1, 1),
                kind="operation",
                probe=lambda run: run.inputs["readout"][0][:, -Config().encoder_hidden * 2 :],
                why="The context: as long as one annotation, however long the word. It is an average, so one look "
                "cannot tell two letters apart that it weighs the same.",
                breaks=("One average is less than eight", "attention/head_count"),
            ),
            Box(
                "phoneme",
                "phoneme y_{i−1}",
                name="last phoneme",
                at=(2, 2),
                module="embedding",
                why="What was written last, so that the decoder knows how far it has come.",
            ),
            Box(
                "cell",
                "GRU cell",
                at=(2, 1),
                module="cell",
                why="It keeps what has been said, and with it what is still to say: its state is the next query.",
            ),
            Box(
                "readout",
                "readout",
                at=(2, 0),
                module="readout",
                why="A score for every phoneme, from the state and the context. The loss enters here, and teaches the "
                "looking along with the writing.",
            ),
        ],
        arrows=[
            Arrow("letters", "forwards"),
            Arrow("letters", "backwards"),
            Arrow("forwards", "annotations"),
            Arrow("backwards", "annotations"),
            Arrow("annotations", "key"),
            Arrow("key", "energy"),
            Arrow("query", "energy"),
            Arrow("energy", "softmax", "e_{ij}"),
            Arrow("softmax", "mix", "α_{ij}"),
            Arrow("annotations", "mix", out="top", into="left"),
            Arrow("mix", "cell", "c_i"),
            Arrow("phoneme", "cell"),
            Arrow("cell", "readout"),
            Arrow("cell", "query", "s_i", kind="recurrent", out="right", into="right"),
        ],
        groups=[Group("attention", ["key", "energy", "softmax", "mix"])],
    )
