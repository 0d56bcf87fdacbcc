"""From text to answer: what its figures say of a sentence is what the model computes, and any text is a sentence."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snippets.data import prose
from snippets.gpt.model import Config, rotate, turns
from snippets.gpt.sentence import LONGEST, MOST, SENTENCE, read
from snippets.kit.figures import load
from snippets.pipeline.figures import RULES, reference, reward
from snippets.pipeline.places import distances, scores, slopes
from snippets.pipeline.preference import best_of, paid, tilted
from snippets.pipeline.stages import added, chosen, continuations, surprises, trained, walk

CLOSE = {"rtol": 0, "atol": 1e-4}
FIGURES = load("pipeline")
SENTENCES = [SENTENCE, "It was a fine day, and the party walked to the village.", "I"]
WAYS = ["none", "sinusoidal", "rope", "alibi"]


def ids_of(text: str) -> tuple[int, ...]:
    return tuple(read(text).ids)


# --- the walk through the layers is the model's own forward pass --------------------------------------------


@pytest.mark.parametrize("text", SENTENCES)
def test_the_walk_ends_in_the_models_own_logits(text: str) -> None:
    with torch.no_grad():
        torch.testing.assert_close(walk(ids_of(text)).logits, trained()(torch.tensor([ids_of(text)]))[0], **CLOSE)


@pytest.mark.parametrize("text", SENTENCES)
def test_what_each_layer_takes_and_fires_is_what_its_modules_compute(text: str) -> None:
    taken, fed = [], []
    handles = [
        block.attention.register_forward_hook(lambda *seen: taken.append(seen[2][0])) for block in trained().blocks
    ]
    handles += [
        block.feed_forward.down.register_forward_hook(lambda *seen: fed.append(seen[1][0][0]))
        for block in trained().blocks
    ]
    with torch.no_grad():
        trained()(torch.tensor([ids_of(text)]))
    for handle in handles:
        handle.remove()
    for layer, attention, inner in zip(walk(ids_of(text)).layers, taken, fed, strict=True):
        torch.testing.assert_close(layer.taken, attention, **CLOSE)
        torch.testing.assert_close(layer.inner, inner, **CLOSE)
        torch.testing.assert_close(layer.weights.sum(dim=-1), torch.ones_like(layer.weights[..., 0]), **CLOSE)


def test_the_sign_at_the_beginning_has_a_short_value_where_the_caption_says_so() -> None:
    for text in SENTENCES[:2]:
        for head in (0, 1):
            lengths = walk(ids_of(text)).layers[2].mixed[head].norm(dim=-1)
            assert 0.3 < lengths[0] / lengths[1:].mean() < 0.7


def test_units_are_mostly_quiet_and_relu_fires_where_silu_fires() -> None:
    for text in SENTENCES[:2]:
        for layer in walk(ids_of(text)).layers:
            loud = layer.inner.abs() > 0.1 * layer.inner.abs().max()
            assert loud.float().mean() < 0.15
            assert ((torch.relu(layer.gate) * layer.up)[layer.inner.abs() > 0.5 * layer.inner.abs().max()] != 0).all()


# --- positions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "only_distance"), list(zip(WAYS, [True, False, True, True], strict=True)))
def test_equal_distances_have_equal_scores_unless_positions_are_added(way: str, only_distance: bool) -> None:
    x = trained().embedding.weight[300].detach()
    found = scores(way, x / x.square().mean().sqrt(), 20)
    spread = max(float(line.max() - line.min()) for line in (found.diagonal(-gap) for gap in range(1, 20)))
    assert (spread < 1e-4) == only_distance


def test_without_positions_all_scores_are_one() -> None:
    found = scores("none", torch.ones(8), 5)
    torch.testing.assert_close(found, found[0, 0].expand(5, 5))


def test_rotary_scores_are_those_of_the_models_rotation() -> None:
    x = torch.randn(16, generator=torch.Generator().manual_seed(0))
    turned = rotate(x.expand(9, -1), turns(torch.arange(9), 16))
    assert scores("rope", x, 9)[7, 2].item() == pytest.approx((turned[7] @ turned[2]).item() / 4, abs=1e-5)


def test_alibi_has_the_slopes_of_the_paper() -> None:
    torch.testing.assert_close(slopes(8), 2.0 ** -torch.arange(1.0, 9.0))
    assert distances(3).tolist() == [[0, -1, -2], [1, 0, -1], [2, 1, 0]]
    falling = scores("alibi", torch.ones(4), 4)[-1].diff()
    torch.testing.assert_close(falling, torch.full((3,), 0.25))


# --- experts ------------------------------------------------------------------------------------------------


def test_all_experts_together_are_the_model() -> None:
    torch.testing.assert_close(walk(ids_of(SENTENCE), 8, 8).logits, walk(ids_of(SENTENCE)).logits, **CLOSE)


def test_the_slices_add_up_to_the_feed_forward_part() -> None:
    layer, down = walk(ids_of(SENTENCE)).layers[1], trained().blocks[1].feed_forward.down.weight.detach()
    torch.testing.assert_close(added(layer.inner, down, 1)[:, 0], (layer.inner @ down.T).norm(dim=-1), **CLOSE)
    one = layer.inner.clone()
    one[:, 40:] = 0
    torch.testing.assert_close(added(layer.inner, down, 8)[:, 0], (one @ down.T).norm(dim=-1), **CLOSE)


@pytest.mark.parametrize("kept", [1, 3, 7])
def test_each_token_uses_as_many_experts_as_it_may_and_the_longest(kept: int) -> None:
    partial = walk(ids_of(SENTENCE), 8, kept)
    assert not torch.allclose(partial.logits, walk(ids_of(SENTENCE)).logits, atol=1e-2)
    for layer in partial.layers:
        used = (layer.inner.unflatten(-1, (8, -1)) != 0).any(dim=-1).sum(dim=-1)
        assert (used == kept).all()
    picked = chosen(torch.tensor([[3.0, 1.0, 2.0, 0.0]]), 2)
    assert picked.tolist() == [[1.0, 0.0, 1.0, 0.0]]


# --- the loss -----------------------------------------------------------------------------------------------


def test_the_loss_is_the_cross_entropy_of_the_next_token() -> None:
    ids = ids_of(SENTENCE)
    found = surprises(walk(ids).logits, ids)
    expected = torch.nn.functional.cross_entropy(walk(ids).logits[:-1], torch.tensor(ids[1:]), reduction="none")
    torch.testing.assert_close(found, expected, **CLOSE)
    note = FIGURES["loss"].draw()["note"]
    assert f"Mean {expected.mean():.2f} nats over {len(ids) - 1} tokens" in note
    assert f"perplexity of {math.exp(expected.mean()):.1f}" in note


def test_the_opening_sentence_begins_a_line_of_a_chapter_that_was_trained_on() -> None:
    assert any(f"\n{SENTENCE}" in chapter for chapter in prose.split(prose.novels())["train"])


# --- alignment ----------------------------------------------------------------------------------------------

policies = st.lists(st.floats(0.01, 1.0), min_size=2, max_size=6).map(lambda row: torch.tensor(row) / sum(row))


@given(reference=policies, price=st.floats(0.1, 5.0), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=60)
def test_no_policy_beats_the_tilted_one(reference: torch.Tensor, price: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    gives = torch.randint(0, 3, reference.shape, generator=generator).float()
    best = tilted(reference, gives, price)

    def worth(policy: torch.Tensor) -> float:
        return (policy * gives).sum().item() - price * paid(policy, reference)

    other = torch.softmax(best.log() + 0.5 * torch.randn(reference.shape, generator=generator), dim=-1)
    assert worth(best) >= worth(other) - 1e-4
    assert worth(best) >= worth(reference) - 1e-4


@given(policy=policies, count=st.integers(1, 3), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_best_of_n_has_the_chances_that_all_draws_give(policy: torch.Tensor, count: int, seed: int) -> None:
    gives = torch.randint(0, 2, policy.shape, generator=torch.Generator().manual_seed(seed)).float()
    counted = torch.zeros_like(policy)
    for draws in torch.cartesian_prod(*[torch.arange(len(policy))] * count).reshape(-1, count).tolist():
        counted[max(draws, key=lambda index: gives[index].item())] += policy[draws].prod()
    torch.testing.assert_close(best_of(policy, gives, count), counted, **CLOSE)
    assert paid(best_of(policy, gives, count), policy) <= math.log(count) - (count - 1) / count + 1e-4


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("count", [2, 8, 64])
def test_best_of_n_is_never_above_the_optimum_and_on_it_for_a_yes_or_no(rule: str, count: int) -> None:
    before, gives = reference(read(SENTENCE)).double(), reward(rule).double()
    drawn = best_of(before, gives, count)
    low, high = 1e-3, 1e3
    for _ in range(60):  # the price at which the optimum pays as much
        middle = (low * high) ** 0.5
        low, high = (
            (middle, high) if paid(tilted(before, gives, middle), before) > paid(drawn, before) else (low, middle)
        )
    optimum, bought = ((policy * gives).sum().item() for policy in (tilted(before, gives, low), drawn))
    assert bought <= optimum + 1e-4
    assert (bought > optimum - 1e-4) == (rule != "letters")


def test_a_high_price_changes_nothing_and_a_low_one_takes_only_what_is_rewarded() -> None:
    before, gives = reference(read(SENTENCE)), reward("letters")
    torch.testing.assert_close(tilted(before, gives, 1e6), before, **CLOSE)
    assert gives[tilted(before, gives, 0.1).argmax()] == gives.max()


def test_the_rules_reward_what_they_name() -> None:
    tokens = prose.tokenizer().ids
    assert [reward("person")[tokens[token]].item() for token in (b" her", b" the", b" herself")] == [1, 0, 0]
    assert [reward("stop")[tokens[token]].item() for token in (b".", b",", b" he")] == [1, 0, 0]
    assert reward("letters")[tokens[b" Elizabeth"]] == 9


# --- continuations ------------------------------------------------------------------------------------------


def test_continuations_drawn_together_have_the_probabilities_of_each_read_alone() -> None:
    ids = ids_of(SENTENCE)
    drawn, likely = continuations(ids, 4, 5, torch.Generator().manual_seed(3))
    assert len({tuple(row) for row in drawn}) > 1
    for row, logs in zip(drawn, likely, strict=True):
        alone = surprises(walk((*ids, *row)).logits, (*ids, *row))[-5:]
        torch.testing.assert_close(-torch.tensor(logs), alone, **CLOSE)


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    ids, count = ids_of(SENTENCE), 4_000
    drawn, _ = continuations(ids, count, 1, torch.Generator().manual_seed(5))
    often = torch.bincount(torch.tensor(drawn).flatten(), minlength=prose.VOCABULARY) / count
    likely = torch.softmax(walk(ids).logits[-1], dim=-1)
    standard = (likely * (1 - likely) / count).sqrt()
    assert ((often - likely).abs() <= 5 * standard + 1 / count).all()


def test_the_judge_keeps_the_best_row() -> None:
    note = FIGURES["candidates"].draw(judge="letters")["note"]
    drawn, _ = continuations(ids_of(SENTENCE), 8, 6, torch.Generator().manual_seed(1))
    letters = [sum(sign.isalpha() for sign in prose.tokenizer().decode(row)) for row in drawn]
    assert note == f"Row {letters.index(max(letters)) + 1} has {max(letters)} letters."


# --- every text is a sentence -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_reads_the_shared_sentence(name: str) -> None:
    control = FIGURES[name].controls["text"]
    assert (control.shared, control.value, control.max_length) == ("sentence", SENTENCE, MOST)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Nothing was typed"),
        ("   \n", "Nothing was typed"),
        ("🦆 at the ball", "“🦆” is not in the novels"),
        ("x" * 10_000, f"the first {LONGEST - 1} are read"),
        ("<b>&amp;\0", "are not in the novels"),
    ],
)
def test_a_figure_answers_any_text_and_says_what_it_read(name: str, text: str, said: str) -> None:
    assert said in FIGURES[name].draw(text=text)["note"]


@given(text=st.text(max_size=60))
@settings(deadline=None, max_examples=12)
def test_no_text_breaks_a_figure(text: str) -> None:
    for figure in FIGURES.values():
        figure.draw(text=text)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_changes_with_the_sentence(name: str) -> None:
    one, other = (FIGURES[name].draw(text=text)["data"] for text in SENTENCES[:2])
    assert one != other


def test_a_short_sentence_takes_the_first_token_where_there_is_none_further_back() -> None:
    drawn = FIGURES["mixing"].draw(text="I", back=22)
    assert drawn["note"].startswith("“¶” looks most at “¶” (100%)")
    assert drawn["data"][1]["y"] == [1.0, 0.0]


def test_the_weights_and_the_shares_of_a_token_sum_to_one() -> None:
    for layer in range(1, Config().layers + 1):
        shares, weights = (trace["y"] for trace in FIGURES["mixing"].draw(layer=layer, head=2)["data"])
        assert sum(shares) == pytest.approx(1, abs=1e-3)
        assert sum(weights) == pytest.approx(1, abs=1e-3)
