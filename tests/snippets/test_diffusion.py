"""The diffusion page: noise and steps are those of an independent library, weights what the recipe makes."""

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from diffusers.models.attention_processor import Attention
from diffusers.models.embeddings import get_timestep_embedding
from diffusers.models.resnet import ResnetBlock2D

from snippets.diffusion.model import (
    SCHEDULES,
    ResidualBlock,
    SelfAttention,
    T,
    TimeEmbedding,
    add_noise,
    ddim_step,
    ddpm_step,
    estimate,
    guide,
    target,
    times,
)

CLOSE = {"rtol": 0, "atol": 1e-5}
THEIRS = {"linear": "linear", "cosine": "squaredcos_cap_v2"}
PREDICTS = {"noise": "epsilon", "x_0": "sample", "v": "v_prediction"}


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
