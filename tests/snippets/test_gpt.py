"""The GPT page: both blocks are those of independent implementations, the cache changes nothing, the recipe holds."""

import hashlib
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from snippets.data import prose
from snippets.gpt import train
from snippets.gpt.memory import cache_bytes
from snippets.gpt.model import GPT, Block, Config, Pattern, choose, generate, rotate, turns
from snippets.gpt.scaling import power_law
from snippets.gpt.sentence import LONGEST, SENTENCE, SIGNS, read
from snippets.kit import load_weights, results
from snippets.kit.data import weights_path
from snippets.kit.figures import load
from snippets.kit.training import stale, stale_results
from tests.snippets.page_cells import cells_on, opened, text_of, tried

CLOSE = {"rtol": 0, "atol": 1e-5}
SMALL = {"vocabulary": 61, "context": 32, "width": 24, "heads": 4, "layers": 3}
OLD = Config(block="2019", key_value_heads=4, inner=96, **SMALL)
MODERN = Config(block="modern", key_value_heads=2, inner=40, **SMALL)
FIGURES = load("gpt")


# --- the model is GPT-2's and LLaMA's ----------------------------------------------------------------------


def gpt2() -> GPT2LMHeadModel:
    torch.manual_seed(0)
    sizes = {"vocab_size": 61, "n_positions": 32, "n_embd": 24, "n_layer": 3, "n_head": 4}
    no_dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    return GPT2LMHeadModel(GPT2Config(**sizes, **no_dropout))


def llama(key_value_heads: int = 2) -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=61,
            hidden_size=24,
            intermediate_size=40,
            num_hidden_layers=3,
            num_attention_heads=4,
            num_key_value_heads=key_value_heads,
            max_position_embeddings=32,
            tie_word_embeddings=True,
        )
    )


def shake(model: torch.nn.Module) -> None:
    """Random biases and gains too, so that a forgotten one is noticed; larger weights, so that attention is sharp."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.15 * torch.randn(parameter.shape, generator=generator)


def from_gpt2(named: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """GPT-2's tensors (weights or gradients) under our names: its matrices are transposed, its q, k, v are one."""
    ours = {
        "embedding.weight": named["transformer.wte.weight"],
        "positions.weight": named["transformer.wpe.weight"],
        "norm.weight": named["transformer.ln_f.weight"],
        "norm.bias": named["transformer.ln_f.bias"],
    }
    for layer in range(3):
        theirs, block = f"transformer.h.{layer}", f"blocks.{layer}"
        for kind in ("weight", "bias"):
            ours[f"{block}.attention_norm.{kind}"] = named[f"{theirs}.ln_1.{kind}"]
            ours[f"{block}.feed_forward_norm.{kind}"] = named[f"{theirs}.ln_2.{kind}"]
            three = named[f"{theirs}.attn.c_attn.{kind}"].t().chunk(3)
            for name, part in zip(("queries", "keys", "values"), three, strict=True):
                ours[f"{block}.attention.{name}.{kind}"] = part
            ours[f"{block}.attention.output.{kind}"] = named[f"{theirs}.attn.c_proj.{kind}"].t()
            ours[f"{block}.feed_forward.up.{kind}"] = named[f"{theirs}.mlp.c_fc.{kind}"].t()
            ours[f"{block}.feed_forward.down.{kind}"] = named[f"{theirs}.mlp.c_proj.{kind}"].t()
    return ours


