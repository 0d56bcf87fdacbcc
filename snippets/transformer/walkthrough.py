"""Short experiments with the trained model, each of them a cell of the page.

Every cell ends on the value it shows. They run from top to bottom, and later cells use names of earlier ones.
"""
# ruff: noqa: E402 - a cell's last expression is what it shows, and each imports what is new in it

# --8<-- [start:one_word]
import torch

from snippets.data.pronunciations import START, pronounce, read_phonemes, spell
from snippets.kit import load_weights
from snippets.transformer.model import Config, Transformer, write

model = load_weights(Transformer(Config()), "transformer")
source = spell("knowledge")  # (B = 1, S)
memory, _ = model.read(source)  # (1, S, D)
written, probabilities = write(model, source)  # (1, T), (1, T)

source.shape, memory.shape, " ".join(read_phonemes(written[0]))
# --8<-- [end:one_word]

# --8<-- [start:parallel]
phonemes = pronounce(["N", "AA", "L", "AH", "JH"])  # (1, T)
inputs = torch.cat([torch.tensor([[START]]), phonemes], dim=1)  # "start N AA L AH JH"
at_once = model(source, inputs)  # (1, T + 1, V): every prediction in one pass
in_turn = [model(source, inputs[:, : t + 1])[:, -1] for t in range(inputs.shape[1])]  # the past alone, each time

torch.allclose(at_once, torch.stack(in_turn, dim=1), atol=1e-4)
# --8<-- [end:parallel]

# --8<-- [start:relative]
from snippets.transformer.model import rotate

torch.manual_seed(0)
query, key = torch.randn(2, 1, 12)  # one head's width


def score(place_of_query: int, place_of_key: int) -> float:
    turned = rotate(query, torch.tensor([place_of_query])) @ rotate(key, torch.tensor([place_of_key])).T
    return round(turned.item(), 2)


score(7, 4), score(17, 14), score(7, 5)
# --8<-- [end:relative]
