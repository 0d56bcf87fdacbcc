"""What the reference models of the pages cost, counted: the recipe behind the page that compares them.

    python -m snippets.compare.train --experiments

Nothing is trained here. Every function builds the model of one page with its committed weights, runs it on inputs of
several lengths and counts: multiplications (each with its addition) in matrix products and convolutions, calls that
have to wait for one another, and bytes that generation carries along. Counts are exact, and the same on every machine.
How long training took and how good the result is were measured by the page's own recipe; `seconds` and `metric` say
under which key, so that no number is kept twice.

A new page joins with one function, named in `experiments`.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from snippets.attention.model import Config as SpellerConfig
from snippets.attention.model import Speller
from snippets.bert.model import BERT
from snippets.bert.model import Config as BERTConfig
from snippets.diffusion.model import Config as UNetConfig
from snippets.diffusion.model import UNet, cosine_schedule, sample, times
from snippets.encoder_decoder.model import Config as EncoderDecoderConfig
from snippets.encoder_decoder.model import EncoderDecoder
from snippets.gpt.model import GPT, generate
from snippets.gpt.model import Config as GPTConfig
from snippets.kit import load_weights
from snippets.kit.training import command
from snippets.lstm_gru.model import Config as GatedConfig
from snippets.lstm_gru.model import GatedModel, last
from snippets.rnn.model import CharacterRNN
from snippets.rnn.model import Config as RNNConfig
from snippets.transformer.model import Config as TransformerConfig
from snippets.transformer.model import Transformer
from snippets.vision.model import ViT, ViTConfig

LENGTHS = (4, 16, 64, 256, 1024)  # squares, so that an image can have as many elements
DENOISING_STEPS = 20  # as many as the samples had that the diffusion page's recipe judged
SYMBOL = 4  # an id that every vocabulary has and that is neither padding nor an end


# --- counting ----------------------------------------------------------------------------------------------


def multiply_adds(run: Callable[[], object]) -> int:
    """Multiplications, each with its addition, in the matrix products and convolutions of `run`."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        run()
    return counter.get_total_flops() // 2  # torch counts the two as two


def waits(model: nn.Module, chain: list[tuple[str, ...]], run: Callable[[], object]) -> int:
    """How many calls of `run` have to wait for one another.

    `chain` lists what comes one after the other; each part names the modules that could run side by side.
    """
    calls = {name: 0 for part in chain for name in part}

    def count(name: str, *_: object) -> None:
        calls[name] += 1

    hooks = [model.get_submodule(name).register_forward_hook(partial(count, name)) for name in calls]
    with torch.no_grad():
        run()
    for hook in hooks:
        hook.remove()
    return sum(max(calls[name] for name in part) for part in chain)


