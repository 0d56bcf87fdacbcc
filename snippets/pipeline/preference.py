"""The best policies for a reward, exactly: tilted by it at a price, or the best of n draws.

Sources: T. Korbak, E. Perez, C. Buckley, "RL with KL Penalties is Better Viewed as Bayesian Inference", 2022,
section 3; A. Beirami et al., "Theoretical Guarantees on the Best-of-n Alignment Policy", 2024, section 2.
"""

import torch


def tilted(reference: torch.Tensor, reward: torch.Tensor, price: float) -> torch.Tensor:
    """The policy with the most E[reward] − price · KL to the reference: reference · exp(reward / price), scaled."""
    return torch.softmax(reference.log() + reward / price, dim=-1)


def best_of(reference: torch.Tensor, reward: torch.Tensor, count: int) -> torch.Tensor:
    """Chances of each outcome when `count` are drawn and the first of the best rewarded is kept."""
    kept = torch.zeros_like(reference)
    below = 0.0
    for level in sorted(set(reward.tolist())):
        here = reward == level
        share = reference[here].sum().item()
        if share > 0:
            kept[here] = reference[here] * (((below + share) ** count - below**count) / share)
        below += share
    return kept / kept.sum()


def paid(policy: torch.Tensor, reference: torch.Tensor) -> float:
    """KL divergence from the reference, in nats; outcomes that never come cost nothing."""
    held = policy > 0
    return (policy[held] * (policy[held] / reference[held]).log()).sum().item()
