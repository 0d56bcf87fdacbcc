# ---
# summary: Scores, softmax, mix. Build self-attention line by line, train it on a lookup, and watch where it looks.
# level: beginner
# family: transformer
# ---

# %% [markdown]
# # Self-attention from scratch
#
# Read the sentence *the bank of the river*. To know which bank is meant, a reader looks at *river*. A network that
# computes a vector for each word needs the same freedom: the new vector of *bank* must be able to take something
# from *river*, wherever that word stands. Recurrent networks hand such news on from word to word. Self-attention
# lets every position look at every other position directly [@vaswani2017attention].
#
# We build it in five short steps, then train it on a task that cannot be solved without looking.
#
# Throughout, $T$ is the number of positions and $D$ the number of values in a vector.

# %%
import torch
from torch import nn
from torch.nn import functional as F

from snippets.kit import heatmap, lines, show
from snippets.lesson_02 import checks

# %% [markdown]
# ## A sentence as vectors
#
# Each word gets a vector. Ours are random numbers: nothing has been learned yet, and what follows works for any
# vectors. Equal words get equal vectors, so the two rows for *the* are the same.

# %% try="Write a sentence of your own. Which rows are equal?"
words = "the bank of the river".split()
generator = torch.Generator().manual_seed(0)
vocabulary = sorted(set(words))
embedding = torch.randn(len(vocabulary), 8, generator=generator)
x = embedding[[vocabulary.index(word) for word in words]]  # (T, D)

x.shape

# %% [markdown]
# ## Step 1: how well do two positions go together?
#
# The simplest way to let positions exchange news is the average: every word gets the mean of all words. But then
# *bank* and *of* receive the same, and *river* counts no more than *the*. We want a *weighted* average whose weights
# depend on who is asking. So we need a number for every pair of positions. The dot product is one: large when two
# vectors point the same way.

# %% try="Divide `x` by its row lengths first: `x / x.norm(dim=1, keepdim=True)`. What is on the diagonal then?"
scores = x @ x.T  # (T, T): row i holds what position i thinks of every position

show(
    heatmap(scores, x=words, y=words, x_title="looked at", y_title="looking", z_title="score", diverging=True),
    "The dot product of every word's vector with every other's",
)

# %% [markdown]
# ## Step 2: from scores to weights
#
# Scores can be negative and of any size. A softmax along each row makes them positive and lets them sum to 1, so
# that a row can be read as *how position i divides its attention*:
#
# $$
# w_{ij} = \frac{e^{s_{ij}}}{\sum_k e^{s_{ik}}} .
# $$
#
# The sum runs over $k$, the positions looked at. Softmax along the other axis would let the words compete for being
# looked *from*, and no row would be an average any more.

# %% try="Use `dim=0` instead and print the row sums again."
weights = torch.softmax(scores, dim=1)  # (T, T)

weights.sum(dim=1)

# %% [markdown]
# ## Step 3: mix
#
# The new vector of a position is the weighted average of all vectors. One matrix product does it for all positions.

# %%
mixed = weights @ x  # (T, T) @ (T, D) -> (T, D)

mixed.shape

# %% [markdown]
# ## Step 4: three roles
#
# So far a word looks for words like itself: the diagonal of the picture above wins. That is rarely what is needed;
# *bank* should find *river*. The cure is to give each position three vectors, made from its own by three learned
# matrices: a **query** (what it looks for), a **key** (what it can be found by) and a **value** (what it hands over).
#
# $$
# q_i = W_q x_i, \qquad k_i = W_k x_i, \qquad v_i = W_v x_i .
# $$

# %%
D = x.shape[1]
W_q, W_k, W_v = (torch.randn(D, D, generator=generator) / D**0.5 for _ in range(3))
queries, keys, values = x @ W_q.T, x @ W_k.T, x @ W_v.T  # each (T, D)
scores = queries @ keys.T

show(
    heatmap(
        torch.softmax(scores, dim=1), x=words, y=words, x_title="looked at (key)", y_title="looking (query)",
        z_title="weight", limits=(0, 1),
    ),
    "Attention weights from untrained queries and keys: no reason to prefer oneself any more",
)