def from_llama(named: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """LLaMA's tensors (weights or gradients) under our names."""
    ours = {"embedding.weight": named["model.embed_tokens.weight"], "norm.weight": named["model.norm.weight"]}
    parts = {
        "attention_norm.weight": "input_layernorm",
        "attention.queries.weight": "self_attn.q_proj",
        "attention.keys.weight": "self_attn.k_proj",
        "attention.values.weight": "self_attn.v_proj",
        "attention.output.weight": "self_attn.o_proj",
        "feed_forward_norm.weight": "post_attention_layernorm",
        "feed_forward.gate.weight": "mlp.gate_proj",
        "feed_forward.up.weight": "mlp.up_proj",
        "feed_forward.down.weight": "mlp.down_proj",
    }
    for layer in range(3):
        for mine, theirs in parts.items():
            ours[f"blocks.{layer}.{mine}"] = named[f"model.layers.{layer}.{theirs}.weight"]
    return ours


@pytest.mark.parametrize(
    ("config", "reference", "translate"),
    [
        (OLD, gpt2, from_gpt2),
        (MODERN, llama, from_llama),
        (Config(block="modern", key_value_heads=4, inner=40, **SMALL), lambda: llama(4), from_llama),
        (Config(block="modern", key_value_heads=1, inner=40, **SMALL), lambda: llama(1), from_llama),
    ],
    ids=["2019 = GPT2LMHeadModel", "modern = LlamaForCausalLM", "one key a query", "one key for all"],
)
def test_outputs_and_every_gradient_equal_transformers(config, reference, translate):
    theirs, ours = reference(), GPT(config)
    shake(theirs)
    ours.load_state_dict(translate(theirs.state_dict()))
    tokens = torch.randint(61, (3, 20), generator=torch.Generator().manual_seed(2))
    logits, expected = ours(tokens), theirs(tokens).logits
    torch.testing.assert_close(logits, expected, **CLOSE)
    for found in (logits, expected):
        torch.nn.functional.cross_entropy(found[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()).backward()
    gradients = translate({name: parameter.grad for name, parameter in theirs.named_parameters()})
    assert set(gradients) == {name for name, _ in ours.named_parameters()}
    for name, parameter in ours.named_parameters():
        assert parameter.grad.abs().max() > 0, name
        torch.testing.assert_close(parameter.grad, gradients[name], **CLOSE, msg=lambda text, at=name: f"{at}: {text}")


# --- the cache ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [OLD, MODERN], ids=["2019", "modern"])
@pytest.mark.parametrize("pieces", [[1] * 12, [5, 7], [1, 10, 1], [12]])
def test_reading_in_pieces_with_a_cache_is_reading_at_once(config, pieces):
    torch.manual_seed(0)
    model = GPT(config)
    shake(model)
    tokens = torch.randint(61, (2, 12))
    cache = model.empty_cache()
    found = torch.cat([model(piece, cache) for piece in tokens.split(pieces, dim=1)], dim=1)
    torch.testing.assert_close(found, model(tokens), **CLOSE)
    assert cache[0][0].shape == (2, config.key_value_heads, 12, 6)


@pytest.mark.parametrize("config", [OLD, MODERN], ids=["2019", "modern"])
@pytest.mark.parametrize("choice", [{}, {"temperature": 0.7, "top_k": 12}, {"top_p": 0.8}])
def test_generation_is_the_same_with_and_without_the_cache(config, choice):
    torch.manual_seed(0)
    model = GPT(config)
    shake(model)
    with_cache, without = (
        generate(model, [1, 2, 3], 29, torch.Generator().manual_seed(5), cached=cached, **choice)
        for cached in (True, False)
    )
    assert with_cache == without
    assert len(with_cache) == 29


@pytest.mark.parametrize("cached", [True, False])
def test_a_text_longer_than_the_context_is_refused(cached):
    model = GPT(MODERN)
    with pytest.raises(ValueError, match="reads 32 tokens, not 33"):
        generate(model, [1, 2, 3], 31, torch.Generator().manual_seed(0), cached=cached)


# --- choosing a token --------------------------------------------------------------------------------------


def test_top_k_keeps_the_k_likeliest_and_top_p_the_fewest_that_reach_p():
    logits = torch.tensor([0.1, 0.4, 0.2, 0.3]).log()
    torch.testing.assert_close(choose(logits), torch.tensor([0.1, 0.4, 0.2, 0.3]))
    torch.testing.assert_close(choose(logits, top_k=2), torch.tensor([0, 4 / 7, 0, 3 / 7]))
    torch.testing.assert_close(choose(logits, top_p=0.65), torch.tensor([0, 4 / 7, 0, 3 / 7]))
    torch.testing.assert_close(choose(logits, top_p=0.75), torch.tensor([0, 4 / 9, 2 / 9, 3 / 9]))
    torch.testing.assert_close(choose(logits, top_p=1e-9), torch.tensor([0, 1.0, 0, 0]))
    torch.testing.assert_close(choose(logits, temperature=0.5), torch.tensor([1, 16, 4, 9]) / 30)
    torch.testing.assert_close(choose(logits, top_k=3, top_p=0.6), torch.tensor([0, 4 / 7, 0, 3 / 7]))


@pytest.mark.parametrize("cached", [True, False])
def test_samples_follow_the_probabilities(cached):
    torch.manual_seed(0)
    model = GPT(MODERN)
    shake(model)
    expected = choose(model(torch.tensor([[1, 2]]))[0, -1].detach(), 0.8, 10)
    generator = torch.Generator().manual_seed(1)
    drawn = [generate(model, [1, 2], 1, generator, 0.8, 10, cached=cached)[0] for _ in range(1500)]
    counts = torch.bincount(torch.tensor(drawn), minlength=61) / 1500
    assert set(drawn) <= set(expected.nonzero().flatten().tolist())
    assert (counts - expected).abs().max() < 5 * (0.25 / 1500) ** 0.5


# --- the mask and the norms --------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [OLD, MODERN], ids=["2019", "modern"])
def test_a_prediction_depends_on_the_past_alone_unless_the_mask_is_off(config):
    torch.manual_seed(0)
    model = GPT(config)
    shake(model)
    tokens = torch.randint(61, (1, 12))
    changed = tokens.clone()
    changed[0, 6] = (tokens[0, 6] + 1) % 61
    before, after = model(tokens), model(changed)
    assert torch.equal(before[:, :6], after[:, :6])
    assert ((before - after).abs().amax(dim=-1) > 0)[0, 6:].all()
    for block in model.blocks:
        block.attention.pattern = train.SeesAll()
    assert ((model(tokens) - model(changed)).abs().amax(dim=-1) > 0).all()


def test_attention_weights_are_a_triangle_whose_rows_sum_to_one():
    query, key = torch.randn(2, 4, 9, 6), torch.randn(2, 4, 9, 6)
    weights = Pattern()(query, key)
    assert torch.equal(weights, weights.tril())
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 4, 9))
    torch.testing.assert_close(Pattern()(query[:, :, 5:], key), weights[:, :, 5:])


