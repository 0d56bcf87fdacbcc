"""The diffusion page: noise and steps are those of an independent library, weights what the recipe makes."""

import hashlib

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from diffusers.models.attention_processor import Attention
from diffusers.models.embeddings import get_timestep_embedding
from diffusers.models.resnet import ResnetBlock2D

from snippets.data import make_small_digits, point_sets, small_digits
from snippets.diffusion import train
from snippets.diffusion.model import (
    SCHEDULES,
    Config,
    PointConfig,
    ResidualBlock,
    SelfAttention,
    T,
    TimeEmbedding,
    UNet,
    add_noise,
    ddim_step,
    ddpm_step,
    estimate,
    guide,
    sample,
    target,
    times,
)
from snippets.kit import load_weights, results
from snippets.kit.figures import load
from snippets.kit.training import manifest, stale, stale_results
from tests.snippets.page_cells import cells_on, opened, text_of, tried

CLOSE = {"rtol": 0, "atol": 1e-5}
THEIRS = {"linear": "linear", "cosine": "squaredcos_cap_v2"}
PREDICTS = {"noise": "epsilon", "x_0": "sample", "v": "v_prediction"}


@pytest.fixture(scope="module")
def trained() -> UNet:
    return load_weights(UNet(Config()), "diffusion", prefix="digits.")


def scheduler(kind: type, schedule: str, predicts: str, clip: bool):
    """Theirs with every option that its defaults would otherwise decide."""
    options = {"variance_type": "fixed_small"} if kind is DDPMScheduler else {"set_alpha_to_one": True}
    return kind(
        num_train_timesteps=T,
        beta_start=1e-4,
        beta_end=0.02,
        beta_schedule=THEIRS[schedule],
        prediction_type=PREDICTS[predicts],
        clip_sample=clip,
        clip_sample_range=1.0,
        thresholding=False,
        timestep_spacing="leading",
        steps_offset=0,
        **options,
    )


# --- noise -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_schedules_equal_diffusers(schedule):
    theirs = scheduler(DDPMScheduler, schedule, "noise", clip=False).alphas_cumprod
    ours = SCHEDULES[schedule]()
    assert ours.shape == (T + 1,) and ours[0] == 1
    torch.testing.assert_close(ours[1:], theirs, **CLOSE)
    torch.testing.assert_close(ours[1:].log(), theirs.log(), rtol=0, atol=1e-3)  # the noisy end too


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_noising_and_the_target_v_equal_diffusers(schedule):
    theirs = scheduler(DDPMScheduler, schedule, "v", clip=False)
    generator = torch.Generator().manual_seed(0)
    x_0 = torch.randn(6, 1, 8, 8, generator=generator)
    noise = torch.randn(x_0.shape, generator=generator)
    t = torch.tensor([1, 2, 10, 500, 900, 1000])
    alpha_bar_t = SCHEDULES[schedule]()[t]
    torch.testing.assert_close(add_noise(x_0, noise, alpha_bar_t), theirs.add_noise(x_0, noise, t - 1), **CLOSE)
    velocity = theirs.get_velocity(x_0, noise, t - 1)
    torch.testing.assert_close(target("v", x_0, noise, alpha_bar_t), velocity, **CLOSE)


