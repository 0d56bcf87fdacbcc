"""Decompositions that op_db cannot compare number for number: their products equal PyTorch."""

import pytest
import torch

import snippets.numpy_torch as nt
from tests.numpy_torch.compare import both


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 5), (2, 4, 3)])
@pytest.mark.parametrize("full", [True, False])
def test_svd_multiplies_back(shape, full):
    def run(T):
        a = T.randn(*shape)
        u, s, vh = T.linalg.svd(a, full_matrices=full)
        k = min(shape[-2:])
        return u.shape, vh.shape, s, u[..., :k] @ T.diag_embed(s) @ vh[..., :k, :]

    both(run, names=False)


def test_the_gradient_of_svd_does_not_depend_on_signs():
    def run(T):
        a = T.randn(4, 3, requires_grad=True)
        u, s, vh = T.linalg.svd(a, full_matrices=False)
        ((u * s @ vh)[:2] ** 2).sum().backward()
        b = T.randn(3, 3, requires_grad=True)
        u, s, vh = T.linalg.svd(b)
        (u @ vh)[0].sum().backward()
        return a.grad, b.grad

    both(run, tolerance=(1e-3, 1e-4))


def test_eigh_multiplies_back():
    def run(T):
        a = T.randn(4, 4)
        a = a + a.mT
        values, vectors = T.linalg.eigh(a)
        return values, vectors @ T.diag(values) @ vectors.mT

    both(run, names=False, tolerance=(1e-4, 1e-5))


def test_the_gradient_of_a_full_svd_is_refused():
    a = nt.randn(3, 5, requires_grad=True)
    with pytest.raises(NotImplementedError, match="full_matrices"):
        nt.linalg.svd(a)[0].sum().backward()
    assert torch.linalg.svd(torch.ones(2, 2))
