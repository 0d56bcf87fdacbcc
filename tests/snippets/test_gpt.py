"""The GPT page: both blocks are those of independent implementations, the cache changes nothing, the recipe holds."""

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from snippets.gpt.model import GPT, Config, choose, generate

CLOSE = {"rtol": 0, "atol": 1e-5}
SMALL = {"vocabulary": 61, "context": 32, "width": 24, "heads": 4, "layers": 3}
OLD = Config(block="2019", key_value_heads=4, inner=96, **SMALL)
MODERN = Config(block="modern", key_value_heads=2, inner=40, **SMALL)


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