# --- steps -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("predicts", PREDICTS)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("t", [1, 2, 250, 600, 951])
def test_a_ddpm_step_and_its_gradients_equal_diffusers(schedule, predicts, clip, t):
    theirs = scheduler(DDPMScheduler, schedule, predicts, clip)
    alpha_bar = SCHEDULES[schedule]()
    torch.manual_seed(t)
    inputs = [torch.randn(2, 1, 8, 8, requires_grad=True) for _ in range(4)]
    (output, x_t), (their_output, their_x_t) = inputs[:2], inputs[2:]
    with torch.no_grad():
        their_output.copy_(output)
        their_x_t.copy_(x_t)
    fresh = torch.randn(x_t.shape, generator=torch.Generator().manual_seed(1))
    x_0_hat, _ = estimate(predicts, output, x_t, alpha_bar[t], 1.0 if clip else None)
    ours = ddpm_step(x_t, x_0_hat, fresh, alpha_bar[t], alpha_bar[t - 1])
    found = theirs.step(their_output, t - 1, their_x_t, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(x_0_hat, found.pred_original_sample, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours, found.prev_sample, **CLOSE)
    ours.sum().backward()
    found.prev_sample.sum().backward()
    torch.testing.assert_close(output.grad, their_output.grad, **CLOSE)
    torch.testing.assert_close(x_t.grad, their_x_t.grad, **CLOSE)


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("predicts", PREDICTS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_twenty_ddim_steps_equal_diffusers(schedule, predicts, eta):
    """Each step from the same x_t with the same output and noise; eta 1 with clipping is DDPM's step too."""
    theirs = scheduler(DDIMScheduler, schedule, predicts, clip=True)
    theirs.set_timesteps(20)
    alpha_bar = SCHEDULES[schedule]()
    generator = torch.Generator().manual_seed(0)
    x_t = torch.randn(3, 1, 8, 8, generator=generator)
    for k in theirs.timesteps.tolist():
        t, s = k + 1, max(k + 1 - T // 20, 0)
        output = torch.randn(x_t.shape, generator=generator)
        fresh = torch.randn(x_t.shape, generator=generator)
        x_0_hat, noise_hat = estimate(predicts, output, x_t, alpha_bar[t], 1.0)
        ours = ddim_step(x_0_hat, noise_hat, fresh, alpha_bar[t], alpha_bar[s], eta)
        noise = {"variance_noise": fresh} if eta else {}
        found = theirs.step(output, k, x_t, eta=eta, use_clipped_model_output=True, **noise)
        torch.testing.assert_close(x_0_hat, found.pred_original_sample, **CLOSE)
        torch.testing.assert_close(ours, found.prev_sample, **CLOSE)
        if eta == 1:
            torch.testing.assert_close(
                ddpm_step(x_t, x_0_hat, fresh, alpha_bar[t], alpha_bar[s]), ours, rtol=1e-4, atol=1e-4
            )
        x_t = ours


@pytest.mark.parametrize("predicts", PREDICTS)
def test_the_three_predictions_say_the_same(predicts):
    alpha_bar_t = torch.tensor(0.3)
    generator = torch.Generator().manual_seed(0)
    x_0, noise = torch.randn(2, 5, 2, generator=generator)
    x_t = add_noise(x_0, noise, alpha_bar_t)
    found = estimate(predicts, target(predicts, x_0, noise, alpha_bar_t), x_t, alpha_bar_t)
    torch.testing.assert_close(found, (x_0, noise), **CLOSE)


def test_the_last_step_adds_no_noise():
    alpha_bar = SCHEDULES["cosine"]()
    x_t, x_0_hat, fresh = torch.randn(3, 4, 2)
    assert torch.equal(ddpm_step(x_t, x_0_hat, fresh, alpha_bar[3], alpha_bar[0]), x_0_hat)
    assert torch.equal(ddim_step(x_0_hat, x_t, fresh, alpha_bar[3], alpha_bar[0], 1.0), x_0_hat)


def test_guidance_of_one_is_the_conditional_output_and_of_zero_the_other():
    conditional, unconditional = torch.randn(2, 4, 2)
    torch.testing.assert_close(guide(conditional, unconditional, 1.0), conditional, **CLOSE)
    assert torch.equal(guide(conditional, unconditional, 0.0), unconditional)


def test_the_moments_go_from_the_last_to_nothing():
    assert times(4) == [1000, 750, 500, 250, 0]
    assert times(T) == list(range(T, -1, -1))


# --- the parts of the network ------------------------------------------------------------------------------


@pytest.mark.parametrize(("inputs", "outputs"), [(16, 16), (32, 16)])
def test_the_residual_block_and_its_gradients_equal_diffusers(inputs, outputs):
    torch.manual_seed(0)
    block = ResidualBlock(inputs, outputs, embedding=12, groups=8)
    reference = ResnetBlock2D(
        in_channels=inputs, out_channels=outputs, temb_channels=12, groups=8, eps=1e-5, dropout=0.0
    )
    names = {
        "first_norm": "norm1",
        "first": "conv1",
        "shift": "time_emb_proj",
        "second_norm": "norm2",
        "second": "conv2",
        "shortcut": "conv_shortcut",
    }
    for ours, theirs in names.items():
        if getattr(reference, theirs) is not None:
            getattr(reference, theirs).load_state_dict(getattr(block, ours).state_dict())
    x, condition = torch.randn(2, inputs, 8, 8), torch.randn(2, 12)
    ours, theirs = block(x, condition), reference(x, condition)
    torch.testing.assert_close(ours, theirs, **CLOSE)
    weights = torch.randn_like(ours)
    (ours * weights).mean().backward()
    (theirs * weights).mean().backward()
    for ours, theirs in names.items():
        if getattr(reference, theirs) is not None:
            for mine, other in zip(
                getattr(block, ours).parameters(), getattr(reference, theirs).parameters(), strict=True
            ):
                torch.testing.assert_close(mine.grad, other.grad, **CLOSE)


def test_the_attention_and_its_gradients_equal_diffusers():
    torch.manual_seed(0)
    ours = SelfAttention(16, groups=8)
    theirs = Attention(16, heads=1, dim_head=16, norm_num_groups=8, eps=1e-5, bias=True, residual_connection=True)
    theirs.group_norm.load_state_dict(ours.norm.state_dict())
    theirs.to_out[0].load_state_dict(ours.output.state_dict())
    weights = ours.queries_keys_values.weight.detach().chunk(3)
    biases = ours.queries_keys_values.bias.detach().chunk(3)
    parts = (theirs.to_q, theirs.to_k, theirs.to_v)
    with torch.no_grad():
        for part, weight, bias in zip(parts, weights, biases, strict=True):
            part.weight.copy_(weight)
            part.bias.copy_(bias)
    x = torch.randn(2, 16, 4, 4)
    found, expected = ours(x), theirs(x)
    torch.testing.assert_close(found, expected, **CLOSE)
    scale = torch.randn_like(found)
    (found * scale).mean().backward()
    (expected * scale).mean().backward()
    gradient = torch.cat([part.weight.grad for part in parts])
    torch.testing.assert_close(ours.queries_keys_values.weight.grad, gradient, **CLOSE)
    torch.testing.assert_close(ours.output.weight.grad, theirs.to_out[0].weight.grad, **CLOSE)


def test_the_waves_of_time_equal_diffusers():
    t = torch.tensor([1, 17, 400, 1000])
    expected = get_timestep_embedding(t, 64, downscale_freq_shift=0)
    torch.testing.assert_close(TimeEmbedding(64).waves(t), expected, rtol=0, atol=1e-4)


def test_the_network_is_told_what_it_needs(trained):
    """Answers keep the image's shape and depend on the moment and on the label."""
    x_t = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        answers = {
            (t, label): trained(x_t, torch.full((2,), t), torch.full((2,), label))
            for t in (300, 700)
            for label in (3, 8, 10)
        }
    assert all(answer.shape == x_t.shape for answer in answers.values())
    assert not torch.allclose(answers[300, 3], answers[700, 3], atol=0.1)
    assert not torch.allclose(answers[700, 3], answers[700, 8], atol=0.1)
    assert not torch.allclose(answers[700, 3], answers[700, 10], atol=0.1)


def test_sampling_repeats_with_the_same_noise_and_ddim_needs_none(trained):
    start = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    label = torch.tensor([1, 2, 3])

    def draw(seed: int, eta: float) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return sample(trained, start, label, SCHEDULES["cosine"](), times(5), generator, eta=eta, limit=1.0)[0][-1]

    assert torch.equal(draw(0, 0.0), draw(1, 0.0))
    assert torch.equal(draw(0, 1.0), draw(0, 1.0))
    assert not torch.equal(draw(0, 1.0), draw(1, 1.0))


def test_the_score_of_a_normal_distribution_is_known():
    """For data that is normal the best denoiser is a formula; with it the sampler returns the data's spread."""

    class Best(torch.nn.Module):
        config = PointConfig()

        def forward(self, x_t, t, label):
            level = alpha_bar[t][:, None]
            return (level * 4 + 1 - level).reciprocal() * (level * (1 - level)).sqrt() * (1 - 4) * x_t

    alpha_bar = SCHEDULES["cosine"]()
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(4000, 2, generator=generator)
    label = torch.zeros(4000, dtype=torch.int64)
    for eta in (0.0, 1.0):
        path, _ = sample(Best(), start, label, alpha_bar, times(250), generator, eta=eta)
        assert path[-1].std().item() == pytest.approx(2, abs=0.05)


# --- data --------------------------------------------------------------------------------------------------


def test_the_digits_are_the_documented_ones():
    content = small_digits.DIGITS.read_bytes()
    provenance = (small_digits.DIGITS.parent / "PROVENANCE.md").read_text(encoding="utf-8")
    digest = hashlib.sha256(content).hexdigest()
    assert digest == make_small_digits.SHA256 and digest in provenance
    parts = small_digits.split()
    assert {part: len(images) for part, (images, _) in parts.items()} == {"train": 1438, "held_out": 359}
    for images, labels in parts.values():
        assert images.shape[1:] == (1, 8, 8) and images.min() == -1 and images.max() == 1
        assert set(labels.tolist()) == set(range(10))


@pytest.mark.parametrize("name", point_sets.NAMES)
def test_a_point_set_is_centred_and_as_wide_as_the_noise(name):
    points = point_sets.draw(name, 20_000, torch.Generator().manual_seed(0))
    assert points.mean(0).abs().max() < 0.03
    assert (points**2).mean().item() == pytest.approx(1, abs=0.05)
    with pytest.raises(ValueError, match="moons, spiral, ring"):
        point_sets.draw("square", 10, torch.Generator())


def test_the_energy_distance_is_zero_only_between_equal_distributions():
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 1500, 2, generator=generator)
    assert train.energy_distance(first, second) == pytest.approx(0, abs=0.01)
    assert train.energy_distance(first, second + 1) > 0.2
    assert train.energy_distance(first, 2 * second) > 0.1


# --- the recipe, its weights and results -------------------------------------------------------------------


def test_the_weights_are_what_the_recipe_makes():
    assert stale("diffusion") == []


def test_every_result_was_measured_by_the_code_that_is_here():
    assert stale_results("diffusion", train.experiments()) == []


def test_every_result_was_measured_with_the_committed_weights():
    kept, digest = results("diffusion"), manifest("diffusion")["weights"]
    assert kept["errors"]["weights"] == digest
    assert {entry["weights"] for entry in kept["guidance"].values()} == {digest}
    for task in kept["quality"].values():
        for sampler in task.values():
            assert {entry["weights"] for entry in sampler.values()} == {digest}


def test_the_committed_numbers_are_those_of_the_committed_weights(trained):
    kept = results("diffusion")["training"]
    assert train.evaluate(trained) == pytest.approx(kept["held_out_loss"], abs=1e-4)
    assert kept["digit_parameters"] == train.size(trained) <= 250_000
    assert kept["digit_parameters"] + kept["point_parameters"] == kept["parameters"]


def test_a_short_retrain_comes_near():
    model = train.seeded(UNet, 0, Config())
    for _ in train.fit(model, train.draw_digits, range(100), rate=2e-3, total=train.STEPS):
        pass
    recorded = results("diffusion")["training"]["curves"]["held_out_loss"][0]
    assert train.evaluate(model) == pytest.approx(recorded, abs=0.02)
    assert recorded < 0.5


def test_what_the_page_says_about_the_numbers_is_so():
    kept = results("diffusion")
    digits = kept["quality"]["digits"]
    assert digits["ddim"]["steps_10"]["distance"]["mean"] < 2 * kept["training"]["held_out_distance"]
    assert digits["ddim"]["steps_5"]["distance"]["highest"] < digits["ddpm"]["steps_5"]["distance"]["lowest"]
    for sampler in ("ddim", "ddpm"):
        accuracy = [entry["accuracy"]["mean"] for entry in digits[sampler].values()]
        assert accuracy[0] == max(accuracy) and accuracy[-1] < accuracy[0]
    guided = kept["guidance"]
    assert guided["scale_0"]["accuracy"]["mean"] < 0.15
    assert guided["scale_1"]["variety"] > guided["scale_2"]["variety"]
    distances = {name: entry["distance"]["mean"] for name, entry in guided.items()}
    assert min(distances, key=distances.get) == "scale_1"
    for v, noise, x_0 in zip(*(kept["errors"][kind] for kind in ("v", "noise", "x_0")), strict=True):
        assert noise + x_0 == pytest.approx(v, rel=1e-3)
    linear, cosine = (kept["information"][name]["accuracy"] for name in ("linear", "cosine"))
    half = kept["information"]["linear"]["t"].index(500)
    assert linear[half] < 0.3 < 0.75 < cosine[half]
    points, images = kept["ablation"]["points"], kept["ablation"]["digits"]["cosine"]

    def far(runs: dict, steps: int) -> float:
        return runs[f"steps_{steps}"]["distance"]["mean"]

    for steps in (3, 5, 10, 20, 50):
        assert far(points["cosine"]["v"], steps) < far(points["linear"]["v"], steps)
        assert far(points["cosine"]["noise"], steps) > far(points["linear"]["noise"], steps) or steps == 3
        assert far(points["cosine"]["v"], steps) < far(points["cosine"]["x_0"], steps)
        assert far(images["x_0"], steps) < min(far(images["v"], steps), far(images["noise"], steps))
    assert far(images["v"], 20) > 0.01 > abs(digits["ddim"]["steps_20"]["distance"]["mean"])
    assert SCHEDULES["linear"]()[-1].item() == pytest.approx(4e-5, rel=0.02)
    assert train.DROPPED == 0.1 and T == 1000
    nearest = kept["training"]["nearest"]
    assert 0.9 < nearest["samples"] / nearest["held_out"] < 1


# --- cells -------------------------------------------------------------------------------------------------

ROOT = small_digits.DIGITS.parents[2]
PAGE = (ROOT / "docs" / "architectures" / "diffusion.md").read_text(encoding="utf-8")
EDITS = [  # cell, what its prompt says to replace, by what, and the figures that must change
    ("diffusion.model:add_noise", ".sqrt()", "", {"forward_noising", "denoise_drawing"}),
    ("diffusion.model:cosine", "s: float = 0.008", "s: float = 0.5", {"schedules", "forward_noising"}),
    ("diffusion.model:ddim_step", "kept_scale * noise_hat + ", "", {"few_steps", "ddpm_ddim"}),
    ("diffusion.model:guide", "+ scale", "- scale", {"guidance"}),
    ("diffusion.walkthrough:one_call", "[3]", "[7]", set()),
    ("diffusion.walkthrough:draw", "times(10)", "times(1)", set()),
    ("diffusion.walkthrough:amplify", '"noise"', '"v"', set()),
]


@pytest.fixture(scope="module")
def session():
    with opened("diffusion") as session:
        yield session


def test_every_cell_on_the_page_has_an_edit_here():
    assert cells_on("diffusion") == {cell for cell, *_ in EDITS}


@pytest.mark.parametrize(("cell", "old", "new", "changed"), EDITS)
def test_what_a_cell_says_to_try_works_and_shows(session, cell, old, new, changed):
    if "walkthrough" in cell and "one_call" not in cell:
        session.run("diffusion.walkthrough:one_call", text_of("diffusion.walkthrough:one_call"), lambda _: None)
    with tried(session, cell, old, new, changed, says_otherwise=cell.endswith((":draw", ":amplify"))):
        pass


# --- figures -----------------------------------------------------------------------------------------------

FIGURES = load("diffusion")


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_can_be_drawn_at_the_ends_of_its_controls(name):
    figure = FIGURES[name]
    assert figure.draw() == figure.draw()
    for control_name, control in figure.controls.items():
        stops = control.states()
        for value in [stops[0], stops[-1]] if stops else []:
            figure.draw(**{control_name: value})


def test_at_the_end_of_the_way_a_point_is_where_it_was_sent():
    drawn = FIGURES["reverse_points"].draw(t=0)
    _, held, guessed = drawn["data"]
    assert held["x"] == guessed["x"] and held["y"] == guessed["y"]


def test_one_step_sends_every_point_to_the_middle_and_twenty_do_not():
    def spread(steps: int) -> float:
        cloud = FIGURES["few_steps"].draw(shape="ring", steps=steps)["data"][0]
        return torch.tensor([cloud["x"], cloud["y"]]).std().item()

    assert spread(1) < 0.2 and spread(20) > 0.8


def test_only_the_right_sampler_gives_the_ring():
    def cloud(mistake: str) -> torch.Tensor:
        drawn = FIGURES["mistakes"].draw(mistake=mistake, shape="ring")["data"][1]
        return torch.tensor([drawn["x"], drawn["y"]])

    def thickness(mistake: str) -> float:
        return (cloud(mistake).square().sum(0).sqrt() - 1.4).abs().mean().item()

    right = thickness("none")  # the data's is 0.07
    assert 0.03 < right < 0.1
    assert all(thickness(mistake) > 2 * right for mistake in ("time", "kind", "noise"))
    assert thickness("schedule") < right / 2
    assert cloud("back").std(dim=1).max() < 0.01
