"""Short experiments with the trained network, each of them a cell of the page.

Every cell ends on the value it shows. They run from top to bottom, and later cells use names of earlier ones.
"""
# ruff: noqa: B018 - a cell's last expression is what it shows

# --8<-- [start:one_step]
import torch

from snippets.kit import load_weights
from snippets.rnn.model import CharacterRNN, Config, encode, sample

model = load_weights(CharacterRNN(Config()), "rnn")
cell = model.layers[0].cell

x = model.one_hot(encode("a"))[:, -1]  # the letter a: (B, V) with B = 1
before = torch.zeros(1, 64)  # an empty memory: (B, D)
after = cell(x, before)

x.shape, before.shape, after.shape, after[0, :6].detach()
# --8<-- [end:one_step]

# --8<-- [start:order]
_, anna = model(encode("anna"))  # states: (L, B, T, D)
_, nana = model(encode("nana"))

(anna[-1, 0, -1] - nana[-1, 0, -1]).norm().item()
# --8<-- [end:order]

# --8<-- [start:five_names]
generator = torch.Generator().manual_seed(0)

[sample(model, generator, temperature=1.0) for _ in range(5)]
# --8<-- [end:five_names]

# --8<-- [start:loss_of_a_name]
name = "christopher"
inputs = encode(name)  # ".christopher": (1, T)
targets = torch.cat([inputs[:, 1:], torch.tensor([[0]])], dim=1)  # "christopher.": (1, T)

logits, _ = model(inputs)  # (1, T, V)
loss = torch.nn.functional.cross_entropy(logits[0], targets[0])

loss.item()
# --8<-- [end:loss_of_a_name]

# --8<-- [start:clip]
model.zero_grad()
loss = torch.nn.functional.cross_entropy(model(inputs)[0][0], targets[0])
loss.backward()  # through all twelve steps

norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.5)
clipped = sum((parameter.grad**2).sum() for parameter in model.parameters()) ** 0.5

norm, clipped
# --8<-- [end:clip]
