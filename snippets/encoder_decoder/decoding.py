"""Four ways to write a target with a trained encoder-decoder: greedy, forced, drawn, and by beam search.

Ids of `PADDING` and `START` are never written. Beam search as in Sutskever, Vinyals and Le (2014), section 3.2;
dividing a score by a power of the length as in Wu et al. (2016), "Google's Neural Machine Translation System",
section 7, with the length itself in place of (5 + length) / 6.
"""

from typing import NamedTuple

import torch

from snippets.data.pronunciations import END, FIRST, START
from snippets.encoder_decoder.model import EncoderDecoder

LONGEST = 16  # symbols, the end included: no pronunciation of the file is longer


# --8<-- [start:choose]
def choose(logits: torch.Tensor) -> torch.Tensor:
    """The next symbol of each row: (B, V) to (B,)."""
    return logits.argmax(dim=-1)


# --8<-- [end:choose]


# --8<-- [start:greedy]
@torch.no_grad()
def greedy(
    model: EncoderDecoder,
    source: torch.Tensor,
    longest: int = LONGEST,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Write the likeliest symbol, feed it back in, repeat.

    Source (B, S) to symbols (B, T), `END` included, and the logits (B, T, V) they come from.
    """
    context = model.read(source)  # (B, C)
    hidden = model.decoder.start(context)  # (B, D)
    symbol = torch.full((source.shape[0],), START)  # (B,)
    ended = torch.zeros(source.shape[0], dtype=torch.bool)
    symbols, scores = [], []
    while len(symbols) < longest and not bool(ended.all()):
        logits, hidden = model.decoder.step(symbol, hidden, context)
        symbol = choose(forbid(logits))
        symbols.append(symbol)
        scores.append(logits)
        ended = ended | (symbol == END)
    return torch.stack(symbols, dim=1), torch.stack(scores, dim=1)


# --8<-- [end:greedy]


def forbid(logits: torch.Tensor) -> torch.Tensor:
    """Logits in which padding and start cannot win: they are not symbols of a pronunciation."""
    ids = torch.arange(logits.shape[-1])
    return logits.masked_fill((ids < FIRST) & (ids != END), float("-inf"))


# --8<-- [start:draw]
@torch.no_grad()
def draw(
    model: EncoderDecoder,
    source: torch.Tensor,
    generator: torch.Generator,
    temperature: float = 1.0,
    longest: int = LONGEST,
) -> tuple[list[int], float]:
    """Draw each symbol of one target (1, S) from the model: its ids and its log-probability in nats."""
    context = model.read(source)
    hidden = model.decoder.start(context)
    symbols, total, symbol = [], 0.0, START
    while len(symbols) < longest and symbol != END:
        logits, hidden = model.decoder.step(torch.tensor([symbol]), hidden, context)
        logits = forbid(logits)[0]  # (V,)
        cumulative = torch.softmax(logits / temperature, dim=-1).cumsum(0)
        dice = torch.rand(1, generator=generator)
        symbol = min(int((cumulative < dice).sum()), len(logits) - 1)
        symbols.append(symbol)
        total += float(torch.log_softmax(logits, dim=-1)[symbol])
    return symbols, total


# --8<-- [end:draw]


class Node(NamedTuple):
    """One partial target of a beam search: its last symbol, its parent's place in the tree, log-probability."""

    step: int
    parent: int
    symbol: int
    score: float

    @property
    def ended(self) -> bool:
        return self.symbol == END


# --8<-- [start:beam]
@torch.no_grad()
def beam_search(
    model: EncoderDecoder,
    source: torch.Tensor,
    width: int,
    longest: int = LONGEST,
) -> list[Node]:
    """Keep the `width` likeliest beginnings of one target; a finished one gives up its place.

    Source (1, S). Returns every beginning that was kept, the root first; `ranked` reads the finished ones.
    """
    context = model.read(source)  # (1, C)
    hidden = model.decoder.start(context)  # (1, D)
    tree = [Node(step=0, parent=-1, symbol=START, score=0.0)]
    alive = [0]  # places in the tree, one for each row of `hidden`
    for step in range(1, longest + 1):
        written = torch.tensor([tree[place].symbol for place in alive])  # (W,)
        logits, hidden = model.decoder.step(written, hidden, context.expand(len(alive), -1))
        before = torch.tensor([tree[place].score for place in alive])  # (W,)
        scores = before[:, None] + torch.log_softmax(forbid(logits), dim=-1)  # (W, V)
        possible = int(torch.isfinite(scores).sum())
        best = scores.reshape(-1).topk(min(width, possible))  # of all W × V continuations
        rows = []
        next_alive = []
        for score, index in zip(best.values.tolist(), best.indices.tolist(), strict=True):
            row, symbol = divmod(index, scores.shape[1])
            tree.append(Node(step, alive[row], symbol, score))
            if symbol == END:
                width -= 1
            else:
                rows.append(row)
                next_alive.append(len(tree) - 1)
        alive = next_alive
        if not alive:
            break
        hidden = hidden[torch.tensor(rows)]  # (W, D)
    return tree


# --8<-- [end:beam]


def path(tree: list[Node], place: int) -> list[int]:
    """The ids written from the root to a node, the root's left out."""
    ids = []
    while place > 0:
        ids.append(tree[place].symbol)
        place = tree[place].parent
    return ids[::-1]


def ranked(tree: list[Node], length_power: float = 0.0) -> list[int]:
    """Places of the finished targets, the best first; the unfinished ones only if none has finished.

    A score is divided by its length to the power `length_power`: 0 compares log-probabilities as they are, which
    favours short targets, 1 their mean over the symbols.
    """
    ended = [place for place, node in enumerate(tree) if node.ended]
    last = max(node.step for node in tree)
    found = ended or [place for place, node in enumerate(tree) if node.step == last]
    return sorted(found, key=lambda place: -tree[place].score / tree[place].step ** length_power)
