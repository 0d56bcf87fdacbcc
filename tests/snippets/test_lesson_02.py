"""Lesson 2: the exercises' verdicts, and the same results in the page as at home."""

import pytest
import torch

from snippets.lesson_02.checks import is_softmax, looks_back_only


def attend(queries, keys, values, allowed=None):
    scores = queries @ keys.T / keys.shape[-1] ** 0.5
    if allowed is not None:
        scores = scores.masked_fill(~allowed, float("-inf"))
    return torch.softmax(scores, dim=-1) @ values


def table(T):
    return torch.ones(T, T, dtype=torch.bool)


def test_the_triangle_is_right():
    assert looks_back_only(attend, lambda T: table(T).tril()).startswith("Right")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (table, "after a change at position 1, the output at position 0"),
        (lambda T: table(T).triu(), "position 1 does not look at position 0"),
        (lambda T: table(T).tril(1), "after a change at position 1, the output at position 0"),
        (lambda T: table(T).tril(-1), "position 0 may look nowhere"),
        (lambda T: torch.eye(T, dtype=torch.bool), "position 1 does not look at position 0"),
        (lambda T: table(T).tril().float(), "booleans"),
        (lambda T: table(T - 1).tril(), "(6, 6)"),
        (lambda T: None, "booleans"),
    ],
)
def test_other_tables_are_not(answer, verdict):
    said = looks_back_only(attend, answer)
    assert said.startswith("Not yet")
    assert verdict in said


def test_a_softmax_that_subtracts_the_largest_is_right():
    assert is_softmax(lambda scores: torch.softmax(scores, dim=-1)).startswith("Right")

    def by_hand(scores):
        powers = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
        return powers / powers.sum(dim=-1, keepdim=True)

    assert is_softmax(by_hand).startswith("Right")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (lambda scores: scores.exp() / scores.exp().sum(dim=-1, keepdim=True), "not numbers"),
        (lambda scores: torch.softmax(scores, dim=0), "not the softmax of each row"),
        (lambda scores: torch.softmax(scores.clamp(-50, 50), dim=-1), "the weights change"),
        (lambda scores: torch.softmax(scores - scores.mean(), dim=-1).sum(dim=-1), "(5, 7) weights"),
    ],
)
def test_other_functions_are_not(answer, verdict):
    said = is_softmax(answer)
    assert said.startswith("Not yet")
    assert verdict in said