# %% [markdown]
# ## Step 5: divide by the square root of the width
#
# A dot product of two vectors of $D$ independent values with variance 1 has variance $D$. Wide vectors make large
# scores, and a softmax of large scores puts everything on one position. Where it does, its gradient is nearly zero,
# and learning stands still. Dividing the scores by $\sqrt{D}$ keeps their variance at 1. Here it is measured: the
# largest of 16 weights, on average over 200 random queries.

# %% try="Divide by `D` instead of `D**0.5`. What goes wrong now at large widths?"
def largest_weight(D, scale):
    g = torch.Generator().manual_seed(D)
    queries, keys = torch.randn(200, 1, D, generator=g), torch.randn(200, 16, D, generator=g)
    scores = (queries @ keys.transpose(1, 2)) * scale  # (200, 1, 16)
    return torch.softmax(scores, dim=-1).amax(dim=-1).mean().item()


widths = [4, 8, 16, 32, 64, 128, 256, 512]
plain = [largest_weight(D, 1.0) for D in widths]
scaled = [largest_weight(D, D**-0.5) for D in widths]

show(
    lines(
        {"plain": plain, "scaled": scaled}, widths, x_title="width D", y_title="largest weight of 16", x_log=True,
        y_range=(0, 1), markers=True, levels=[(1 / 16, "all equal")], height=300,
    ),
    "The largest attention weight with and without division by the square root of the width",
)

# %% [markdown]
# That is all of it. As one function:

# %%
def attend(queries, keys, values, allowed=None):
    """Scaled dot-product attention: (T, D), (T, D), (T, D) to (T, D). `allowed` (T, T) says who may look where."""
    scores = queries @ keys.transpose(-2, -1) / keys.shape[-1] ** 0.5  # (T, T)
    if allowed is not None:
        scores = scores.masked_fill(~allowed, float("-inf"))
    return torch.softmax(scores, dim=-1) @ values  # (T, D)


attend(queries, keys, values).shape

# %% [markdown]
# ## It does not know the order
#
# Shuffle the words, and the outputs are the same vectors, shuffled. Nothing in the formula says which position comes
# first. *Dog bites man* and *man bites dog* would be the same to it, which is why transformers add positions.

# %% try="Shuffle keys and values but not queries, and compare with `attend(queries, keys, values)` itself."
order = torch.tensor([4, 2, 0, 3, 1])
shuffled = attend(queries[order], keys[order], values[order])

(shuffled - attend(queries, keys, values)[order]).abs().max().item() < 1e-5

# %% [markdown]
# ## Exercise 1: do not look ahead
#
# A model that writes must not look at words that it has not written yet. Return a table of booleans in which
# position $i$ may look at position $j$ only if $j \le i$. The verdict changes later words and sees whether earlier
# outputs move.

# %% try="`torch.ones(T, T, dtype=torch.bool)` allows everything. `torch.tril` keeps the lower triangle of a table."
def allowed_for_writing(T):
    return torch.ones(T, T, dtype=torch.bool)


checks.looks_back_only(attend, allowed_for_writing)

# %% [markdown]
# ## Exercise 2: a softmax that survives large numbers
#
# Written as in the formula, softmax overflows: `exp(1000)` is infinite, and infinity divided by infinity is not a
# number. Adding the same number to all scores of a row does not change the weights. Use that.

# %% try="Subtract from each row its largest score, `scores.amax(dim=-1, keepdim=True)`, before `exp`."
def softmax(scores):
    powers = torch.exp(scores)
    return powers / powers.sum(dim=-1, keepdim=True)


checks.is_softmax(softmax)

# %% [markdown]
# ## Learning to look
#
# Now a task that needs it. The network sees six pairs of a letter and a digit, then a seventh letter with a question
# mark, one of the six. It must answer with that letter's digit. The pairs are drawn anew each time, so no digit can
# be learned by heart: the only way is to find the right place and read it.

# %%
LETTERS, DIGITS, PAIRS = 10, 10, 6


def questions(count, generator):
    """Letters (count, 7), digits (count, 7) with 10 for the question mark, and the answers (count,)."""
    order = torch.rand(count, LETTERS, generator=generator).argsort(dim=1)
    letters = order[:, :PAIRS]
    digits = torch.randint(DIGITS, (count, PAIRS), generator=generator)
    asked = torch.randint(PAIRS, (count, 1), generator=generator)
    letters = torch.cat([letters, letters.gather(1, asked)], dim=1)
    answers = digits.gather(1, asked)[:, 0]
    return letters, torch.cat([digits, torch.full((count, 1), DIGITS)], dim=1), answers


