"""The explorer's numbers are the model's own, and each follows from those it is said to be made of."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from snippets.data import prose
from snippets.explorer import trace
from snippets.explorer.trace import block_tensors, pack, run, trained, unpack
from snippets.gpt.model import rotate, turns
from snippets.gpt.sentence import LONGEST, SENTENCE
from snippets.kit import ControlError
from snippets.kit.figures import load

REPOSITORY = Path(__file__).resolve().parents[2]
VIEWS = load("explorer")
LAYERS = range(trained().config.layers)
SAME = {"rtol": 1e-5, "atol": 1e-5}
MOST_BYTES = 60_000  # of one file, compressed
same = torch.testing.assert_close


def through(layer: int, text: str = SENTENCE) -> dict[str, torch.Tensor]:
    return block_tensors(run(text), layer)


@pytest.mark.parametrize("layer", LAYERS)
@torch.no_grad()
def test_every_tensor_is_what_the_models_own_modules_make_of_the_one_before(layer):
    found, module = through(layer), trained().blocks[layer]
    attention, thinking = module.attention, module.feed_forward
    same(module.attention_norm(found["stream"]), found["normed"], **SAME)
    for name in ("queries", "keys", "values"):
        same(getattr(attention, name)(found["normed"]), found[name], **SAME)
    width = attention.head_width
    turn = turns(torch.arange(len(found["stream"])), width)
    turned = {}
    for name in ("queries", "keys"):
        turned[name] = rotate(attention.split(found[name][None]), turn)[0]  # (heads, T, D/H)
        same(turned[name].transpose(0, 1).flatten(1), found[f"turned_{name}"], **SAME)
    group = attention.heads // turned["keys"].shape[0]
    keys = turned["keys"].repeat_interleave(group, dim=0)
    same(attention.pattern(turned["queries"], keys), found["weights"], **SAME)
    values = attention.split(found["values"][None])[0].repeat_interleave(group, dim=0)
    same((found["weights"] @ values).transpose(0, 1).flatten(1), found["mixed"], **SAME)
    same(attention.output(found["mixed"]), found["attended"], **SAME)
    same(found["stream"] + found["attended"], found["between"], **SAME)
    same(module.feed_forward_norm(found["between"]), found["normed_again"], **SAME)
    same(thinking.gate(found["normed_again"]), found["gate"], **SAME)
    same(thinking.up(found["normed_again"]), found["up"], **SAME)
    same(torch.nn.functional.silu(found["gate"]) * found["up"], found["inner"], **SAME)
    same(thinking.down(found["inner"]), found["thought"], **SAME)
    same(found["between"] + found["thought"], found["result"], **SAME)
    same(module(found["stream"][None], turn)[0], found["result"], **SAME)


@pytest.mark.parametrize("layer", LAYERS)
def test_the_scores_are_those_behind_the_models_weights(layer):
    found = through(layer)
    future = torch.ones(found["scores"].shape[-2:], dtype=torch.bool).triu(1)
    same(found["scores"].masked_fill(future, float("-inf")).softmax(dim=-1), found["weights"], **SAME)


@torch.no_grad()
def test_the_blocks_follow_each_other_from_the_embedding_to_the_logits():
    done, model = run(SENTENCE), trained()
    same(through(0)["stream"], model.embedding(torch.tensor(done.ids)))
    for layer in LAYERS[1:]:
        same(through(layer)["stream"], through(layer - 1)["result"])
    shown = trace.readout(SENTENCE, "")
    last = unpack(shown["tensors"]["last"])
    same(last, through(LAYERS[-1])["result"], rtol=0, atol=shown["tensors"]["last"]["scale"])
    same(model(torch.tensor([done.ids]))[0], done.logits)
    same(model.readout(through(LAYERS[-1])["result"]), done.logits, **SAME)


def test_hooks_are_taken_off_again():
    run("Nothing is left behind.")
    assert not any(module._forward_hooks for module in trained().modules())


@torch.no_grad()
def test_the_products_shown_of_a_logit_are_its_largest():
    shown, model = trace.readout(SENTENCE, ""), trained()
    final = run(SENTENCE).outputs["norm"][0]
    weights = unpack(shown["terms"]["weights"])
    for row, best in enumerate(shown["best"]):
        assert best == run(SENTENCE).logits[row].topk(trace.BARS).indices.tolist()
        for place, token in enumerate(best):
            products = final[row] * model.embedding.weight[token]
            same(products.sum(), run(SENTENCE).logits[row, token], **SAME)
            features = shown["terms"]["features"][row][place]
            assert sorted(features) == sorted(products.abs().topk(trace.TERMS).indices.tolist())
            wanted = model.embedding.weight[token][features]
            same(weights[row, place], wanted, rtol=0, atol=shown["terms"]["weights"]["scale"])


@given(
    st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=40),
    st.sampled_from([trace.FINEST, trace.COARSE]),
)
@example([4e-44], trace.FINEST)
@settings(max_examples=60, deadline=None)
def test_a_packed_tensor_comes_back_within_half_a_step(values, finest):
    tensor = torch.tensor(values)
    packed = pack(tensor, finest)
    assert packed["scale"] <= 1.00001 * max(float(tensor.abs().max()), 1e-30) / finest or packed["scale"] == 1.0
    assert (unpack(packed) - tensor).abs().max() <= 0.5001 * packed["scale"] + 1e-6 * tensor.abs().max()


def test_a_matrix_is_the_models():
    for name, path in trace.MATRICES.items():
        packed = VIEWS["matrix"].draw(layer=2, name=name)["weights"]
        wanted = trained().blocks[2].get_submodule(path).weight.detach()
        same(unpack(packed), wanted, rtol=0, atol=packed["scale"])


# --- any text is read --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "   ", "a", "🦆🦆 ¿qué?", "word " * 2_000, "x" * 10_000, "\n\n\0"])
def test_any_text_can_be_walked_through(text):
    block = VIEWS["block"].draw(text=text, layer=4)
    readout = VIEWS["readout"].draw(text=text)
    count = len(block["ids"])
    assert 2 <= count <= LONGEST
    assert readout["ids"] == block["ids"]
    assert block["tensors"]["weights"]["shape"] == [4, count, count]
    assert readout["tensors"]["logits"]["shape"] == [count, 1024]


def test_what_was_made_of_a_text_is_said():
    assert "Nothing was typed" in VIEWS["block"].draw(text="")["note"]
    assert "🦆" in VIEWS["block"].draw(text="a duck 🦆")["note"]
    assert "the first 23 are read" in VIEWS["readout"].draw(text="word " * 2_000)["note"]
    assert "note" not in VIEWS["block"].draw()


def test_appended_tokens_are_read_as_they_are_and_counted():
    more = [prose.tokenizer().encode(word)[0] for word in (" the", " door")]
    done = run(SENTENCE, " ".join(map(str, more)))
    assert done.ids == [*run(SENTENCE).ids, *more]
    assert done.added == 2
    same(done.logits[: -len(more)], run(SENTENCE).logits, **SAME)


def test_a_text_that_grows_too_long_loses_its_first_tokens_and_says_so():
    fits = LONGEST - len(run(SENTENCE).ids)
    more = list(range(300, 300 + fits + 3))
    assert run(SENTENCE, " ".join(map(str, more[:fits]))).note == ""
    done = run(SENTENCE, " ".join(map(str, more)))
    assert done.ids == [*run(SENTENCE).ids, *more][-LONGEST:]
    assert done.added == len(more)
    assert done.note == f"The first 3 tokens have left the window of {LONGEST}: the model reads on without."


def test_an_id_that_is_no_token_is_refused():
    with pytest.raises(ValueError, match="1024 is no token: the vocabulary holds 0 to 1023"):
        VIEWS["readout"].draw(added="5 1024")
    with pytest.raises(ControlError, match="Tokens appended"):
        VIEWS["readout"].draw(added="five")


# --- in the page -------------------------------------------------------------------------------------------


def test_every_file_of_the_opening_sentence_is_small():
    for view in VIEWS.values():
        for key, values in view.states():
            raw = json.dumps(view.draw(**values), separators=(",", ":")).encode()
            assert len(gzip.compress(raw, 6)) <= MOST_BYTES + 10_000 * (view.name == "matrix"), (view.id, key)


def test_the_page_computes_what_pytorch_computes():
    asked = [
        ["explorer", name, {"text": text, "added": added} | more]
        for text, added in ((SENTENCE, ""), ("", "5 900"), ("a duck 🦆 ahead", ""), ("word " * 40, "300 301"))
        for name, more in (("block", {"layer": 0}), ("block", {"layer": 4}), ("readout", {}))
    ]
    asked.append(["explorer", "matrix", {"layer": 1, "name": "down"}])
    ran = subprocess.run(
        [sys.executable, "-m", "tests.figures.draw"],
        input=json.dumps({"torch": "numpy_torch", "draw": asked}),
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert ran.returncode == 0, ran.stderr
    for (_, name, values), ours in zip(asked, json.loads(ran.stdout)["drawn"], strict=True):
        agree(ours, VIEWS[name].draw(**values))


def agree(one: object, other: object) -> None:
    """Hold two answers equal, packed tensors within two of their steps."""
    if isinstance(one, dict) and "scale" in one:
        same(unpack(one), unpack(other), rtol=1e-4, atol=2 * other["scale"])
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            agree(one[key], other[key])
    else:
        assert one == other


# --- what the page tells its readers to look for -----------------------------------------------------------


def place(label: str) -> int:
    return run(SENTENCE).labels.index(label)


def test_the_first_block_looks_about_evenly_at_everything():
    assert through(0)["weights"][:, place("·at")].max() < 0.1


def test_a_head_of_the_last_block_looks_at_the_token_before():
    weights = through(4)["weights"][2]
    before = [int(weights[row].argmax()) == row - 1 for row in range(1, len(weights))]
    assert (sum(before), len(before)) == (9, 11)


def test_a_head_of_the_third_block_finds_the_beginning_of_the_word():
    assert round(float(through(2)["weights"][1, place("·at"), place("·sm")]), 2) == 0.92


def test_the_stream_grows_from_block_to_block():
    sizes = [float(through(layer)["stream"][place("·at")].square().mean().sqrt()) for layer in LAYERS]
    assert sizes == sorted(sizes)
    assert (round(sizes[0], 2), round(sizes[-1], 1)) == (0.06, 2.2)


def test_three_heroines_begin_with_the_same_letter():
    shares = run(SENTENCE).logits[place("E")].softmax(dim=-1)
    best = [prose.tokenizer().label(int(index)) for index in shares.topk(3).indices]
    assert best == ["linor", "lizabeth", "mma"]
    first, second, third = shares.topk(3).values.tolist()
    assert first - second < 0.02
    assert second - third > 0.05
