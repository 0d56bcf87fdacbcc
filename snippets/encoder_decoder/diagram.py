"""The whiteboard drawing of the encoder-decoder page."""

import torch

from snippets.data.pronunciations import FIRST, START
from snippets.encoder_decoder.model import Config, EncoderDecoder
from snippets.kit.diagram import Arrow, Box, Diagram, Trace, diagram


def letters_and_phonemes(B: int, S: int, T: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch of ids of the right kind: letters (B, S), and "start" with phonemes behind it (B, T)."""
    source = FIRST + torch.arange(B * S).reshape(B, S) % 26
    inputs = FIRST + torch.arange(B * T).reshape(B, T) % 39
    inputs[:, 0] = START
    return source, inputs


@diagram
def whiteboard() -> Diagram:
    """An encoder-decoder: the left network reads, the right one writes, and one vector passes between them.

    On the left, letters are embedded and read by a GRU, whose state after the last letter is squeezed into the
    summary. On the right, a second GRU starts from the summary, sees it again at every step together with the
    phoneme written last, and scores the next one. The chosen phoneme goes back in as the next input; in training
    the true one does.
    """
    return Diagram(
        columns=3,
        trace=Trace(lambda: EncoderDecoder(Config()), letters_and_phonemes),
        boxes=[
            Box(
                "letters",
                "letters x",
                at=(0, 5),
                kind="value",
                probe=lambda run: run.arguments[0],
                why="The whole source is there before anything is written. Its length S has nothing to do with the "
                "target's length T, and no letter belongs to any one phoneme.",
            ),
            Box(
                "letter_embedding",
                "embedding",
                name="letter embedding",
                at=(0, 4),
                module="encoder.embedding",
                why="One learned vector a letter. Letters that are read alike can lie together.",
            ),
            Box(
                "encoder",
                "encoder",
                name="encoder GRU",
                at=(0, 3),
                module="encoder.cell",
                why="Reads the letters one by one and keeps what will matter. What “c” sounds like depends on the "
                "letter behind it, so each letter can change what was stored before.",
                breaks=("Read it backwards and the first letters are the freshest", "encoder-decoder/ablation"),
            ),
            Box(
                "summary",
                "summary",
                at=(1, 3),
                module="summary",
                why="The only bridge. A vector of fixed size frees the decoder from the order and length of the "
                "source, and has to hold all of it.",
                breaks=("Join words and the same vector no longer holds them", "encoder-decoder/bottleneck"),
            ),
            Box(
                "first",
                "first state",
                at=(1, 4),
                module="decoder.first",
                why="Turns the summary into the decoder's state before its first symbol, so that it starts out knowing "
                "the word instead of from zeros.",
            ),
            Box(
                "written",
                "written y_{t−1}",
                name="symbol written last",
                at=(2, 5),
                kind="value",
                probe=lambda run: run.arguments[1],
                why="Without it the decoder would not know which of two possible phonemes was chosen at the step "
                "before. In training the true symbol stands here: teacher forcing.",
                breaks=("After one wrong symbol the next ones suffer", "encoder-decoder/one_slip"),
            ),
            Box(
                "phoneme_embedding",
                "embedding",
                name="phoneme embedding",
                at=(2, 4),
                module="decoder.embedding",
                why="Phonemes have a table of their own: the two sides share no symbol but start, end and padding.",
            ),
            Box(
                "decoder",
                "decoder",
                name="decoder GRU",
                at=(2, 3),
                module="decoder.cell",
                why="Keeps track of what has been said and what remains. Seeing c at every step, it need not also "
                "carry the whole word in its own state.",
                breaks=("With a narrow summary, long words fail first", "encoder-decoder/ablation"),
            ),
            Box(
                "readout",
                "readout",
                at=(2, 2),
                module="decoder.readout",
                why="A score for every phoneme and for “end”. The loss enters here; that “end” is one of the choices "
                "is how a target gets its own length.",
            ),
            Box(
                "choice",
                "choose y_t",
                name="choice",
                at=(2, 1),
                kind="operation",
                probe=lambda run: run.result.argmax(-1),
                why="Not part of the network: greedy, drawn at random, or by a beam. Different rules make different "
                "targets from the same scores.",
                breaks=("One model, six pronunciations", "encoder-decoder/strategies"),
            ),
        ],
        arrows=[
            Arrow("letters", "letter_embedding"),
            Arrow("letter_embedding", "encoder"),
            Arrow("encoder", "encoder", "h_t", kind="recurrent", out="top", into="left"),
            Arrow("encoder", "summary", "h_S"),
            Arrow("summary", "first"),
            Arrow("first", "decoder", "s_0", out="right", into="left"),
            Arrow("summary", "decoder", "c"),
            Arrow("written", "phoneme_embedding"),
            Arrow("phoneme_embedding", "decoder"),
            Arrow("decoder", "decoder", "s_{t−1}", kind="recurrent", out="top", into="left"),
            Arrow("decoder", "readout", "s_t"),
            Arrow("readout", "choice"),
            Arrow("choice", "written", kind="recurrent", out="right", into="right"),
        ],
    )
