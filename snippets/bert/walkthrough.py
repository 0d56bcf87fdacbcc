"""Short experiments with the trained model, each of them a cell of the page.

Every cell ends on the value it shows. They run from top to bottom, and later cells use names of earlier ones.
"""

# --8<-- [start:read]
import torch

from snippets.bert.masking import corrupt
from snippets.bert.model import BERT, MASK, Config
from snippets.bert.text import encode, label
from snippets.kit import load_weights

model = load_weights(BERT(Config()), "bert")

tokens = encode("Mr. [MASK] was a very agreeable young man.")  # (B, T) with B = 1
states = model.encoder(tokens)  # (B, T, D)
logits = model.readout(states)  # (B, T, V)
best = logits[tokens == MASK].argmax(dim=-1)

states.shape, logits.shape, [label(index) for index in best.tolist()]
# --8<-- [end:read]

# --8<-- [start:loss]
tokens = encode("She was determined to see her sister before the end of the week.")
seen, asked = corrupt(tokens, torch.Generator().manual_seed(1), rate=0.3)
logits = model.readout(model.encoder(seen)[asked])  # (asked, V): only the tokens asked for

loss = torch.nn.functional.cross_entropy(logits, tokens[asked])
wanted = [label(index) for index in tokens[asked].tolist()]

loss.item(), wanted
# --8<-- [end:loss]
