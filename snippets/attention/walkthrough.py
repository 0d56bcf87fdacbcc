"""Short experiments with the trained networks, each of them a cell of the page.

Every cell ends on the value it shows. They run from top to bottom, and later cells use names of earlier ones.
"""
# ruff: noqa: B018, E402 - a cell's last expression is what it shows, and each imports what is new in it

# --8<-- [start:by_hand]
import torch

from snippets.attention.model import mix

values = torch.tensor([[10.0], [20.0], [30.0]])  # (K, D): three keys, one number each
scores = torch.tensor([[2.0, 1.0, -1.0]])  # (Q, K): how well one query fits each key
found, weights = mix(scores, values)

weights, found
# --8<-- [end:by_hand]

# --8<-- [start:one_word]
from snippets.attention.model import Config, Speller, write
from snippets.data.pronunciations import read_phonemes, spell
from snippets.kit import load_weights

speller = load_weights(Speller(Config()), "attention", prefix="speller.")
source = spell("knowledge")  # (B = 1, S)
states, first = speller.read(source)  # (1, S, 2 D_e), (1, D)
phonemes, probabilities, weights = write(speller, source)

source.shape, states.shape, weights.shape, " ".join(read_phonemes(phonemes[0]))
# --8<-- [end:one_word]

# --8<-- [start:same_numbers]
from snippets.attention.model import dot_product

torch.manual_seed(0)
query, key, value = (torch.randn(2, 4, 6, 8) for _ in range(3))  # (B, H, T, D/H)
mask = torch.ones(6, 6).tril().bool()  # place i may look at places up to i
ours, _ = mix(dot_product(query, key), value, mask)
torchs = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)

torch.allclose(ours, torchs, atol=1e-5)
# --8<-- [end:same_numbers]

# --8<-- [start:order]
from snippets.attention.model import MultiHead

torch.manual_seed(0)
attention = MultiHead(width=16, heads=4)
x = torch.randn(1, 5, 16)  # five vectors in a row (B, T, D)
places = 0 * torch.arange(5)[:, None]  # what each place adds to say where it is: nothing yet
backwards = x.flip(1) + places
as_it_was, _ = attention(x + places, x + places)
turned, _ = attention(backwards, backwards)

torch.allclose(turned.flip(1), as_it_was, atol=1e-5)
# --8<-- [end:order]