def bytes_of(tensors: Iterable[torch.Tensor]) -> int:
    """Bytes that tensors take."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def measured(
    model: nn.Module,
    *,
    chain: list[tuple[str, ...]],
    learn: Callable[[int], object],
    write: Callable[[int], object] | None,
    carry: Callable[[int], Iterable[torch.Tensor]] | None,
    **facts: object,
) -> dict:
    """Everything that is counted of one model.

    Args:
        chain: see `waits`.
        learn: a training pass over n elements.
        write: generates n elements from nothing, or from n others; ``None`` for a model that does not generate.
        carry: what is kept from one step to the next when n elements are there.
        facts: what is not counted: `network`, `elements`, `seconds`, `metric`.
    """
    found = {
        **facts,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "bytes": bytes_of(model.state_dict().values()),
        "lengths": list(LENGTHS),
        "training": costs(model, chain, learn),
        "generation": None,
    }
    if write and carry:
        with torch.no_grad():
            kept = [bytes_of(carry(n)) for n in LENGTHS]
        found["generation"] = costs(model, chain, write) | {"bytes": kept}
    return found


def costs(model: nn.Module, chain: list[tuple[str, ...]], run: Callable[[int], object]) -> dict:
    """Multiply-adds and waiting calls of `run` at every length."""
    return {
        "multiply_adds": [multiply_adds(partial(run, n)) for n in LENGTHS],
        "steps": [waits(model, chain, partial(run, n)) for n in LENGTHS],
    }


def symbols(n: int) -> torch.Tensor:
    """A sequence of n symbols, (1, n). Which ones they are changes no count."""
    return torch.full((1, n), SYMBOL)


def side(n: int) -> int:
    """Edge of a square of n elements."""
    return round(n**0.5)


# --- one function a page -----------------------------------------------------------------------------------


def rnn() -> dict:
    """The Elman network that writes names."""
    model = load_weights(CharacterRNN(RNNConfig()), "rnn")

    def write(n: int) -> None:
        hidden = None
        for _ in range(n):
            _, states = model(symbols(1), hidden)
            hidden = states[:, :, -1]  # (L, 1, 1, D) -> (L, 1, D)

    return measured(
        model,
        chain=[("layers.0.cell",)],
        learn=lambda n: model(symbols(n)),
        write=write,
        carry=lambda n: [model(symbols(n))[1][:, :, -1]],
        network="one layer of 64 units",
        elements="letters",
        seconds={"key": "rnn.training.seconds", "of": ""},
        metric={"key": "rnn.training.test_loss", "says": "nats a letter", "format": ".3f"},
    )


def lstm_gru() -> dict:
    """The LSTM that writes names."""
    model = load_weights(GatedModel(GatedConfig("lstm")), "lstm-gru", prefix="lstm.")

    def write(n: int) -> None:
        memories = None
        for _ in range(n):
            _, after = model(symbols(1), memories)
            memories = last(after)

    return measured(
        model,
        chain=[("layers.0.cell",)],
        learn=lambda n: model(symbols(n)),
        write=write,
        carry=lambda n: last(model(symbols(n))[1])[0],
        network="an LSTM, one layer of 64 units",
        elements="letters",
        seconds={"key": "lstm-gru.training.seconds", "of": "together with the GRU"},
        metric={"key": "lstm-gru.training.lstm.test_loss", "says": "nats a letter", "format": ".3f"},
    )


def encoder_decoder() -> dict:
    """The encoder-decoder that spells words in phonemes."""
    model = load_weights(EncoderDecoder(EncoderDecoderConfig()), "encoder-decoder")

    def carry(n: int) -> list[torch.Tensor]:
        context = model.read(symbols(n))
        return [context, model.decoder.start(context)]

    def both(n: int) -> torch.Tensor:
        return model(symbols(n), symbols(n))

    return measured(
        model,
        chain=[("encoder.cell",), ("decoder.cell",)],
        learn=both,
        write=both,  # the decoder takes the same steps whether it reads the truth or its own last symbol
        carry=carry,
        network="two GRUs of 112 units and a summary of 64",
        elements="letters, then as many phonemes",
        seconds={"key": "encoder-decoder.training.seconds", "of": ""},
        metric={"key": "encoder-decoder.training.test.exact", "says": "of unseen words exactly right", "format": ".1%"},
    )


def attention() -> dict:
    """The speller that looks back at the letters."""
    model = load_weights(Speller(SpellerConfig()), "attention", prefix="speller.")

    def carry(n: int) -> list[torch.Tensor]:
        states, hidden = model.read(symbols(n))
        return [states, model.score.key(states), hidden]

    def both(n: int) -> torch.Tensor:
        return model(symbols(n), symbols(n))

    return measured(
        model,
        chain=[("annotations.forwards.cell", "annotations.backwards.cell"), ("cell",)],
        learn=both,
        write=both,
        carry=carry,
        network="GRUs of 2 × 56 and 88 units, additive attention",
        elements="letters, then as many phonemes",
        seconds={"key": "attention.training.seconds", "of": "together with two letter guessers"},
        metric={"key": "attention.training.test.exact", "says": "of unseen words exactly right", "format": ".1%"},
    )


def transformer() -> dict:
    """The transformer that spells words in phonemes; like its page's `write`, it reads what it wrote anew each step."""
    model = load_weights(Transformer(TransformerConfig()), "transformer")

    def write(n: int) -> None:
        memory, letters = model.read(symbols(n))
        for written in range(1, n + 1):
            model.decode(symbols(written), memory, letters)

    return measured(
        model,
        chain=[("encoder_norm",), ("readout",)],
        learn=lambda n: model(symbols(n), symbols(n)),
        write=write,
        carry=lambda n: [model.read(symbols(n))[0], symbols(n)],
        network="2 + 2 layers of width 48, 4 heads, no cache",
        elements="letters, then as many phonemes",
        seconds={"key": "transformer.training.seconds", "of": ""},
        metric={"key": "transformer.training.test.exact", "says": "of unseen words exactly right", "format": ".1%"},
    )