def test_the_rotation_makes_scores_depend_on_the_distance_alone():
    query, key = torch.randn(8), torch.randn(8)
    scores = [
        rotate(query[None], turns(torch.tensor([float(at)]), 8))
        @ rotate(key[None], turns(torch.tensor([float(at - 3)]), 8)).T
        for at in (3, 10, 90)
    ]
    torch.testing.assert_close(scores[0], scores[1], rtol=0, atol=1e-4)
    torch.testing.assert_close(scores[0], scores[2], rtol=0, atol=1e-4)
    pair = rotate(torch.tensor([[1.0, 0, 0, 0]]), turns(torch.tensor([1.0]), 4))
    torch.testing.assert_close(pair, torch.tensor([[math.cos(1), 0, math.sin(1), 0]]))  # feature 0 turns with 2


def test_the_stream_keeps_its_size_after_a_norm_and_grows_before_one():
    config = Config(width=32, layers=6, heads=2, key_value_heads=1, inner=80, context=64)
    tokens = torch.randint(1024, (2, 64))
    sizes = {}
    for block in (Block, train.PostNorm):
        model = train.seeded(GPT, 0, config, block)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter *= 1 if parameter.ndim == 1 else 8
        sizes[block] = train.stream_sizes(model, tokens)
    assert sizes[train.PostNorm][1:] == pytest.approx([1.0] * 6, abs=1e-3)
    assert sizes[Block] == sorted(sizes[Block])


# --- the tokenizer and the text ----------------------------------------------------------------------------


