"""Short experiments with the trained model, each of them a cell of the page.

Every cell ends on the value it shows. They run from top to bottom, and later cells use names of earlier ones.
"""

# --8<-- [start:read]
import time

import torch

from snippets.data import prose
from snippets.gpt.model import GPT, Config, generate
from snippets.gpt.scaling import power_law
from snippets.kit import load_weights, results

model = load_weights(GPT(Config()), "gpt")
tokenizer = prose.tokenizer()

text = "\nMr. Darcy was"  # "\n" ends the paragraph before: the model knows how sentences begin
ids = torch.tensor([tokenizer.encode(text)])  # (B, T) with B = 1
logits = model(ids)  # (B, T, V)
best = logits[0, -1].argmax().item()

ids.shape, logits.shape, tokenizer.label(best)
# --8<-- [end:read]

# --8<-- [start:loss]
sentence = "\nIt is a truth universally acknowledged"
ids = torch.tensor([tokenizer.encode(sentence)])  # (1, T)
inputs, targets = ids[:, :-1], ids[0, 1:]  # every token is predicted from those before it

loss = torch.nn.functional.cross_entropy(model(inputs)[0], targets)

loss.item(), loss.item() * len(targets) / (len(sentence) - 1), loss.exp().item()  # a token, a character; perplexity
# --8<-- [end:loss]

# --8<-- [start:write]
beginning = tokenizer.encode("\nMr. Darcy was")
generator = torch.Generator().manual_seed(0)

started = time.perf_counter()
new = generate(model, beginning, 60, generator, temperature=0.8, top_p=0.9, cached=True)
seconds = time.perf_counter() - started

print(tokenizer.decode(beginning + new))
print(f"{len(new) / seconds:.0f} tokens a second")
# --8<-- [end:write]

# --8<-- [start:fit]
measured = list(results("gpt")["size"].values())  # five sizes, the smallest first
sizes = [entry["outside_the_embedding"] for entry in measured]
losses = [entry["validation_loss"]["steps_300"]["mean"] for entry in measured]
slope, line = power_law(sizes, losses, fitted=5)

slope, line[-1], losses[-1]  # the exponent; the height of the line at the largest model, and its loss
# --8<-- [end:fit]
