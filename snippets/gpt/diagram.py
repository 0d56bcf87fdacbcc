"""The whiteboard drawing of the GPT page."""

import torch

from snippets.gpt.model import GPT, Config
from snippets.kit.diagram import Arrow, Box, Diagram, Group, Trace, diagram


@diagram
def whiteboard() -> Diagram:
    """A decoder: one stream from the tokens up to the scores, and five blocks that read it and add to it.

    From the bottom up: tokens become vectors. In each block the stream is normalised, projected to queries,
    keys and values, and every token takes a weighted mixture of the values of the tokens up to its own, which
    is added to the stream; then it is normalised again and a feed-forward part adds what it makes of it. Keys
    and values go through the cache, which keeps them while a text is written. After the last block one more
    norm and the embedding matrix give a score for every possible next token.
    """
    first = "blocks.0"
    return Diagram(
        columns=3,
        trace=Trace(
            lambda: GPT(Config()),
            lambda B, T: (torch.arange(B * T).reshape(B, T) % 1024,),
        ),
        boxes=[
            Box(
                "tokens",
                "tokens",
                at=(1, 10),
                kind="value",
                probe=lambda run: run.arguments[0],
                why="Pieces of text from a fixed list, so that any text can be read and written with a softmax "
                "of fixed size.",
                breaks=("See your own text in pieces", "gpt/tokens"),
            ),
            Box(
                "embedding",
                "embedding",
                at=(1, 9),
                module="embedding",
                why="One learned vector for each token. Position is not added here: the rotation inside "
                "attention knows it.",
            ),
            Box(
                "attention_norm",
                "RMSNorm",
                name="norm before attention",
                at=(1, 8),
                module=f"{first}.attention_norm",
                why="The stream grows as blocks add to it. Each block reads a copy of one size, and the stream "
                "itself is left alone.",
                breaks=("Put it after the addition instead", "gpt/norms"),
            ),
            Box(
                "queries",
                "queries ↻",
                name="queries, rotated",
                at=(0, 7),
                module=f"{first}.attention.queries",
                why="What each token looks for, once a head. The rotation by its position makes the match "
                "depend on the distance.",
            ),
            Box(
                "keys",
                "keys ↻",
                name="keys, rotated",
                at=(1, 7),
                module=f"{first}.attention.keys",
                why="What each token can be found by. Two heads share a key, which halves the cache.",
                breaks=("Compute what sharing saves", "gpt/cache_memory"),
            ),
            Box(
                "values",
                "values",
                at=(2, 7),
                module=f"{first}.attention.values",
                why="What each token hands over when it is looked at.",
            ),
            Box(
                "cache",
                "cache",
                at=(1.5, 6),
                kind="operation",
                why="Keys and values of old tokens never change, because old tokens see nothing new. Stored, "
                "each further token costs one step instead of the whole text.",
                breaks=("The time for a token without it", "gpt/cost_of_a_token"),
            ),
            Box(
                "pattern",
                "mask, softmax",
                name="triangle mask and softmax",
                at=(0, 6),
                kind="operation",
                probe=lambda run: run.outputs[f"{first}.attention.pattern"],
                why="Who looks at whom. The mask puts −∞ on everything later than the token itself, so that every "
                "place can be trained to predict what comes next.",
                breaks=("Without the mask the loss is a lie", "gpt/no_mask"),
            ),
            Box(
                "output",
                "mix and project",
                at=(1, 5),
                module=f"{first}.attention.output",
                why="The mixtures of all heads side by side, brought back to the width of the stream. This is "
                "the only place where one token hears of another.",
            ),
            Box(
                "add_attention",
                "+",
                name="first addition",
                at=(1, 4),
                kind="operation",
                why="What attention found is added to the stream, not put in its place: gradients and earlier "
                "findings pass straight through.",
            ),
            Box(
                "feed_forward_norm",
                "RMSNorm",
                name="norm before the feed-forward part",
                at=(1, 3),
                module=f"{first}.feed_forward_norm",
                why="The same service for the second half of the block.",
            ),
            Box(
                "feed_forward",
                "SwiGLU",
                at=(1, 2),
                module=f"{first}.feed_forward",
                why="Each token by itself makes something of what it has gathered. Seven tenths of the block's "
                "parameters are here.",
            ),
            Box(
                "add_feed_forward",
                "+",
                name="second addition",
                at=(1, 1),
                kind="operation",
                probe=lambda run: run.outputs[first],
                why="The block hands on a stream of the same shape, so that blocks can be stacked.",
                breaks=("Read the stream after each block", "gpt/logit_lens"),
            ),
            Box(
                "logits",
                "readout",
                at=(1, 0),
                module="norm",
                probe=lambda run: run.result,
                why="The last norm, then a score by likeness to every token's embedding: the same matrix reads "
                "and writes, which saves an eighth of this model's parameters. Softmax and loss come after it.",
            ),
        ],
        arrows=[
            Arrow("tokens", "embedding"),
            Arrow("embedding", "attention_norm"),
            Arrow("attention_norm", "queries"),
            Arrow("attention_norm", "keys"),
            Arrow("attention_norm", "values"),
            Arrow("keys", "cache"),
            Arrow("values", "cache"),
            Arrow("queries", "pattern"),
            Arrow("cache", "pattern", "keys"),
            Arrow("cache", "output", "values"),
            Arrow("pattern", "output", "weights"),
            Arrow("output", "add_attention"),
            Arrow("embedding", "add_attention", kind="residual", out="left", into="left"),
            Arrow("add_attention", "feed_forward_norm"),
            Arrow("feed_forward_norm", "feed_forward"),
            Arrow("feed_forward", "add_feed_forward"),
            Arrow("add_attention", "add_feed_forward", kind="residual", out="right", into="right"),
            Arrow("add_feed_forward", "logits"),
        ],
        groups=[
            Group(
                "block, five times",
                [
                    "attention_norm",
                    "queries",
                    "keys",
                    "values",
                    "cache",
                    "pattern",
                    "output",
                    "add_attention",
                    "feed_forward_norm",
                    "feed_forward",
                    "add_feed_forward",
                ],
            )
        ],
    )