@given(text=st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_becomes_tokens_and_comes_back(text):
    assert prose.tokenizer().decode(prose.tokenizer().encode(text)) == text


def test_the_first_pair_is_the_most_frequent_and_no_token_crosses_a_word():
    assert prose.learn("the then the these", 258)[0] == (b"t", b"h")
    tokenizer = prose.tokenizer()
    assert len(tokenizer) == prose.VOCABULARY == Config().vocabulary
    assert len(set(tokenizer.tokens)) == len(tokenizer)
    assert all(b" " not in token[1:] for token in tokenizer.tokens)
    assert tokenizer.encode("a b.") == tokenizer.encode("a") + tokenizer.encode(" b") + tokenizer.encode(".")
    assert len(tokenizer.encode("🍓")) == 4


def test_learning_again_from_the_training_chapters_gives_the_committed_merges():
    """The first fifty pairs, which come from the counts over the whole text."""
    text = "\n".join(prose.split(prose.novels())["train"])
    assert prose.learn(text, 256 + 50) == prose.tokenizer().merges[:50]


def test_the_files_are_the_documented_ones():
    provenance = (prose.NOVELS.parent / "PROVENANCE.md").read_text(encoding="utf-8")
    for path in (prose.NOVELS, prose.MERGES):
        assert hashlib.sha256(path.read_bytes()).hexdigest() in provenance
    text = prose.novels()
    assert f"({len(text):,} characters in 269 chapters)" in provenance
    parts = prose.split(text)
    assert [len(parts[part]) for part in ("train", "validation", "test")] == [243, 13, 13]
    assert not set(parts["train"]) & set(parts["validation"] + parts["test"])


# --- the recipe, its weights and results -------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained() -> GPT:
    return load_weights(GPT(Config()), "gpt")


def test_the_weights_are_what_the_recipe_makes():
    assert stale("gpt") == []
    assert weights_path("gpt").stat().st_size < 4_000_000


def test_every_result_was_measured_by_the_code_that_is_here():
    assert stale_results("gpt", train.experiments()) == []


def test_the_committed_losses_are_the_committed_weights(trained):
    kept, ids = results("gpt")["training"], train.corpus()[1]
    part = ids["validation"][: 100 * 128]
    assert train.by_position(trained, part).mean().item() == pytest.approx(
        kept["curves"]["validation_loss"][-1], abs=1e-3
    )
    assert kept["test_perplexity"] == pytest.approx(math.exp(kept["test_loss"]), rel=1e-3)
    per_character = kept["test_loss"] / kept["characters_in_a_token"]
    assert kept["test_loss_per_character"] == pytest.approx(per_character, rel=1e-3)
    assert kept["parameters"] == sum(parameter.numel() for parameter in trained.parameters())
    assert kept["test_loss"] < kept["counted_loss"]["triples"] < kept["counted_loss"]["pairs"]


def test_a_short_retrain_follows_the_recorded_curve():
    ids, kept = train.corpus()[1], results("gpt")["training"]["curves"]
    rates = [train.decayed(step, train.STEPS) for step in range(20)]
    losses = list(train.fit(train.seeded(GPT, 0, Config()), ids["train"], range(20), rates, seed=0))
    assert losses[0] == pytest.approx(math.log(1024), abs=0.05)
    assert losses[-1] < losses[0] - 0.3
    assert kept["training_loss"][0] < losses[-1], "the first hundred steps go further than these twenty"


def test_every_place_of_the_context_is_scored_once(trained):
    ids = train.corpus()[1]["validation"][: 2 * 128 + 1]
    losses = torch.nn.functional.cross_entropy(
        trained(ids[:-1].reshape(2, 128)).flatten(0, 1), ids[1:], reduction="none"
    )
    torch.testing.assert_close(train.by_position(trained, ids), losses.reshape(2, 128).mean(0), **CLOSE)


def test_counting_mixes_each_context_with_the_shorter_one():
    ids = {"train": torch.tensor([1, 2, 1, 2, 1, 3]), "test": torch.tensor([1, 2, 9])}
    single = {1: (3 + 3 / 1024) / 9, 2: (2 + 3 / 1024) / 9, 9: (3 / 1024) / 9}
    assert train.counted(ids, 0) == pytest.approx(-sum(math.log(single[t]) for t in (1, 2, 9)) / 3)
    single = {2: (2 + 3 / 1024) / 8, 9: (3 / 1024) / 8}  # the first token has none before it: five are left
    after_1 = (2 + 2 * single[2]) / 5
    after_2 = (0 + 1 * single[9]) / 3  # seen twice, with one successor
    assert train.counted(ids, 1) == pytest.approx(-(math.log(after_1) + math.log(after_2)) / 2, rel=1e-6)


# --- what the page says in numbers -------------------------------------------------------------------------


def test_the_cache_of_a_seven_billion_class_model_is_sixteen_gibibytes():
    assert cache_bytes(32_768, layers=32, key_value_heads=32, head_width=128) == 16 * 2**30
    assert cache_bytes(32_768, layers=32, key_value_heads=8, head_width=128) == 4 * 2**30


def test_shares_that_the_diagram_states():
    block = GPT(Config()).blocks[0]
    count = {name: sum(p.numel() for p in part.parameters()) for name, part in block.named_children()}
    assert count["feed_forward"] / sum(count.values()) == pytest.approx(0.7, abs=0.02)
    total = sum(parameter.numel() for parameter in GPT(Config()).parameters())
    assert GPT(Config()).embedding.weight.numel() / (total + 1024 * 128) == pytest.approx(1 / 8, abs=0.01)


def test_a_power_law_is_found():
    slope, fitted = power_law([1e3, 1e4, 1e5, 1e6], [8.0, 4.0, 2.0, 1.7], fitted=3)
    assert slope == pytest.approx(-math.log10(2), rel=1e-4)
    assert fitted == pytest.approx([8.0, 4.0, 2.0, 1.0], rel=1e-4)


def place(name: str) -> float:
    """A result by its name with dots."""
    found = results("gpt")
    for part in name.split("."):
        found = found[part]
    return found


def test_no_mask_is_no_better_than_a_blind_guess_when_it_writes():
    assert place("mask.off.training_loss.mean") < 0.2 < 3 < place("mask.on.training_loss.mean")
    assert place("mask.off.honest_loss.mean") == pytest.approx(place("training.uniform_loss"), abs=0.15)
    assert place("mask.on.honest_loss.mean") < 4.2


@pytest.mark.parametrize("warm_up", ["warm_up_0", "warm_up_40"])
def test_the_norm_after_stays_where_frequencies_alone_lead(warm_up):
    before, after = place(f"norm.before.{warm_up}"), place(f"norm.after.{warm_up}")
    assert after["training_loss"]["lowest"] > place("training.counted_loss.tokens") - 0.05
    assert before["training_loss"]["highest"] < after["training_loss"]["lowest"] - 0.5
    assert before["stream"] == sorted(before["stream"])
    assert all(0.99 < size < 1.06 for size in after["stream"][1:])


def test_four_times_the_text_helps_more_than_sixty_five_times_the_parameters():
    sizes = list(results("gpt")["size"].values())
    losses = [[size["validation_loss"][stop]["mean"] for stop in train_stops()] for size in sizes]
    assert sizes[-1]["outside_the_embedding"] / sizes[0]["outside_the_embedding"] == pytest.approx(65, abs=0.5)
    growth = max(first - last for first, last in zip(losses[0], losses[-1], strict=True))
    assert all(row[0] - row[-1] > growth for row in losses)
    for counted in ("outside_the_embedding", "parameters"):
        numbers = [size[counted] for size in sizes]
        slopes = [power_law(numbers, list(column), fitted=5)[0] for column in zip(*losses, strict=True)]
        assert -0.076 < slopes[2] < slopes[1] < slopes[0] < 0
    slope, line = power_law(numbers, [row[-1] for row in losses], fitted=3)
    assert slope < slopes[2]
    assert line[-1] < losses[-1][-1]


def train_stops() -> list[str]:
    return [f"steps_{stop}" for stop in train.STOPS]


def test_a_second_reading_is_no_cheaper_than_the_first():
    for passages in ("prose", "random"):
        found = results("gpt")["twice"][passages]
        assert found["second"] == pytest.approx(found["first"], abs=0.04)


def test_no_head_looks_for_what_followed_the_last_time_and_one_looks_at_the_token_before(trained):
    once = torch.randint(256, 1024, (16, 40), generator=torch.Generator().manual_seed(3))
    patterns = []
    handles = [
        block.attention.pattern.register_forward_hook(lambda _module, _inputs, weights: patterns.append(weights))
        for block in trained.blocks
    ]
    with torch.no_grad():
        trained(torch.cat([once, once], dim=1))
        for handle in handles:
            handle.remove()
    followed = [weights[:, :, 40:79, 1:40].diagonal(0, -2, -1).mean((0, 2)).max() for weights in patterns]
    assert max(followed) < 0.05
    assert patterns[4][:, 3].diagonal(-1, -2, -1).mean() > 0.4


def test_context_beyond_a_dozen_tokens_adds_little():
    losses = place("training.test_loss_by_position")
    early, middle, late = (sum(losses[a:b]) / (b - a) for a, b in ((0, 12), (12, 40), (64, 128)))
    assert early > middle + 0.15
    assert abs(middle - late) < 0.05
    assert losses[0] > place("training.counted_loss.pairs")
    assert losses[1] > place("training.counted_loss.triples") > losses[3]


def test_what_the_captions_say_at_their_openings(trained):
    def after(text: str) -> torch.Tensor:
        with torch.no_grad():
            return torch.softmax(trained(torch.tensor([prose.tokenizer().encode("\n" + text)]))[0, -1], dim=-1)

    assert after("She was determined").max() > 0.5
    assert after("She was determined to").topk(10).values.sum() < 0.5
    assert after("Sir Thomas Bert").max() > 0.9
    assert (choose(after("She was so very").log(), top_p=0.9) > 0).sum() > 50
    guesses = [
        FIGURES["logit_lens"].draw(text=text)["data"][0]["text"] for text in ("Elizabeth was", "Lady Catherine de")
    ]
    early, late = ([row[0].split("<br>")[0] for row in rows] for rows in guesses)
    assert early[0] == "·was"
    assert set(early[1:]) == {"·not"}
    assert set(late[1:5]) == {"light"}
    assert late[5] == "pe"
    weights = torch.tensor(FIGURES["attention"].draw()["data"][0]["z"])
    assert weights.diagonal(-1).mean() > 0.5


# --- cells -------------------------------------------------------------------------------------------------

ROOT = prose.NOVELS.parents[2]
PAGE = (ROOT / "docs" / "architectures" / "gpt.md").read_text(encoding="utf-8")
EDITS = [  # cell, what its prompt says to replace, by what, and the figures that must change
    ("gpt.walkthrough:read", '"\\nMr. Darcy was"', '"\\nSir Thomas Bert"', set()),
    (
        "gpt.model:decoder",
        "x = x + self.attention(self.attention_norm(x), turn, cache)",
        "x = x",
        {"next_token", "surprise"},
    ),
    (
        "gpt.model:pattern",
        "        return scores",
        "        future = future | torch.ones(T, S, dtype=torch.bool).tril(S - T - 4)\n        return scores",
        {"attention"},
    ),
    (
        "gpt.model:rotate",
        "    cosine, sine = turn",
        "    return x\n    cosine, sine = turn",
        {"attention", "next_token"},
    ),
    ("gpt.walkthrough:loss", "truth", "banana", set()),
    ("gpt.walkthrough:fit", "fitted=5", "fitted=3", set()),
    (
        "gpt.model:choose",
        "    ordered, order",
        "    probabilities = probabilities * (probabilities > 0.1 * probabilities.max())\n    ordered, order",
        {"sampling"},
    ),
    ("gpt.walkthrough:write", "cached=True", "cached=False", set()),
    (
        "gpt.memory:cache_bytes",
        "    return 2",
        "    tokens = min(tokens, 4096)\n    return 2",
        {"cache_memory"},
    ),
]


@pytest.fixture(scope="module")
def session():
    with opened("gpt") as session:
        yield session


def test_every_cell_on_the_page_has_an_edit_here():
    assert cells_on("gpt") == {cell for cell, *_ in EDITS}


@pytest.mark.parametrize(("cell", "old", "new", "changed"), EDITS, ids=[cell for cell, *_ in EDITS])
def test_what_a_cell_says_to_try_works_and_shows(session, cell, old, new, changed):
    if cell.startswith("gpt.walkthrough") and not cell.endswith("read"):
        session.run("gpt.walkthrough:read", text_of("gpt.walkthrough:read"), lambda _: None)
    with tried(session, cell, old, new, changed, part=None):
        pass


# --- figures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, figure in FIGURES.items() if "text" in figure.controls])
def test_a_text_of_signs_the_novels_lack_is_cut_to_what_the_model_reads(name):
    FIGURES[name].draw(text="🍓" * FIGURES[name].controls["text"].max_length)


def test_the_attention_figure_takes_the_mask_away():
    masked, open_ = (FIGURES["attention"].draw(mask=mask)["data"][0]["z"] for mask in (True, False))
    above = [(row, column) for row in range(len(masked)) for column in range(row + 1, len(masked))]
    assert all(masked[row][column] == 0 for row, column in above)
    assert any(open_[row][column] > 0 for row, column in above)


# --- a reader's sentence -----------------------------------------------------------------------------------


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_every_text_becomes_tokens_that_the_model_can_read(text):
    reading = read(text)
    assert 2 <= len(reading.ids) == len(reading.labels) <= LONGEST
    assert reading.labels[0] == "¶"


def test_what_was_done_to_a_text_is_said():
    assert read(SENTENCE).note == ""
    assert read(SENTENCE).text == SENTENCE
    assert SENTENCE in read(" \n ").note
    assert "10,000 tokens" in read("x" * 10_000).note
    assert "“🍓” is not in the novels" in read("a 🍓 field").note
    assert read("“Oh!” — she said…").note == ""


def test_the_signs_that_the_model_knows_are_those_of_the_novels():
    assert set(prose.novels()) == SIGNS
