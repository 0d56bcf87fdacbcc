"""One forward pass of the GPT, with everything that flows through it written down.

There is no second copy of the forward pass here: hooks on the modules of `snippets.gpt.model` note what each takes in
and gives out. Only the scores stay inside a module; they are worked out again from the queries and keys that the model
compares, and the test holds them against the weights that it made of them.
"""

import base64
import struct
from dataclasses import dataclass
from functools import cache, lru_cache

import torch

from snippets.data import prose
from snippets.gpt.model import GPT, Config
from snippets.gpt.sentence import LONGEST, read
from snippets.kit import load_weights

FINEST = 8191  # steps from 0 to the largest value of a tensor: four digits, and a block stays a small file
NOTHING = 1e-30  # a tensor of no larger values is all zeros: a step of theirs is none in float32
COARSE = 1023  # the same for the matrices, of which a value is one of many factors
BARS = 12  # logits that are shown, of the vocabulary
TERMS = 3  # products that are written out of the sum behind a logit

MATRICES = {
    "queries": "attention.queries",
    "keys": "attention.keys",
    "values": "attention.values",
    "output": "attention.output",
    "gate": "feed_forward.gate",
    "up": "feed_forward.up",
    "down": "feed_forward.down",
}


@dataclass(frozen=True)
class Pass:
    """One run of the model.

    Attributes:
        ids: the tokens read, T of them.
        labels: a printable label for each.
        added: how many of them, at the end, were appended to what was typed.
        note: sentences on what was made of the text; empty when nothing was.
        inputs: what each module took in first, by its path.
        outputs: what each module gave out, by its path.
        logits: (T, V).
    """

    ids: list[int]
    labels: list[str]
    added: int
    note: str
    inputs: dict[str, tuple]
    outputs: dict[str, torch.Tensor]
    logits: torch.Tensor


@cache
def trained() -> GPT:
    """The site's GPT, with its weights."""
    return load_weights(lambda: GPT(Config()), "gpt")


@lru_cache(maxsize=2)
def run(text: str, added: str = "") -> Pass:
    """Read a text, and behind it the tokens `added` (ids with spaces between). The last `LONGEST` tokens stay.

    Raises:
        ValueError: one of the ids is no token.
    """
    reading = read(text)
    more = [int(index) for index in added.split()]
    vocabulary = trained().config.vocabulary
    wrong = next((index for index in more if not 0 <= index < vocabulary), None)
    if wrong is not None:
        raise ValueError(f"{wrong} is no token: the vocabulary holds 0 to {vocabulary - 1}")
    ids = reading.ids + more
    notes = [reading.note] if reading.note else []
    left = len(ids) - LONGEST
    if left > 0:
        gone = "The first token has" if left == 1 else f"The first {left} tokens have"
        notes.append(f"{gone} left the window of {LONGEST}: the model reads on without.")
        ids = ids[left:]
    inputs, outputs = {}, {}
    model = trained()
    handles = [module.register_forward_hook(watch(path, inputs, outputs)) for path, module in model.named_modules()]
    try:
        with torch.no_grad():
            logits = model(torch.tensor([ids]))[0]
    finally:
        for handle in handles:
            handle.remove()
    labels = [prose.tokenizer().label(index) for index in ids]
    return Pass(ids, labels, min(len(more), len(ids)), " ".join(notes), inputs, outputs, logits)


def watch(path: str, inputs: dict, outputs: dict) -> object:
    """A hook that notes what the module at `path` takes in and gives out."""

    def hook(_: object, given: tuple, result: torch.Tensor) -> None:
        inputs[path], outputs[path] = given, result

    return hook


