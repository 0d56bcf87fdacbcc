from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from snippets.kit import data_path, load_text, load_weights, results, weights
from snippets.kit.data import MissingFileError, read_safetensors


def test_weights_come_back_as_they_were_saved(page: object) -> None:
    folder = page("two_words")
    saved = {
        "a": torch.randn(3, 4),
        "b": torch.randn(2, dtype=torch.float64),
        "c": torch.arange(6).reshape(2, 3),
        "d": torch.tensor([True, False]),
        "e": torch.tensor(2.5),
        "f": torch.zeros(0, 3),
        "g": torch.tensor([1, 2], dtype=torch.uint8),
        "h": torch.tensor([1, 2], dtype=torch.int32),
    }
    save_file(saved, folder / "weights.safetensors", metadata={"note": "x"})
    found = weights("two-words")
    assert set(found) == set(saved)
    for name, tensor in saved.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)
    found["a"].add_(1)  # a page may train on


def test_one_file_can_hold_several_models(page: object) -> None:
    one, other = nn.Linear(2, 3), nn.Linear(2, 3)
    tensors = {
        f"{prefix}.{name}": tensor
        for prefix, model in (("one", one), ("other", other))
        for name, tensor in model.state_dict().items()
    }
    save_file(tensors, page("toy") / "weights.safetensors")
    loaded = load_weights(nn.Linear(2, 3), "toy", prefix="other.")
    assert torch.equal(loaded.weight, other.weight)
    assert not loaded.training
    with pytest.raises(ValueError, match=r"the weights of “toy” hold nothing that starts with “third.”"):
        weights("toy", prefix="third.")


def test_a_model_that_is_made_for_its_weights_draws_no_random_numbers(page: object) -> None:
    def make() -> nn.Module:
        parts = nn.Embedding(5, 4), nn.Linear(4, 3), nn.LayerNorm(3), nn.Conv1d(2, 2, 3), nn.GRU(3, 2)
        return nn.Sequential(*parts)

    made = make()
    save_file(made.state_dict(), page("toy") / "weights.safetensors")
    before = torch.get_rng_state()
    loaded = load_weights(make, "toy")
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(tensor, made.state_dict()[name]) for name, tensor in loaded.state_dict().items())
    fresh = nn.Linear(4, 3)
    assert not torch.equal(torch.get_rng_state(), before)
    assert fresh.weight.abs().max() <= 0.5


def test_missing_files_say_what_to_do(page: object) -> None:
    page("two_words")
    with pytest.raises(
        MissingFileError, match="“two-words” has no trained weights: run `make train SLUG=two-words`"
    ):
        weights("two-words")
    with pytest.raises(MissingFileError, match="“two-words” has no measured results"):
        results("two-words")
    with pytest.raises(MissingFileError, match=r"data file “nothing.txt” is missing"):
        data_path("nothing.txt")


def test_a_damaged_file_is_named(page: object, tmp_path: Path) -> None:
    path = page("toy") / "weights.safetensors"
    save_file({"a": torch.randn(3, 4)}, path)
    whole = path.read_bytes()
    for damaged in (b"", whole[:20], whole[:-4], b"\x02" + bytes(7) + b"{{" + whole[8:]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"weights\.safetensors is damaged"):
            read_safetensors(path)


def test_text_and_results_are_read_from_beside_the_code(page: object) -> None:
    folder = page("toy")
    (folder / "results.json").write_text('{"training": {"loss": 1.5}}')
    page("data")
    (folder.parent / "data" / "words.txt").write_text("zoë\n", encoding="utf-8")
    assert results("toy") == {"training": {"loss": 1.5}}
    assert load_text("words.txt") == "zoë\n"
