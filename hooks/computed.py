"""Numbers about real systems that follow from their sizes: computed here, quoted as ``{{ computed.name | .0f }}``."""

import math

from snippets.gpt.memory import cache_bytes

GIBIBYTE = 2**30
HALF = 2  # bytes of a number in half precision


def numbers() -> dict[str, float]:
    """Return every number by its name.

    "7B" stands for 32 layers of width 4,096 with 32 heads of 128 numbers, the shape of the smallest LLaMA; 32K is
    32,768 tokens.
    """
    tokens, layers, heads, head_width = 32 * 1024, 32, 32, 128
    width = heads * head_width
    rank = 8
    return {
        "kv_cache_7b": cache_bytes(tokens, layers, heads, head_width, HALF) / GIBIBYTE,
        "kv_cache_7b_grouped": cache_bytes(tokens, layers, 8, head_width, HALF) / GIBIBYTE,
        "kv_cache_7b_single": cache_bytes(tokens, layers, 1, head_width, HALF) / GIBIBYTE,
        "attention_map": tokens * tokens * HALF / GIBIBYTE,
        "attention_pairs": tokens * (tokens + 1) / 2 / 1e6,
        "window_share": window_pairs(tokens, 4096) / (tokens * (tokens + 1) / 2),
        "gpt3_blocks": block_parameters(layers=96, width=12_288) / 1e9,
        "lora_matrix": width * width,
        "lora_factors": 2 * width * rank,
        "lora_share": 2 * width * rank / (width * width),
        "patches_224": (224 // 16) ** 2,
        "bits_in_a_nat": 1 / math.log(2),
        "half_gate": 0.5 ** (1 / 50),
        "shrink_fifty": 0.9**50,
    }


def block_parameters(layers: int, width: int) -> int:
    """Parameters of the matrices of blocks of width D: 4 D² in attention, 8 D² in a feed-forward part of width 4 D."""
    return layers * (4 + 8) * width * width


def window_pairs(tokens: int, window: int) -> int:
    """Pairs that causal attention computes when each token sees `window` places, its own among them."""
    full = min(tokens, window)
    return full * (full + 1) // 2 + (tokens - full) * window
