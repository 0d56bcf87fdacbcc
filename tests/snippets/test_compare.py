"""What the page on comparing shows: counted once, the same everywhere, and what the models' own sizes say."""

import pytest
import torch
from torch import nn

from hooks.catalogue import read_catalogue
from hooks.values import find_in_results
from snippets.compare import figures, train
from snippets.gpt.memory import cache_bytes
from snippets.gpt.model import Config as GPTConfig
from snippets.kit import results
from snippets.kit.training import manifest, stale_results
from tools.files import ROOT

COUNTED = {slug: found for slug, found in results("compare").items() if slug != "provenance"}
PAGES = ROOT / "docs/architectures"


def each(found: dict, doing: str) -> list[float]:
    return [count / n for count, n in zip(found[doing]["multiply_adds"], found["lengths"], strict=True)]


def test_the_results_are_what_the_recipe_counts():
    assert stale_results("compare", train.experiments()) == []


def test_every_written_page_is_counted_and_has_a_name_in_the_figures():
    written, _ = read_catalogue(PAGES, PAGES / "planned.yml", ROOT, ROOT / "snippets")
    slugs = {entry.slug for entry in written.written}
    assert slugs == set(COUNTED) == set(train.experiments())
    assert slugs <= set(figures.NAMES)


@pytest.mark.parametrize("slug", COUNTED)
def test_what_is_read_from_a_page_is_there_and_positive(slug):
    for part in ("seconds", "metric"):
        assert find_in_results(ROOT / "snippets", COUNTED[slug][part]["key"]) > 0


@pytest.mark.parametrize("slug", COUNTED)
def test_a_model_is_the_pages_own_or_one_of_them(slug):
    assert 0 < COUNTED[slug]["parameters"] <= manifest(slug)["parameters"]


def test_a_matrix_product_is_one_multiply_add_for_each_weight_and_row():
    layer = nn.Linear(7, 5)
    assert train.multiply_adds(lambda: layer(torch.zeros(3, 7))) == 3 * 7 * 5
    convolution = nn.Conv2d(2, 4, 3, padding=1)
    assert train.multiply_adds(lambda: convolution(torch.zeros(1, 2, 6, 6))) == 36 * 2 * 4 * 9


def test_calls_side_by_side_are_waited_for_once_and_those_in_a_row_each():
    model = nn.ModuleDict({"a": nn.Identity(), "b": nn.Identity(), "c": nn.Identity()})

    def run():
        for name, times in (("a", 3), ("b", 2), ("c", 4)):
            for _ in range(times):
                model[name](torch.zeros(1))

    assert train.waits(model, [("a", "b"), ("c",)], run) == 3 + 4
    assert not any(part._forward_hooks for part in model.values())


def test_a_recurrent_network_pays_the_same_for_every_letter():
    for slug in ("rnn", "lstm-gru"):
        for doing in ("training", "generation"):
            assert len(set(each(COUNTED[slug], doing))) == 1
        assert len(set(COUNTED[slug]["generation"]["bytes"])) == 1
    V, D = 27, 64
    assert each(COUNTED["rnn"], "training")[0] == V * D + D * D + D * V
    assert each(COUNTED["lstm-gru"], "training")[0] == 4 * (V * D + D * D) + D * V


def test_attention_costs_the_square_and_no_more():
    config, found = GPTConfig(), COUNTED["gpt"]
    matrices = config.layers * config.width * (
        2 * config.width + 2 * config.key_value_heads * config.width // config.heads + 3 * config.inner
    )
    for n, count in zip(found["lengths"], found["training"]["multiply_adds"], strict=True):
        weights = matrices + config.width * config.vocabulary
        assert count == n * weights + 2 * config.layers * config.width * n * n


def test_the_cache_is_as_large_as_its_formula_says():
    config, found = GPTConfig(), COUNTED["gpt"]
    head = config.width // config.heads
    assert found["generation"]["bytes"] == [
        cache_bytes(n, config.layers, config.key_value_heads, head, 4) for n in found["lengths"]
    ]


def test_only_diffusion_takes_as_many_steps_for_a_large_sample_as_for_a_small_one():
    steps = {slug: set(found["generation"]["steps"]) for slug, found in COUNTED.items() if found["generation"]}
    assert [slug for slug, counts in steps.items() if len(counts) == 1] == ["diffusion"]
    assert COUNTED["gpt"]["training"]["steps"] == [1] * len(train.LENGTHS)
    assert COUNTED["gpt"]["generation"]["steps"] == list(train.LENGTHS)


@pytest.mark.parametrize("name", ["cost", "waiting", "memory"])
def test_every_line_says_which_architecture_it_is(name):
    drawn = getattr(figures, name).draw()
    slugs = [trace["meta"] for trace in drawn["data"]]
    assert set(slugs) <= set(COUNTED)
    assert [trace["name"] for trace in drawn["data"]] == [figures.NAMES[slug] for slug in slugs]
    assert len(drawn["layout"]["meta"]["picked"]) == 3


def test_what_does_not_generate_has_no_line_where_generation_is_compared():
    slugs = {trace["meta"] for trace in figures.cost.draw(doing="generation")["data"]}
    assert slugs == {slug for slug, found in COUNTED.items() if found["generation"]}
