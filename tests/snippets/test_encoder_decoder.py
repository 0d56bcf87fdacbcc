"""The encoder-decoder page: model, decoding and measures are right, the weights are what the recipe makes."""

import hashlib
import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from snippets.data import pronunciations
from snippets.data.pronunciations import END, FIRST, LETTERS, PADDING, PHONEMES, START, Pair
from snippets.encoder_decoder import train
from snippets.encoder_decoder.decoding import beam_search, draw, forbid, greedy, path, ranked
from snippets.encoder_decoder.figures import align
from snippets.encoder_decoder.metrics import bleu, edit_distance, error_rate, exact_match
from snippets.encoder_decoder.model import Config, EncoderDecoder, GRUCell
from snippets.kit import data_path, load_weights, results
from snippets.kit.figures import load
from snippets.kit.training import manifest, stale, stale_results
from tests.snippets.page_cells import cells_on, opened, text_of, tried

CLOSE = {"rtol": 0, "atol": 1e-5}
SMALL = Config(embedding=7, hidden=11, summary=5)
FIGURES = load("encoder-decoder")
ROOT = data_path("pronunciations.txt").parents[2]
PAGE = (ROOT / "docs/architectures/encoder-decoder.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def trained() -> EncoderDecoder:
    return load_weights(EncoderDecoder(Config()), "encoder-decoder")


def copy_cell(cell: GRUCell, reference: nn.GRU | nn.GRUCell, suffix: str = "") -> None:
    """Give one of torch's GRUs the weights of ours: the gates stand in the same order, reset, update, new."""
    with torch.no_grad():
        getattr(reference, f"weight_ih{suffix}").copy_(cell.input_weights.weight)
        getattr(reference, f"weight_hh{suffix}").copy_(cell.hidden_weights.weight)
        getattr(reference, f"bias_ih{suffix}").copy_(cell.input_weights.bias)
        getattr(reference, f"bias_hh{suffix}").copy_(cell.hidden_weights.bias)


class Composed(nn.Module):
    """The same architecture from torch's own parts: packed sequences, `nn.GRU` on both sides, functional layers."""

    def __init__(self, model: EncoderDecoder) -> None:
        super().__init__()
        config, encoder, decoder = model.config, model.encoder, model.decoder
        self.reverse = config.reverse
        self.letters = nn.Embedding.from_pretrained(encoder.embedding.weight.detach().clone(), freeze=False)
        self.reader = nn.GRU(config.embedding, config.hidden, batch_first=True)
        self.squeeze = nn.Linear(config.hidden, config.summary)
        self.first = nn.Linear(config.summary, config.hidden)
        self.phonemes = nn.Embedding.from_pretrained(decoder.embedding.weight.detach().clone(), freeze=False)
        self.writer = nn.GRU(config.embedding + config.summary, config.hidden, batch_first=True)
        self.readout = nn.Linear(config.hidden, config.target_symbols)
        copy_cell(encoder.cell, self.reader, "_l0")
        copy_cell(decoder.cell, self.writer, "_l0")
        for ours, theirs in (
            (model.summary.weights, self.squeeze),
            (decoder.first, self.first),
            (decoder.readout, self.readout),
        ):
            theirs.load_state_dict(ours.state_dict())

    def forward(self, source: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        lengths = (source != PADDING).sum(1)
        if self.reverse:
            source = torch.stack(
                [torch.cat([row[:n].flip(0), row[n:]]) for row, n in zip(source, lengths, strict=True)]
            )
        packed = nn.utils.rnn.pack_padded_sequence(
            self.letters(source), lengths, batch_first=True, enforce_sorted=False
        )
        _, last = self.reader(packed)
        context = torch.tanh(self.squeeze(last[0]))
        written = torch.cat([self.phonemes(inputs), context[:, None].expand(-1, inputs.shape[1], -1)], dim=-1)
        states, _ = self.writer(written, torch.tanh(self.first(context))[None])
        return self.readout(states)


# --- the model is a composition of torch.nn.GRU ------------------------------------------------------------


@pytest.mark.parametrize("reverse", [False, True])
def test_outputs_and_every_gradient_equal_torch(reverse):
    torch.manual_seed(3)
    model = EncoderDecoder(Config(embedding=7, hidden=11, summary=5, reverse=reverse))
    reference = Composed(model)
    words = [Pair("a", ("AH",)), Pair("knight", ("N", "AY", "T")), Pair("psychology", ("S", "AY", "K", "AA", "L"))]
    batch = pronunciations.batch(words)
    ours, theirs = model(batch.source, batch.inputs), reference(batch.source, batch.inputs)
    torch.testing.assert_close(ours, theirs, **CLOSE)
    train.loss_of(ours, batch.targets).backward()
    train.loss_of(theirs, batch.targets).backward()
    gru = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    pairs = [
        (model.encoder.embedding.weight, reference.letters.weight),
        (model.decoder.embedding.weight, reference.phonemes.weight),
    ]
    for cell, whole in ((model.encoder.cell, reference.reader), (model.decoder.cell, reference.writer)):
        mine = (
            cell.input_weights.weight,
            cell.hidden_weights.weight,
            cell.input_weights.bias,
            cell.hidden_weights.bias,
        )
        pairs += [(own, getattr(whole, f"{name}_l0")) for own, name in zip(mine, gru, strict=True)]
    for own, other in (
        (model.summary.weights, reference.squeeze),
        (model.decoder.first, reference.first),
        (model.decoder.readout, reference.readout),
    ):
        pairs += [(own.weight, other.weight), (own.bias, other.bias)]
    assert len(pairs) == len(list(model.parameters()))
    for own, other in pairs:
        torch.testing.assert_close(own.grad, other.grad, **CLOSE)


def test_the_cell_equals_torch_gru_cell():
    torch.manual_seed(0)
    cell, reference = GRUCell(6, 9), nn.GRUCell(6, 9)
    copy_cell(cell, reference)
    x, hidden = torch.randn(4, 6), torch.randn(4, 9)
    torch.testing.assert_close(cell(x, hidden), reference(x, hidden), **CLOSE)


@pytest.mark.parametrize("reverse", [False, True])
def test_padding_changes_nothing(reverse):
    torch.manual_seed(0)
    model = EncoderDecoder(Config(embedding=7, hidden=11, summary=5, reverse=reverse))
    alone = pronunciations.spell("cat")
    padded = torch.cat([alone, torch.full((1, 4), PADDING)], dim=1)
    torch.testing.assert_close(model.read(alone), model.read(padded), **CLOSE)
    torch.testing.assert_close(model.encoder(alone)[0], model.encoder(padded)[0][:, :3], **CLOSE)


def test_the_last_state_is_that_of_the_letter_read_last():
    for reverse, place in ((False, -1), (True, 0)):
        model = EncoderDecoder(Config(embedding=7, hidden=11, summary=5, reverse=reverse))
        states, last = model.encoder(pronunciations.spell("order"))
        assert torch.equal(states[:, place], last)


def test_the_summary_is_all_that_reaches_the_decoder():
    """With the same summary two sources give the same logits, whatever their letters and lengths."""
    torch.manual_seed(0)
    model = EncoderDecoder(SMALL)
    with torch.no_grad():
        model.summary.weights.weight.zero_()
    inputs = torch.tensor([[START, FIRST, FIRST + 3]])
    one, other = (model(pronunciations.spell(word), inputs) for word in ("a", "dictionary"))
    assert torch.equal(one, other)


def test_a_prediction_depends_on_earlier_symbols_alone():
    torch.manual_seed(0)
    model = EncoderDecoder(SMALL)
    inputs = torch.tensor([[START, 5, 6, 7, 8]])
    changed = inputs.clone()
    changed[0, 3] = 20
    before, after = (model(pronunciations.spell("word"), ids) for ids in (inputs, changed))
    assert torch.equal(before[:, :3], after[:, :3])
    assert not torch.equal(before[:, 3:], after[:, 3:])


# --- decoding ----------------------------------------------------------------------------------------------


def test_greedy_feeds_back_what_it_wrote(trained):
    source = pronunciations.spell("elephant")
    symbols, logits = greedy(trained, source)
    inputs = torch.cat([torch.tensor([[START]]), symbols[:, :-1]], dim=1)
    torch.testing.assert_close(trained(source, inputs), logits, **CLOSE)
    assert torch.equal(forbid(logits).argmax(-1), symbols)
    assert symbols[0, -1] == END


def test_a_beam_of_one_is_greedy(trained):
    for word in ("cat", "reading", "colonel", "xylophone"):
        source = pronunciations.spell(word)
        tree = beam_search(trained, source, 1)
        assert path(tree, ranked(tree)[0]) == greedy(trained, source)[0][0].tolist()


def test_a_beam_that_keeps_everything_finds_the_likeliest_target():
    """On a model of three symbols beside start and padding, against every target there is."""
    torch.manual_seed(5)
    model = EncoderDecoder(Config(target_symbols=FIRST + 2, embedding=4, hidden=6, summary=3))
    source, longest = pronunciations.spell("ab"), 3
    tree = beam_search(model, source, 40, longest)
    best = ranked(tree)[0]
    scores = {}
    with torch.no_grad():
        for length in range(longest):
            for symbols in itertools.product(range(FIRST, FIRST + 2), repeat=length):
                target = [*symbols, END]
                logits = forbid(model(source, torch.tensor([[START, *symbols]])))[0]
                chances = torch.log_softmax(logits, -1)[torch.arange(len(target)), torch.tensor(target)]
                scores[tuple(target)] = chances.sum().item()
    assert tuple(path(tree, best)) == max(scores, key=scores.get)
    found = {tuple(path(tree, place)): node.score for place, node in enumerate(tree) if node.ended}
    assert found == pytest.approx(scores, abs=1e-5)


def test_a_length_power_prefers_longer_targets(trained):
    tree = beam_search(trained, pronunciations.spell("reading"), 8)
    places = ranked(tree)
    assert [tree[p].score for p in places] == sorted((tree[p].score for p in places), reverse=True)
    mean = ranked(tree, length_power=1.0)
    assert tree[mean[0]].score / tree[mean[0]].step == max(tree[p].score / tree[p].step for p in places)


def test_draws_repeat_with_their_generator_and_report_their_probability(trained):
    source = pronunciations.spell("aristotle")
    drawn = [draw(trained, source, torch.Generator().manual_seed(4)) for _ in range(2)]
    assert drawn[0] == drawn[1]
    symbols, total = drawn[0]
    inputs = torch.tensor([[START, *symbols[:-1]]])
    logits = forbid(trained(source, inputs))[0]
    expected = torch.log_softmax(logits, -1)[torch.arange(len(symbols)), torch.tensor(symbols)].sum().item()
    assert total == pytest.approx(expected, abs=1e-4)


# --- measures ----------------------------------------------------------------------------------------------


def test_bleu_of_the_paper_s_own_example():
    """Papineni et al., section 2.1: seven times "the" is right twice."""
    found = bleu([("the",) * 7], [("the", "cat", "is", "on", "the", "mat")])
    assert found.precisions[0] == pytest.approx(2 / 7)
    assert found.score == 0 and found.brevity_penalty == 1


def test_bleu_counts_over_the_corpus_and_punishes_brevity():
    candidates = [tuple("abcde"), tuple("fghi")]
    references = [tuple("abcdex"), tuple("fghij")]
    found = bleu(candidates, references)
    assert found.precisions == [1, 1, 1, 1]
    assert found.brevity_penalty == pytest.approx(math.exp(1 - 11 / 9))
    assert found.score == pytest.approx(found.brevity_penalty)
    assert bleu(references, references).score == 1
    halves = [tuple("abcdefgxyz")]
    found = bleu(halves, [tuple("abcdefghij")])
    assert found.score == pytest.approx(math.prod([7 / 10, 6 / 9, 5 / 8, 4 / 7]) ** 0.25)


@given(st.lists(st.sampled_from("AB")), st.lists(st.sampled_from("AB")), st.lists(st.sampled_from("AB")))
@settings(max_examples=60, deadline=None)
def test_edit_distance_is_a_distance(one, other, third):
    assert edit_distance(one, one) == 0
    assert edit_distance(one, other) == edit_distance(other, one)
    assert edit_distance(one, third) <= edit_distance(one, other) + edit_distance(other, third)
    assert abs(len(one) - len(other)) <= edit_distance(one, other) <= max(len(one), len(other))
    aligned = align(list(one), list(other))
    assert [symbol for symbol, _ in aligned if symbol != "–"] == one
    assert sum(not same for _, same in aligned) == edit_distance(one, other)


def test_error_rate_and_exact_match_count_as_they_say():
    written, wanted = [("K", "AE", "T"), ("D", "AO")], [("K", "AE", "T"), ("D", "AO", "G")]
    assert exact_match(written, wanted) == 0.5
    assert error_rate(written, wanted) == pytest.approx(1 / 6)
    assert edit_distance("kitten", "sitting") == 3


# --- data --------------------------------------------------------------------------------------------------


def test_the_words_are_the_documented_ones():
    content = data_path("pronunciations.txt").read_bytes()
    provenance = (ROOT / "snippets/data/PROVENANCE.md").read_text(encoding="utf-8")
    assert len(content) <= 1_000_000
    assert hashlib.sha256(content).hexdigest() in provenance
    pairs = pronunciations.pairs()
    assert f"({len(pairs):,} words)" in provenance
    assert [pair.word for pair in pairs] == sorted({pair.word for pair in pairs})
    assert set("".join(pair.word for pair in pairs)) == set(LETTERS)
    assert {phoneme for pair in pairs for phoneme in pair.phonemes} == set(PHONEMES)
    assert {len(pair.word) for pair in pairs} == set(range(2, pronunciations.LONGEST + 1))
    assert max(len(pair.phonemes) for pair in pairs) <= pronunciations.LONGEST + 1
    assert "Carnegie Mellon" in (ROOT / "snippets/data/LICENSE-cmudict.txt").read_text(encoding="utf-8")


def test_the_split_depends_on_the_word_alone():
    parts = pronunciations.split()
    assert sum(map(len, parts.values())) == len(set().union(*parts.values())) == len(pronunciations.pairs())
    for part, members in parts.items():
        assert all(pronunciations.part_of(pair.word) == part for pair in members[::97])
    assert 0.78 < len(parts["train"]) / len(pronunciations.pairs()) < 0.82


def test_a_batch_holds_letters_inputs_and_targets():
    batch = pronunciations.batch([Pair("cat", ("K", "AE", "T")), Pair("knee", ("N", "IY"))])
    k, ae, t, n, iy = (FIRST + PHONEMES.index(phoneme) for phoneme in ("K", "AE", "T", "N", "IY"))
    c, a, tt = (FIRST + LETTERS.index(letter) for letter in "cat")
    assert batch.source.tolist()[0] == [c, a, tt, PADDING]
    assert batch.inputs.tolist() == [[START, k, ae, t], [START, n, iy, PADDING]]
    assert batch.targets.tolist() == [[k, ae, t, END], [n, iy, END, PADDING]]
    assert pronunciations.read_phonemes(batch.targets[1]) == ("N", "IY")


def test_every_word_comes_once_a_round():
    words = pronunciations.split()["validation"][:300]
    whole = pronunciations.batch(words)
    supply = pronunciations.batches(words, 32, torch.Generator().manual_seed(0))
    seen = []
    while len(seen) < 300:
        batch = next(supply)
        assert (batch.source != PADDING).any(0).all() and (batch.targets != PADDING).any(0).all()
        seen += [tuple(row[row != PADDING].tolist()) for row in batch.source]
    assert sorted(seen) == sorted(tuple(row[row != PADDING].tolist()) for row in whole.source)


@pytest.mark.parametrize("text", ["", "é", "A", "a b", "😀"])
def test_unknown_characters_are_named(text):
    with pytest.raises(ValueError, match="only the letters a to z"):
        pronunciations.spell(text)


# --- the recipe, its weights and results -------------------------------------------------------------------


def test_the_weights_are_what_the_recipe_makes():
    assert stale("encoder-decoder") == []
    assert (ROOT / "snippets/encoder_decoder/weights.safetensors").stat().st_size <= 600_000


def test_every_result_was_measured_by_the_code_that_is_here():
    assert stale_results("encoder-decoder", train.experiments()) == []


def test_the_committed_measures_are_those_of_the_committed_weights(trained):
    kept = results("encoder-decoder")["training"]
    found = train.measure(trained, pronunciations.split()["test"])
    for name in ("loss", "free_running_loss", "exact", "error_rate", "bleu"):
        assert found[name] == pytest.approx(kept["test"][name], abs=2e-3)
    assert (
        kept["parameters"] == sum(p.numel() for p in trained.parameters()) == manifest("encoder-decoder")["parameters"]
    )
    assert kept["test"]["loss"] < kept["test"]["free_running_loss"] < kept["uniform_loss"]


def test_a_short_retrain_comes_near():
    """The first fiftieth of the recipe, where the rate has hardly begun to fall, reaches the loss it reached then."""
    torch.manual_seed(0)
    model = EncoderDecoder(Config())
    losses = list(train.fit(model, pronunciations.split()["train"], range(100), train.STEPS, seed=0))
    first = results("encoder-decoder")["training"]["curves"]["training_loss"][0]
    assert losses[0] == pytest.approx(math.log(42), abs=0.1)
    assert sum(losses[-20:]) / 20 == pytest.approx(results("encoder-decoder")["training"]["early_loss"], abs=0.05)
    assert first < losses[0]


# --- cells -------------------------------------------------------------------------------------------------

EDITS: list[tuple] = [  # cell, what its prompt says to replace, by what, and the figures that must change
    (
        "encoder_decoder.model:cell",
        "return (1 - update) * new + update * hidden",
        "return new",
        {"decoding", "bottleneck", "summary_map"},
    ),
    (
        "encoder_decoder.model:summary",
        "torch.tanh(self.weights(last))",
        "torch.tanh(self.weights(last)).sign()",
        {"decoding", "bottleneck"},
    ),
    (
        "encoder_decoder.decoding:choose",
        "logits.argmax(dim=-1)",
        "logits.topk(2).indices[:, 1]",
        {"decoding", "one_slip"},
    ),
    ("encoder_decoder.decoding:beam", "dim=-1)  # (W, V)", "dim=-1) + 1  # (W, V)", {"beam_tree"}),
    (
        "encoder_decoder.metrics:bleu",
        "min(count, allowed[gram])",
        "count if gram in allowed else 0",
        {"bleu_parts"},
    ),
    ("encoder_decoder.walkthrough:one_word", "psychology", "antidisestablishment", set()),
    (
        "encoder_decoder.walkthrough:forced",
        '"knight", ("N", "AY", "T")',
        '"knight", ("K", "N", "IH", "G", "T")',
        set(),
    ),
    ("encoder_decoder.walkthrough:score", "<= 6", ">= 11", set()),
]


@pytest.fixture(scope="module")
def session():
    with opened("encoder-decoder") as session:
        yield session


def test_every_cell_on_the_page_has_an_edit_here():
    assert cells_on("encoder-decoder") == {cell for cell, *_ in EDITS}


@pytest.mark.parametrize(("cell", "old", "new", "changed"), EDITS)
def test_what_a_cell_says_to_try_works_and_shows(session, cell, old, new, changed):
    with tried(session, cell, old, new, changed):
        pass


def test_a_summary_of_signs_still_holds_a_short_word(session):
    cell = "encoder_decoder.model:summary"
    said = {}
    session.run(cell, text_of(cell).replace("(last))", "(last)).sign()"), lambda _: None)
    try:
        for word in ("cat", "presentation"):
            drawn = session.draw("encoder-decoder/decoding", {"word": word})["figure"]
            said[word] = drawn["layout"]["annotations"][0]["text"].split("<br>")[0]
    finally:
        session.reset(cell)
    assert said["cat"] == "model: K AE T"
    assert said["presentation"] != "model: P R EH Z AH N T EY SH AH N"


def test_a_bonus_for_every_symbol_lets_a_longer_target_win(session):
    cell = "encoder_decoder.decoding:beam"
    values = {"word": "reading", "width": 3}
    calm = session.draw("encoder-decoder/beam_tree", values)["figure"]["layout"]["annotations"]
    session.run(cell, text_of(cell).replace("dim=-1)  # (W, V)", "dim=-1) + 1  # (W, V)"), lambda _: None)
    try:
        paid = session.draw("encoder-decoder/beam_tree", values)["figure"]["layout"]["annotations"]
    finally:
        session.reset(cell)
    spoken = [one[-1]["text"] for one in (calm, paid)]
    assert spoken == ["best: R IY D IH NG", "best: R IY EY D IH NG"]


# --- figures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [" ", "a", "one two three four five six", "z" * 36])
def test_any_row_of_words_can_be_joined(words):
    FIGURES["bottleneck"].draw(words=words)


@pytest.mark.parametrize("candidate", [" ", "the", "x y z", "the cat sat on the mat"])
def test_any_sentence_has_a_bleu(candidate):
    FIGURES["bleu_parts"].draw(candidate=candidate)


# --- what the captions and the text say --------------------------------------------------------------------


def test_the_opening_words_show_what_their_captions_say(trained):
    source = pronunciations.spell("presentation")
    assert pronunciations.part_of("presentation") != "train"
    written = pronunciations.read_phonemes(greedy(trained, source)[0][0])
    assert written == ("P", "R", "EH", "Z", "AH", "N", "T", "EY", "SH", "AH", "N")
    narrow, wide = (beam_search(trained, pronunciations.spell("tomato"), width) for width in (1, 2))
    first, best = ranked(narrow)[0], ranked(wide)[0]
    assert wide[best].score > narrow[first].score + 0.1
    spoken = [pronunciations.read_phonemes(path(tree, place)) for tree, place in ((narrow, first), (wide, best))]
    assert [phonemes[1] for phonemes in spoken] == ["AA", "OW"]


def test_one_slip_costs_the_symbols_behind_it_and_none_before():
    calm, upset = (trace["y"] for trace in FIGURES["one_slip"].draw()["data"])
    assert calm[:2] == pytest.approx(upset[:2])
    assert all(after < before for before, after in zip(calm[2:7], upset[2:7], strict=True))
    assert upset[7] > 0.9


def test_words_that_are_right_alone_go_wrong_together():
    apart, *joined = zip(*FIGURES["bottleneck"].draw()["data"][0]["z"], strict=True)
    assert not any(apart)
    wrong = [sum(bool(cell) for cell in column) for column in joined]
    assert wrong[0] == wrong[1] == 0 and wrong[2] > 5


def test_the_first_direction_of_the_map_is_length_and_the_second_has_to_do_with_r():
    kept = results("encoder-decoder")["training"]["map"]
    places = torch.tensor(kept["places"])
    lengths = torch.tensor([float(len(word)) for word in kept["words"]])
    with_r = torch.tensor([float("r" in word) for word in kept["words"]])
    assert torch.corrcoef(torch.stack([places[:, 0], lengths]))[0, 1] < -0.9
    assert torch.corrcoef(torch.stack([places[:, 1], with_r]))[0, 1] > 0.5
    assert 0.14 < kept["explained"] < 0.19


def test_early_letters_of_the_opening_word_move_the_summary_most():
    bars = FIGURES["remembered_letters"].draw()["data"][0]["y"]
    assert max(bars) == bars[0]
    assert min(bars) == bars["communication".index("ion")]


def test_free_running_costs_over_three_times_as_much_at_the_end():
    curves = results("encoder-decoder")["training"]["curves"]
    ratios = [
        free / forced for free, forced in zip(curves["free_running_loss"], curves["validation_loss"], strict=True)
    ]
    assert all(3 < ratio < 4 for ratio in ratios[4:])
    assert curves["training_loss"][-1] < curves["validation_loss"][-1]


def test_long_words_are_worse_than_even_slips():
    measured, even = FIGURES["length_accuracy"].draw()["data"]
    lengths = measured["x"]
    assert all(own < fair for x, own, fair in zip(lengths, measured["y"], even["y"], strict=True) if x > 6)
    rates = FIGURES["length_accuracy"].draw(show="error_rate")["data"][0]["y"]
    assert rates[-1] > 2 * rates[1]


def test_reading_backwards_helps_and_a_narrow_summary_hurts_long_words_more():
    found = results("encoder-decoder")
    forward, backward = found["source"]["forward"], found["source"]["reversed"]
    assert backward["exact"]["lowest"] > forward["exact"]["highest"]
    assert backward["last_three"]["mean"] > forward["last_three"]["mean"]
    gains = [backward[name]["mean"] - forward[name]["mean"] for name in ("first_three", "last_three")]
    assert gains[0] > gains[1]
    wide, narrow = forward["by_length"], found["summary"]["width_16"]["by_length"]
    lost = {n: 1 - narrow[f"letters_{n}"]["mean"] / wide[f"letters_{n}"]["mean"] for n in (4, 8)}
    assert 0.2 < lost[4] < 0.3 and lost[8] > 0.5
    assert found["summary"]["width_4"]["exact"]["highest"] < 0.02


def test_a_wider_beam_finds_likelier_and_shorter_targets():
    entries = list(results("encoder-decoder")["training"]["beam"].values())
    scores = [entry["log_probability"] for entry in entries]
    ratios = [entry["length_ratio"] for entry in entries]
    assert scores == sorted(scores) and ratios == sorted(ratios, reverse=True)
    assert entries[-1]["exact"] - entries[2]["exact"] == pytest.approx(0, abs=0.002)
