"""The whiteboard drawing of the transformer page."""

import torch

from snippets.data.pronunciations import FIRST
from snippets.kit.diagram import Arrow, Box, Diagram, Group, Trace, diagram
from snippets.transformer.model import Config, Transformer

ENCODER, DECODER = 0.07, 1.85  # columns, a little inwards: the residuals run outside


@diagram
def whiteboard() -> Diagram:
    """The transformer: on the left an encoder reads all letters at once, on the right a decoder writes.

    From the bottom up on both sides: symbols become vectors, and the places are added. In an encoder layer the letters
    look at one another, then each passes through the feed-forward part; around both steps the input is added
    to the result, and the sum is normalised. A decoder layer has three steps: phonemes look at themselves and earlier
    ones, then at the memory that the encoder left, then each passes through a feed-forward part. The readout scores the
    next phoneme at every place.
    """
    encoder, decoder = "encoder.0", "decoder.0"
    return Diagram(
        columns=3,
        widths=[1, 0.46, 1],
        trace=Trace(
            lambda: Transformer(Config()),
            lambda B, S, T: (torch.full((B, S), FIRST), torch.full((B, T), FIRST)),
        ),
        boxes=[
            Box(
                "letters",
                "letters",
                at=(ENCODER, 10),
                kind="value",
                probe=lambda run: run.arguments[0],
                why="The whole word is there at once, and nothing in the encoder has to wait for the letter before.",
            ),
            Box(
                "letter_embedding",
                "embedding",
                name="embedding of letters",
                at=(ENCODER, 9),
                module="letters.symbols",
                why="A learned vector for each letter, multiplied by √D, so that the places do not drown it.",
            ),
            Box(
                "places",
                "p_t",
                name="places",
                at=(1, 8),
                kind="value",
                why="A sum over places does not know their order. Sines and cosines of different speeds, added to the "
                "symbols, say where each one stands.",
                breaks=("Leave them out and train again", "transformer/removed"),
            ),
            Box(
                "letter_sum",
                "+",
                name="letters and places",
                at=(ENCODER, 8),
                kind="operation",
                probe=lambda run: run.outputs["letters"],
                why="One vector carries both, what the symbol is and where it stands; the layers learn to read either.",
            ),
            Box(
                "encoder_attention",
                "self-att.",
                name="self-attention of the encoder",
                at=(ENCODER, 7),
                module=f"{encoder}.self_attention",
                why="Every letter asks all letters, left and right: a “k” finds out that an “n” follows. One step "
                "between any two places, however far apart.",
                breaks=("See who looks at whom", "transformer/maps"),
            ),
            Box(
                "encoder_add",
                "add & norm",
                name="addition and norm around self-attention",
                at=(ENCODER, 6),
                module=f"{encoder}.around_attention",
                why="Added, not replaced: what is not needed now stays for later layers, and gradients have a way past "
                "every step. The norm keeps the sum at one size.",
                breaks=("Without residuals or without norms", "transformer/removed"),
            ),
            Box(
                "encoder_feed_forward",
                "feed-forward",
                name="feed-forward part of the encoder",
                at=(ENCODER, 5),
                module=f"{encoder}.feed_forward",
                why="Attention only averages; here each place makes something new of what it has gathered. It works on "
                "every place by itself, at four times the width.",
                breaks=("What it costs beside attention", "transformer/cost"),
            ),
            Box(
                "memory",
                "add & norm",
                name="the encoder's result, the memory",
                at=(ENCODER, 4),
                module=f"{encoder}.around_feed_forward",
                why="The second half of the layer, wrapped like the first. After the last layer this is the memory: "
                "one vector a letter, each with its surroundings in it.",
            ),
            Box(
                "phonemes",
                "phonemes so far",
                at=(DECODER, 10),
                kind="value",
                probe=lambda run: run.arguments[1],
                why="In training all true phonemes, moved one place to the right; in writing those written so far.",
            ),
            Box(
                "phoneme_embedding",
                "embedding",
                name="embedding of phonemes",
                at=(DECODER, 9),
                module="phonemes.symbols",
                why="Phonemes are other symbols than letters, so they have vectors of their own.",
            ),
            Box(
                "phoneme_sum",
                "+",
                name="phonemes and places",
                at=(DECODER, 8),
                kind="operation",
                probe=lambda run: run.outputs["phonemes"],
                why="Places are counted anew: the third phoneme need not belong to the third letter.",
            ),
            Box(
                "masked",
                "masked self-att.",
                name="masked self-attention",
                at=(DECODER, 7),
                module=f"{decoder}.self_attention",
                why="Each phoneme looks at itself and those before it. The mask hides what is to be predicted, so "
                "that all places can be trained in one pass.",
            ),
            Box(
                "masked_add",
                "add & norm",
                name="addition and norm around masked self-attention",
                at=(DECODER, 6),
                module=f"{decoder}.around_self_attention",
                why="The same wrapping around every step: the stream is added to, then normalised.",
                breaks=("Before the step or after it?", "transformer/norm_places"),
            ),
            Box(
                "cross",
                "cross-att.",
                name="cross-attention",
                at=(DECODER, 5),
                module=f"{decoder}.cross_attention",
                why="Queries from the phonemes, keys and values from the memory: the look back at the letters, which "
                "was the whole of attention in 2014.",
                breaks=("See where it looks", "transformer/maps"),
            ),
            Box(
                "cross_add",
                "add & norm",
                name="addition and norm around cross-attention",
                at=(DECODER, 4),
                module=f"{decoder}.around_cross_attention",
                why="What was found among the letters joins what is known of the phonemes.",
            ),
            Box(
                "feed_forward",
                "feed-forward",
                name="feed-forward part of the decoder",
                at=(DECODER, 3),
                module=f"{decoder}.feed_forward",
                why="Each place turns what it has gathered into a step towards its prediction.",
            ),
            Box(
                "add",
                "add & norm",
                name="addition and norm around the feed-forward part",
                at=(DECODER, 2),
                module=f"{decoder}.around_feed_forward",
                why="The layer hands on the shape that it got, so layers can be stacked: two here, six in 2017.",
            ),
            Box(
                "readout",
                "readout",
                at=(DECODER, 1),
                module="readout",
                why="A score for every phoneme at every place at once; softmax and the loss come after it.",
            ),
        ],
        arrows=[
            Arrow("letters", "letter_embedding"),
            Arrow("letter_embedding", "letter_sum"),
            Arrow("places", "letter_sum"),
            Arrow("letter_sum", "encoder_attention"),
            Arrow("encoder_attention", "encoder_add"),
            Arrow("letter_sum", "encoder_add", kind="residual", out="left", into="left"),
            Arrow("encoder_add", "encoder_feed_forward"),
            Arrow("encoder_feed_forward", "memory"),
            Arrow("encoder_add", "memory", kind="residual", out="left", into="left"),
            Arrow("memory", "cross", "memory", out="right", into="left"),
            Arrow("phonemes", "phoneme_embedding"),
            Arrow("phoneme_embedding", "phoneme_sum"),
            Arrow("places", "phoneme_sum"),
            Arrow("phoneme_sum", "masked"),
            Arrow("masked", "masked_add"),
            Arrow("phoneme_sum", "masked_add", kind="residual", out="right", into="right"),
            Arrow("masked_add", "cross"),
            Arrow("cross", "cross_add"),
            Arrow("masked_add", "cross_add", kind="residual", out="right", into="right"),
            Arrow("cross_add", "feed_forward"),
            Arrow("feed_forward", "add"),
            Arrow("cross_add", "add", kind="residual", out="right", into="right"),
            Arrow("add", "readout"),
        ],
        groups=[
            Group("encoder layer", ["encoder_attention", "encoder_add", "encoder_feed_forward", "memory"]),
            Group(
                "decoder layer",
                ["masked", "masked_add", "cross", "cross_add", "feed_forward", "add"],
            ),
        ],
    )
