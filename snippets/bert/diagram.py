"""The whiteboard drawing of the BERT page."""

import torch

from snippets.bert.model import BERT, CLS, MASK, SEP, Config
from snippets.kit.diagram import Arrow, Box, Diagram, Group, Trace, diagram


def a_pair(B: int, T: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two sentences of made-up tokens with a blank, and their segments."""
    tokens = torch.arange(B * T).reshape(B, T) % 900 + 100
    tokens[:, 0], tokens[:, T // 3], tokens[:, T // 2], tokens[:, -1] = CLS, MASK, SEP, SEP
    return tokens, (torch.arange(T) > T // 2).long().repeat(B, 1)


@diagram
def whiteboard() -> Diagram:
    """An encoder that reads to both sides, and the two questions it is trained with.

    From the bottom up: token, position and segment vectors are added and normalised. In each block every token
    looks at all others, before it and after it; what it finds is added and the sum normalised, then a
    feed-forward part does the same for each token by itself. Out of the last block comes one vector for each
    token. Those of hidden tokens go to the head that names the token; that of [CLS] goes to the head that says
    whether the second sentence follows the first, and later to the head of whatever task comes.
    """
    first = "encoder.blocks.0"
    return Diagram(
        columns=3,
        trace=Trace(lambda: BERT(Config()), a_pair),
        boxes=[
            Box(
                "tokens",
                "tokens",
                at=(0, 10),
                kind="value",
                probe=lambda run: run.arguments[0],
                why="[CLS], the pieces of one or two sentences, [SEP] after each. Some pieces are hidden behind "
                "[MASK], a few are swapped.",
                breaks=("Corrupt a text of your own", "bert/corruption"),
            ),
            Box(
                "token_vectors",
                "token vectors",
                at=(0, 9),
                module="encoder.embeddings.tokens",
                why="One learned vector for each piece and each sign. The same matrix names the hidden tokens at "
                "the top.",
            ),
            Box(
                "positions",
                "positions",
                at=(1, 9),
                module="encoder.embeddings.positions",
                why="One learned vector for each place, added. Attention alone does not know the order; these "
                "vectors do, up to the last place that was trained.",
                breaks=("What the model learned about places", "bert/positions"),
            ),
            Box(
                "segments",
                "segments",
                at=(2, 9),
                module="encoder.embeddings.segments",
                why="One of two learned vectors says which sentence a token belongs to. Tasks with one sentence "
                "use the first alone.",
            ),
            Box(
                "embedding_norm",
                "+, LayerNorm",
                name="sum and norm",
                at=(1, 8),
                module="encoder.embeddings.norm",
                why="What, where and which sentence, in one vector of one size.",
            ),
            Box(
                "attention",
                "attention",
                name="attention to both sides",
                at=(1, 7),
                module=f"{first}.attention",
                why="Every token looks at all others, also at those after it. There is no triangle: only padding "
                "is hidden.",
                breaks=("Hide the right side", "bert/context_seen"),
            ),
            Box(
                "attention_norm",
                "+, LayerNorm",
                name="first addition and norm",
                at=(1, 6),
                module=f"{first}.attention_norm",
                why="What was found is added to what was there, and the sum is normalised: post-norm, as in 2017.",
            ),
            Box(
                "feed_forward",
                "widen, GELU",
                name="feed-forward part",
                at=(1, 5),
                module=f"{first}.feed_forward",
                why="Each token by itself makes something of what it has gathered, four times as wide inside, "
                "with GELU.",
            ),
            Box(
                "feed_forward_norm",
                "+, LayerNorm",
                name="second addition and norm",
                at=(1, 4),
                module=f"{first}.feed_forward_norm",
                why="The same once more. The next block reads vectors of the same shape and size.",
            ),
            Box(
                "states",
                "states",
                at=(1, 3),
                kind="value",
                probe=lambda run: run.outputs["encoder"],
                why="What each token means in this text. This is what pre-training is for; the heads above are "
                "exchanged for others.",
                breaks=("What pre-training is worth", "bert/fine_tuning"),
            ),
            Box(
                "masked_tokens",
                "which token?",
                name="masked-token head",
                at=(0, 1.5),
                module="masked_tokens",
                why="A score for every piece at the hidden places, by likeness to its embedding. The loss is taken "
                "at the tokens asked for and nowhere else.",
                breaks=("More questions a text, or fewer", "bert/masking_rate"),
            ),
            Box(
                "next_sentence",
                "B after A?",
                name="next-sentence head",
                at=(2, 1.5),
                module="next_sentence",
                why="Two scores from the vector of [CLS] alone, which makes that vector speak for the whole input. "
                "Later models dropped the question.",
                breaks=("Ask it about your own sentences", "bert/follows"),
            ),
            Box(
                "task",
                "your task",
                name="fine-tuning head",
                at=(1, 0.5),
                kind="operation",
                why="After pre-training both heads go. One new matrix on [CLS], or on every token, is trained "
                "together with the encoder on labelled examples.",
                breaks=("With few labels and with many", "bert/fine_tuning"),
            ),
        ],
        arrows=[
            Arrow("tokens", "token_vectors"),
            Arrow("token_vectors", "embedding_norm"),
            Arrow("positions", "embedding_norm"),
            Arrow("segments", "embedding_norm"),
            Arrow("embedding_norm", "attention"),
            Arrow("attention", "attention_norm"),
            Arrow("embedding_norm", "attention_norm", kind="residual", out="left", into="left"),
            Arrow("attention_norm", "feed_forward"),
            Arrow("feed_forward", "feed_forward_norm"),
            Arrow("attention_norm", "feed_forward_norm", kind="residual", out="right", into="right"),
            Arrow("feed_forward_norm", "states"),
            Arrow("states", "masked_tokens", "hidden"),
            Arrow("states", "next_sentence", "[CLS]"),
            Arrow("states", "task", "later"),
        ],
        groups=[Group("block, three times", ["attention", "attention_norm", "feed_forward", "feed_forward_norm"])],
    )
