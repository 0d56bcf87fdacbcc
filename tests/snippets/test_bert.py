"""The BERT page: the model is that of an independent implementation, the corruption and the recipe hold."""

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, BertForPreTraining

from snippets.bert.model import BERT, Config

CLOSE = {"rtol": 0, "atol": 1e-5}
TINY = Config(vocabulary=61, context=32, width=24, heads=4, layers=3, inner=40)


# --- the model is BERT -------------------------------------------------------------------------------------


def reference(kind: type) -> torch.nn.Module:
    """An independent BERT with random weights, biases and gains too, large enough that attention is sharp."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 61, "max_position_embeddings": 32, "hidden_size": 24, "intermediate_size": 40}
    depth = {"num_hidden_layers": 3, "num_attention_heads": 4}
    no_dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    model = kind(BertConfig(**sizes, **depth, **no_dropout, attn_implementation="eager"))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.15 * torch.randn(parameter.shape, generator=generator)
    return model


def translated(named: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of the library (weights or gradients) under our names."""
    outer = {
        "bert.embeddings.word_embeddings": "encoder.embeddings.tokens",
        "bert.embeddings.position_embeddings": "encoder.embeddings.positions",
        "bert.embeddings.token_type_embeddings": "encoder.embeddings.segments",
        "bert.embeddings.LayerNorm": "encoder.embeddings.norm",
        "cls.predictions.transform.dense": "masked_tokens.dense",
        "cls.predictions.transform.LayerNorm": "masked_tokens.norm",
        "bert.pooler.dense": "next_sentence.dense",
        "cls.seq_relationship": "next_sentence.output",
    }
    inner = {
        "attention.self.query": "attention.queries",
        "attention.self.key": "attention.keys",
        "attention.self.value": "attention.values",
        "attention.output.dense": "attention.output",
        "attention.output.LayerNorm": "attention_norm",
        "intermediate.dense": "feed_forward.up",
        "output.dense": "feed_forward.down",
        "output.LayerNorm": "feed_forward_norm",
    }
    names = outer | {
        f"bert.encoder.layer.{layer}.{theirs}": f"encoder.blocks.{layer}.{ours}"
        for layer in range(3)
        for theirs, ours in inner.items()
    }
    ours = {"masked_tokens.bias": named["cls.predictions.bias"]}
    for theirs, name in names.items():
        for part in ("weight", "bias"):
            if f"{theirs}.{part}" in named:
                ours[f"{name}.{part}"] = named[f"{theirs}.{part}"]
    return ours


def a_batch() -> dict[str, torch.Tensor]:
    """Three texts of unequal length, padded, with two segments, and what is asked of them."""
    generator = torch.Generator().manual_seed(2)
    real = torch.arange(20) < torch.tensor([[20], [13], [7]])
    return {
        "tokens": torch.randint(61, (3, 20), generator=generator),
        "segments": (torch.arange(20) > torch.tensor([[9], [5], [3]])).long(),
        "real": real,
        "asked": real & (torch.rand(3, 20, generator=generator) < 0.4),
        "wrong": torch.tensor([0, 1, 1]),
    }


@pytest.mark.parametrize("kind", [BertForMaskedLM, BertForPreTraining], ids=["BertForMaskedLM", "BertForPreTraining"])
def test_outputs_and_every_gradient_equal_transformers(kind):
    theirs, ours, batch = reference(kind), BERT(TINY), a_batch()
    both_heads = kind is BertForPreTraining
    missing = ours.load_state_dict(translated(theirs.state_dict()), strict=False)
    assert not missing.unexpected_keys
    assert all(name.startswith("next_sentence") for name in missing.missing_keys)
    assert bool(missing.missing_keys) != both_heads
    logits, follows = ours(batch["tokens"], batch["segments"], batch["real"])
    expected = theirs(batch["tokens"], attention_mask=batch["real"].long(), token_type_ids=batch["segments"])
    scores = expected.prediction_logits if both_heads else expected.logits
    torch.testing.assert_close(logits[batch["real"]], scores[batch["real"]], **CLOSE)
    if both_heads:
        torch.testing.assert_close(follows, expected.seq_relationship_logits, **CLOSE)
    for found, pair in ((logits, follows), (scores, expected.seq_relationship_logits if both_heads else None)):
        loss = torch.nn.functional.cross_entropy(found[batch["asked"]], batch["tokens"][batch["asked"]])
        if pair is not None and both_heads:
            loss = loss + torch.nn.functional.cross_entropy(pair, batch["wrong"])
        loss.backward()
    gradients = translated({name: parameter.grad for name, parameter in theirs.named_parameters()})
    for name, parameter in ours.named_parameters():
        if name in missing.missing_keys:
            continue
        assert parameter.grad.abs().max() > 0, name
        torch.testing.assert_close(parameter.grad, gradients[name], **CLOSE, msg=lambda text, at=name: f"{at}: {text}")