def block_tensors(done: Pass, layer: int) -> dict[str, torch.Tensor]:
    """What flows through one block, in the order of the walk; T tokens, H heads, G key-value heads, F inner features.

    The causal mask is applied to no tensor here: `scores` are as they are before it, `weights` as the softmax leaves
    them after it.
    """
    at = f"blocks.{layer}."
    config = trained().config
    group = config.heads // config.key_value_heads
    queries, keys = (tensor[0] for tensor in done.inputs[at + "attention.pattern"])
    scores = queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5
    return {
        "stream": done.inputs[at + "attention_norm"][0][0],  # (T, D)
        "normed": done.outputs[at + "attention_norm"][0],  # (T, D)
        "queries": done.outputs[at + "attention.queries"][0],  # (T, H · D/H)
        "keys": done.outputs[at + "attention.keys"][0],  # (T, G · D/H)
        "values": done.outputs[at + "attention.values"][0],  # (T, G · D/H)
        "turned_queries": queries.transpose(0, 1).flatten(1),  # (H, T, D/H) -> (T, H · D/H)
        "turned_keys": keys[::group].transpose(0, 1).flatten(1),  # (H, T, D/H) -> (T, G · D/H)
        "scores": scores,  # (H, T, T)
        "weights": done.outputs[at + "attention.pattern"][0],  # (H, T, T)
        "mixed": done.inputs[at + "attention.output"][0][0],  # (T, D)
        "attended": done.outputs[at + "attention.output"][0],  # (T, D)
        "between": done.inputs[at + "feed_forward_norm"][0][0],  # (T, D)
        "normed_again": done.outputs[at + "feed_forward_norm"][0],  # (T, D)
        "gate": done.outputs[at + "feed_forward.gate"][0],  # (T, F)
        "up": done.outputs[at + "feed_forward.up"][0],  # (T, F)
        "inner": done.inputs[at + "feed_forward.down"][0][0],  # (T, F)
        "thought": done.outputs[at + "feed_forward.down"][0],  # (T, D)
        "result": done.outputs[at.rstrip(".")][0],  # (T, D)
    }


def block(text: str, added: str, layer: int) -> dict:
    """One block's tensors and gains, packed for the page."""
    done = run(text, added)
    module, config = trained().blocks[layer], trained().config
    return {
        **said(done),
        "layer": layer,
        "heads": config.heads,
        "groups": config.key_value_heads,
        "tensors": {name: pack(tensor) for name, tensor in block_tensors(done, layer).items()},
        "gains": {
            "normed": pack(module.attention_norm.weight.detach()),
            "normed_again": pack(module.feed_forward_norm.weight.detach()),
        },
        "epsilon": module.attention_norm.eps,
    }


def readout(text: str, added: str) -> dict:
    """What follows the last block: the last norm, the logits, and of the best of them the largest products."""
    done = run(text, added)
    model = trained()
    normed = done.outputs["norm"][0]  # (T, D)
    best = done.logits.topk(BARS, dim=-1).indices  # (T, BARS)
    products = normed[:, None] * model.embedding.weight.detach()[best]  # (T, BARS, D)
    largest = products.abs().topk(TERMS, dim=-1).indices  # (T, BARS, TERMS)
    weights = model.embedding.weight.detach()[best].gather(-1, largest)
    return {
        **said(done),
        "tensors": {
            "last": pack(done.inputs["norm"][0][0]),
            "final": pack(normed),
            "logits": pack(done.logits),
        },
        "gains": {"final": pack(model.norm.weight.detach())},
        "epsilon": model.norm.eps,
        "best": best.tolist(),
        "terms": {"features": largest.tolist(), "weights": pack(weights)},
        "vocabulary": vocabulary(),
    }


@cache
def vocabulary() -> list[str]:
    """A printable label for every token there is."""
    tokenizer = prose.tokenizer()
    return [tokenizer.label(index) for index in range(len(tokenizer))]


def matrix(layer: int, name: str) -> dict:
    """The weights of one matrix of a block, (out, in)."""
    return {"weights": pack(trained().blocks[layer].get_submodule(MATRICES[name]).weight.detach(), COARSE)}


def said(done: Pass) -> dict:
    """What is said of the text itself."""
    answer = {"ids": done.ids, "labels": done.labels, "added": done.added}
    return answer | ({"note": done.note} if done.note else {})


def pack(tensor: torch.Tensor, finest: int = FINEST) -> dict:
    """A tensor as text: whole numbers of two bytes, first every lower byte, then every upper one, times `scale`.

    Upper bytes are alike, so that apart from the lower ones they compress well.
    """
    flat = tensor.flatten()
    largest = float(flat.abs().max())
    scale = float(f"{largest / finest:.6g}") if largest > NOTHING else 1.0
    whole = (flat / scale).round().to(torch.int64).tolist()
    raw = struct.pack(f"<{len(whole)}h", *whole)
    return {
        "shape": list(tensor.shape),
        "scale": scale,
        "data": base64.b64encode(raw[0::2] + raw[1::2]).decode("ascii"),
    }


def unpack(packed: dict) -> torch.Tensor:
    """The tensor again, each value within half a `scale` of what it was."""
    raw = base64.b64decode(packed["data"])
    half = len(raw) // 2
    both = bytes(byte for pair in zip(raw[:half], raw[half:], strict=True) for byte in pair)
    whole = struct.unpack(f"<{half}h", both)
    return (torch.tensor(whole, dtype=torch.float32) * packed["scale"]).reshape(packed["shape"])