def spelled(letters, digits):
    """One question as text: a list such as e8, b9, …, e?"""
    return ["abcdefghij"[a] + "0123456789?"[b] for a, b in torch.stack([letters, digits], dim=1).tolist()]


letters, digits, answers = questions(1, torch.Generator().manual_seed(1))
" ".join(spelled(letters[0], digits[0]))

# %% [markdown]
# The network is one layer of self-attention between an embedding and a readout. With `looks=False` its weights are
# all equal: the plain average we began with, everything else the same.

# %%
class Lookup(nn.Module):
    def __init__(self, looks, D=32):
        super().__init__()
        self.looks = looks
        self.letter = nn.Embedding(LETTERS, D)
        self.digit = nn.Embedding(DIGITS + 1, D)
        self.query, self.key, self.value = (nn.Linear(D, D, bias=False) for _ in range(3))
        self.readout = nn.Linear(D, DIGITS)

    def weights(self, letters, digits):
        x = self.letter(letters) + self.digit(digits)  # (B, T, D)
        scores = self.query(x) @ self.key(x).transpose(1, 2) / x.shape[-1] ** 0.5  # (B, T, T)
        return torch.softmax(scores if self.looks else torch.zeros_like(scores), dim=-1), x

    def forward(self, letters, digits):
        weights, x = self.weights(letters, digits)
        mixed = weights @ self.value(x)  # (B, T, T) @ (B, T, D) -> (B, T, D)
        return self.readout(mixed[:, -1])  # the place with the question mark answers: (B, 10)


def train(looks, steps=100):
    torch.manual_seed(0)
    model = Lookup(looks)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        letters, digits, answers = questions(64, generator)
        loss = F.cross_entropy(model(letters, digits), answers)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    letters, digits, answers = questions(1000, torch.Generator().manual_seed(1))
    right = (model(letters, digits).argmax(dim=1) == answers).float().mean().item()
    return model, right

# %% [markdown]
# The measurement: both are trained on the same questions, for the same number of steps, and asked a thousand new
# ones. An answer drawn at random is right one time in ten. The average does better than that, because it knows which
# digits are on the table and which of them is there twice; it cannot know which one is meant.

# %% try="Train for 10, 20 and 50 steps: `train(looks=True, steps=10)`. When does it begin to look?"
model, right = train(looks=True)
_, right_of_average = train(looks=False)

f"attention {right:.0%}, plain average {right_of_average:.0%} of 1,000 questions right"

# %% [markdown]
# And where does it look? The last row is the place with the question mark. It has learned to compare letters in its
# queries and keys, and to hand over digits in its values. Nobody told it to.

# %% try="Insert `letters[0, 0] = letters[0, 6]` before the `with`: two pairs then have the letter asked for."
letters, digits, answers = questions(1, torch.Generator().manual_seed(1))
with torch.no_grad():
    weights, _ = model.weights(letters, digits)
tokens = spelled(letters[0], digits[0])

show(
    heatmap(
        weights[0], x=tokens, y=tokens, x_title="looked at", y_title="looking",
        z_title="weight", limits=(0, 1), mark=(6, None),
    ),
    "Attention weights of the trained layer; the marked row answers the question",
)

# %% [markdown]
# ## Use the library version
#
# PyTorch has the five steps as one function. It divides by $\sqrt{D}$ too, takes the same table of booleans, and
# agrees with ours up to rounding.

# %%
ours = attend(queries, keys, values)
theirs = F.scaled_dot_product_attention(queries[None], keys[None], values[None])[0]  # it wants a batch axis

(ours - theirs).abs().max().item() < 1e-5

# %% [markdown]
# ## To remember
#
# Self-attention is a weighted average whose weights are computed from the content: queries meet keys, a softmax
# turns scores into weights, values are mixed. It costs $T^2$ scores, it does not know the order, and it learns where
# to look only because a task rewards it. The next lesson, still to be written, runs several of
# them side by side.
