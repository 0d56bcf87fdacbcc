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


def test_the_gradient_of_eigh_does_not_depend_on_signs():
    def run(T):
        a = T.randn(2, 4, 4, requires_grad=True)
        values, vectors = T.linalg.eigh(a + a.mT)
        (values.square().sum() + ((vectors * values[..., None, :] ** 3) @ vectors.mT)[..., 0, 1].sum()).backward()
        b = T.randn(3, 3, requires_grad=True)
        T.linalg.eigvalsh(b)[0].backward()
        return a.grad, b.grad

    both(run, tolerance=(1e-3, 2e-4))


SOLVERS = {
    "cholesky": lambda T, a, b: T.linalg.cholesky(a @ a.mT + 4 * T.eye(3)),
    "upper cholesky": lambda T, a, b: T.linalg.cholesky(a @ a.mT + 4 * T.eye(3), upper=True),
    "a covariance by its factor": lambda T, a, b: T.linalg.solve_triangular(
        T.linalg.cholesky(a @ a.mT + 4 * T.eye(3)), b, upper=False).square().sum(-2),
    "solve from the right": lambda T, a, b: T.linalg.solve_triangular(a + 4 * T.eye(3), b.mT, upper=True, left=False),
    "unit triangle": lambda T, a, b: T.linalg.solve_triangular(a, b, upper=True, unitriangular=True),
    "pinv": lambda T, a, b: T.linalg.pinv(a),
    "pinv of a wide matrix": lambda T, a, b: T.linalg.pinv(b.mT),
    "pinv of a tall matrix": lambda T, a, b: T.linalg.pinv(b),
    "lstsq": lambda T, a, b: T.linalg.lstsq(b[0], a[0])[0],
    "inverse": lambda T, a, b: a.inverse() + T.inverse(a),
    "determinants": lambda T, a, b: a.det() + a.slogdet()[1] + T.logdet(a @ a.mT),
    "cond": lambda T, a, b: T.linalg.cond(a) + T.linalg.cond(a, -2),
}


@pytest.mark.parametrize("name", SOLVERS)
def test_a_solver_and_its_gradient(name):
    def run(T):
        a, b = T.randn(2, 3, 3, requires_grad=True), T.randn(2, 3, 2, requires_grad=True)
        out = SOLVERS[name](T, a, b)
        (out * T.linspace(-1, 1, out.numel()).reshape(out.shape)).sum().backward()
        return out, a.grad, b.grad

    both(run, names=False, tolerance=(2e-3, 2e-4))


FAULTS = {
    "not square": lambda T: T.linalg.cholesky(T.ones(2, 3)),
    "eigh of whole numbers": lambda T: T.linalg.eigh(T.ones(2, 2, dtype=T.int64)),
    "eigh of another triangle": lambda T: T.linalg.eigh(T.ones(2, 2), "X"),
    "triangular sizes": lambda T: T.linalg.solve_triangular(T.eye(3), T.ones(2, 2), upper=True),
    "cross of two": lambda T: T.linalg.cross(T.ones(2), T.ones(2)),
    "inner of sizes": lambda T: T.inner(T.ones(2), T.ones(3)),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_named_as_pytorch_names_them(name):
    both(FAULTS[name])


@pytest.mark.parametrize("make", [lambda T: -T.eye(3), lambda T: T.stack([T.eye(2), -T.eye(2)])])
def test_cholesky_names_the_matrix_that_is_not_positive_definite(make):
    raised = []
    for T in (nt, torch):
        with pytest.raises(T.linalg.LinAlgError) as caught:
            T.linalg.cholesky(make(T))
        raised.append((type(caught.value).__name__, str(caught.value)))
    assert raised[0] == raised[1]