def bert() -> dict:
    """The encoder that fills in blanks, on texts of up to 1,024 tokens; it was trained on 64 at most."""
    model = load_weights(BERT(BERTConfig()), "bert")
    encoder, embeddings = model.encoder, model.encoder.embeddings

    def read(n: int) -> None:
        learned, config = embeddings.positions, encoder.config
        embeddings.positions = nn.Embedding(n, config.width)  # looked up and added: no multiplications
        encoder.config = replace(config, context=n)
        model(symbols(n))
        embeddings.positions, encoder.config = learned, config

    return measured(
        model,
        chain=[("encoder",)],
        learn=read,
        write=None,
        carry=None,
        network="3 blocks of width 96, 4 heads",
        elements="tokens",
        seconds={"key": "bert.training.seconds", "of": ""},
        metric={"key": "bert.training.test.accuracy", "says": "of hidden tokens guessed right", "format": ".1%"},
    )


def gpt() -> dict:
    """The language model; the lengths beyond the 128 tokens it was trained on are counted all the same."""
    model = load_weights(GPT(GPTConfig(context=2 * LENGTHS[-1])), "gpt")

    def carry(n: int) -> list[torch.Tensor]:
        cache = model.empty_cache()
        model(symbols(n), cache)
        return [tensor for layer in cache for tensor in layer]

    return measured(
        model,
        chain=[("norm",)],
        learn=lambda n: model(symbols(n)),
        write=lambda n: generate(model, [SYMBOL], n, torch.Generator().manual_seed(0)),
        carry=carry,
        network="5 blocks of width 128, 4 heads, 2 key-value heads",
        elements="tokens",
        seconds={"key": "gpt.training.seconds", "of": ""},
        metric={"key": "gpt.training.test_loss", "says": "nats a token", "format": ".3f"},
    )


def vision() -> dict:
    """The vision transformer, on images of more and fewer patches than the 49 it was trained on."""
    model = load_weights(ViT(ViTConfig()), "vision", prefix="vit.")

    def read(n: int) -> None:
        learned, edge = model.positions, model.patches.patch * side(n)
        model.positions = None  # they are only added, and there are 49 of them
        model(torch.zeros(1, 1, edge, edge))
        model.positions = learned

    return measured(
        model,
        chain=[("norm",)],
        learn=read,
        write=None,
        carry=None,
        network="a vision transformer, 4 blocks of width 32",
        elements="patches",
        seconds={"key": "vision.training.vit.seconds", "of": ""},
        metric={"key": "vision.training.vit.test_accuracy", "says": "of unseen digits right", "format": ".1%"},
    )


def diffusion() -> dict:
    """The U-Net that makes digits, on images of other sizes too."""
    model = load_weights(UNet(UNetConfig()), "diffusion", prefix="digits.")
    label, alpha_bar = torch.zeros(1, dtype=torch.int64), cosine_schedule()

    def noise(n: int) -> torch.Tensor:
        return torch.randn(1, 1, side(n), side(n), generator=torch.Generator().manual_seed(n))

    def write(n: int) -> None:
        sample(model, noise(n), label, alpha_bar, times(DENOISING_STEPS), torch.Generator().manual_seed(0), eta=1.0)

    return measured(
        model,
        chain=[("leave",)],
        learn=lambda n: model(noise(n), torch.full((1,), 500), label),
        write=write,
        carry=lambda n: [noise(n)],
        network=f"a U-Net of 16 and 32 channels, {DENOISING_STEPS} denoising steps",
        elements="pixels",
        seconds={"key": "diffusion.training.seconds", "of": "together with the network for points"},
        metric={
            "key": "diffusion.training.accuracy",
            "says": "of samples read by a classifier as the digit asked for",
            "format": ".1%",
        },
    )


def experiments() -> dict:
    """The pages that are compared, by slug."""
    return {
        "rnn": (rnn, {}),
        "lstm-gru": (lstm_gru, {}),
        "encoder-decoder": (encoder_decoder, {}),
        "attention": (attention, {}),
        "transformer": (transformer, {}),
        "bert": (bert, {}),
        "gpt": (gpt, {}),
        "vision": (vision, {}),
        "diffusion": (diffusion, {}),
    }


def train() -> None:
    """There is nothing to train: the weights are those of the pages."""
    print("compare: nothing to train; `make experiments SLUG=compare` counts.")


if __name__ == "__main__":
    command("compare", train, experiments)
