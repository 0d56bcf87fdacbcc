"""Autograd equals PyTorch: graphs, views, in-place writes, versions, modes, hooks, errors."""

import sys

import pytest
import torch

import snippets.numpy_torch as nt
from tests.numpy_torch.compare import both

CASES = {}


def case(fn):
    CASES[fn.__name__] = fn
    return fn


@case
def gradients_add_up_and_are_shared_by_nobody(T):
    x = T.ones(3, requires_grad=True)
    y = x + x
    y.sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    a, b = T.ones(2, requires_grad=True), T.ones(2, requires_grad=True)
    (a + b).sum().backward()
    a.grad.add_(5)
    return x.grad, first is x.grad, b.grad, a.grad


@case
def writing_into_a_slice_records_both_parts(T):
    x = T.randn(4, 3, requires_grad=True)
    out = T.zeros(4, 5)
    out[:, 1] = x[:, 0]
    out[1:3, 2:] = x[:2] * 2
    out[0] += 1
    (out * T.arange(20.0).view(4, 5)).sum().backward()
    return out.detach(), x.grad, repr(out)


@case
def a_view_sees_a_later_write_to_its_base(T):
    x = T.randn(3, requires_grad=True)
    base = T.zeros(2, 3)
    view = base[0]
    base.add_(x)
    (view * T.tensor([1.0, 2.0, 3.0])).sum().backward()
    return view.detach(), view.requires_grad, x.grad, view.grad_fn.name(), base.grad_fn.name()


@case
def a_write_through_a_view_reaches_the_base_and_its_other_views(T):
    x = T.randn(2, 3, requires_grad=True)
    y = x * 2
    row, column = y[0], y[:, 1]
    row.mul_(x[1])
    y.sum().backward()
    return y.detach(), column.detach(), x.grad, y.grad_fn.name()


@case
def chains_of_views_and_writes(T):
    x = T.randn(4, 6, requires_grad=True)
    y = x.clone()
    y.view(2, 2, 6).transpose(0, 1)[1, :, ::2].exp_()
    y.t()[2:4].mul_(3)
    y.unsqueeze(0).squeeze().diagonal().zero_()
    y[T.tensor([0, 2, 0]), T.tensor([1, 5, 1])] = x[3, :3]
    (y * y).sum().backward()
    return y.detach(), x.grad


@case
def overwritten_values_are_noticed(T):
    x = T.ones(3, requires_grad=True)
    y = x.tanh()
    z = y * y
    y.add_(1)
    z.sum().backward()


@case
def an_overwritten_result_is_noticed(T):
    x = T.ones(2, 3, requires_grad=True)
    y = x.exp()
    y.mul_(2)
    y.sum().backward()


@case
def an_overwritten_leaf_is_noticed(T):
    w = T.ones(3, requires_grad=True)
    loss = (w * w).sum()
    with T.no_grad():
        w -= 1
    loss.backward()


@case
def a_leaf_refuses_in_place_writes(T):
    T.ones(3, requires_grad=True).add_(1)


@case
def a_view_of_a_leaf_refuses_in_place_writes(T):
    T.ones(3, requires_grad=True)[0] = 1


@case
def an_output_of_unbind_refuses_in_place_writes(T):
    x = T.ones(2, 3, requires_grad=True) * 1
    x.unbind(0)[1].add_(1)


@case
def a_view_made_without_grad_refuses_in_place_writes(T):
    x = T.ones(2, 3, requires_grad=True) * 1
    with T.no_grad():
        y = x[0]
    y.mul_(x[1])


@case
def a_second_backward_is_refused(T):
    x = T.ones(3, requires_grad=True)
    y = (x * x).sum()
    y.backward()
    y.backward()


@case
def retain_graph_allows_a_second_backward(T):
    x = T.ones(3, requires_grad=True)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return x.grad


@case
def only_scalars_start_backward(T):
    (T.ones(3, requires_grad=True) * 2).backward()


@case
def nothing_to_differentiate(T):
    T.ones(3).sum().backward()


@case
def grad_returns_none_for_what_was_not_used(T):
    x, y = T.ones(3, requires_grad=True), T.ones(3, requires_grad=True)
    return T.autograd.grad((x * 2).sum(), [x, y], allow_unused=True), x.grad


@case
def grad_complains_about_what_was_not_used(T):
    x, y = T.ones(3, requires_grad=True), T.ones(3, requires_grad=True)
    return T.autograd.grad((x * 2).sum(), [x, y])


@case
def grad_of_intermediate_values(T):
    x = T.randn(3, requires_grad=True)
    y = x.exp()
    z = (y * x).sum()
    return T.autograd.grad(z, [y, x])


@case
def modes(T):
    x = T.ones(2, requires_grad=True)
    with T.no_grad():
        a = x * 2
        with T.enable_grad():
            b = x * 2
    with T.inference_mode():
        c = x * 2
    T.set_grad_enabled(False)
    d = x * 2
    T.set_grad_enabled(True)

    @T.no_grad()
    def quiet():
        return x * 2

    return [t.requires_grad for t in (a, b, c, d, quiet(), x * 2)], c.is_inference(), T.is_grad_enabled()


@case
def integers_do_not_require_grad(T):
    T.arange(3).requires_grad_()


@case
def hooks_see_and_change_gradients(T):
    seen = []
    x = T.randn(3, requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: seen.append(g.clone()))
    y.register_hook(lambda g: g * 10)
    handle = x.register_hook(lambda g: g + 1)
    y.retain_grad()
    y.sum().backward()
    handle.remove()
    x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.clone()))
    (x * 2).sum().backward()
    return x.grad, y.grad, seen


@case
def backward_into_chosen_inputs(T):
    x, y = T.ones(2, requires_grad=True), T.ones(2, requires_grad=True)
    (x * y).sum().backward(inputs=[x])
    return x.grad, y.grad is None


@case
def own_functions(T):
    class Cube(T.autograd.Function):
        @staticmethod
        def forward(ctx, x, scale):
            ctx.save_for_backward(x)
            ctx.scale = scale
            return x**3 * scale

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return grad * 3 * x**2 * ctx.scale, None

    x = T.randn(3, requires_grad=True)
    y = Cube.apply(x, 2.0)
    y.sum().backward()
    return y, x.grad, repr(y)


@case
def a_straight_through_estimator(T):
    x = T.randn(4, requires_grad=True)
    y = x + (x.round() - x).detach()
    (y * y).sum().backward()
    return y, x.grad


@case
def broadcasting_is_undone(T):
    a, b = T.randn(3, 1, requires_grad=True), T.randn(4, requires_grad=True)
    (a * b + a / b - b).sum().backward()
    return a.grad, b.grad


@case
def mixed_types_get_gradients_of_their_own_type(T):
    a, b = T.randn(3, requires_grad=True), T.randn(3, dtype=T.float64, requires_grad=True)
    (a * b * T.arange(3)).sum().backward()
    return a.grad, b.grad


@case
def repeated_indices_add_up(T):
    w = T.randn(5, 2, requires_grad=True)
    i = T.tensor([0, 3, 0, 0, 3])
    (w[i] * T.arange(10.0).view(5, 2)).sum().backward()
    v = T.randn(3, 4, requires_grad=True)
    v.gather(1, T.tensor([[0, 0, 0], [1, 2, 1], [3, 3, 0]])).exp().sum().backward()
    return w.grad, v.grad


@case
def norms_and_products_at_zero(T):
    x = T.zeros(3, requires_grad=True)
    x.norm().backward()
    y = T.tensor([2.0, 0.0, 3.0, 0.0], requires_grad=True)
    y.prod().backward()
    z = T.tensor([2.0, 0.0, 3.0], requires_grad=True)
    z.prod().backward()
    return x.grad, y.grad, z.grad


@case
def accumulating_a_list_of_steps(T):
    w = T.randn(3, 3, requires_grad=True)
    h, outs = T.zeros(3), []
    for t in range(6):
        h = T.tanh(h @ w + t)
        outs.append(h)
    T.stack(outs).pow(2).sum().backward()
    return w.grad, T.stack(outs)


@case
def masks_and_where(T):
    x = T.randn(3, 4, requires_grad=True)
    y = x.masked_fill(x > 0, float("-inf")).softmax(-1)
    z = T.where(x > 0, x, 0.0)
    w = x[x > 0]
    (y.sum() + z.sum() + (w * w).sum()).backward()
    return x.grad, y, z, w


@case
def next_functions(T):
    x = T.ones(2, requires_grad=True)
    y = (x * 2 + 1).sum()
    names, node = [], y.grad_fn
    while node is not None:
        names.append(node.name())
        node = node.next_functions[0][0] if node.next_functions else None
    return names


@pytest.mark.parametrize("name", CASES)
def test_autograd_equals_torch(name):
    both(CASES[name])


def test_a_very_long_graph_needs_no_recursion():
    x = nt.ones(1, requires_grad=True)
    y = x
    for _ in range(20 * sys.getrecursionlimit()):
        y = y + 1
    y.backward()
    assert x.grad.item() == 1
    del y


@pytest.mark.parametrize("lines", [
    lambda T, x: (x**3).sum(),
    lambda T, x: (x.sin() * x.exp() + x.tanh()).sum(),
    lambda T, x: (x @ x.t()).pow(2).sum(),
    lambda T, x: x.norm(2, dim=1).sum(),
    lambda T, x: T.nn.functional.linear(x, x).relu().sum(),
    lambda T, x: (x[0] * x[1]).mean() + (x.reshape(-1)[::2] / 3).sum(),
    lambda T, x: x.sigmoid().log().sum(),
    lambda T, x: T.cat([x, x * x]).sum() / x.abs().sum(),
])
def test_the_gradient_of_a_gradient_equals_torch(lines):
    def run(T):
        x = T.randn(3, 3, requires_grad=True)
        (first,) = T.autograd.grad(lines(T, x), x, create_graph=True)
        (first * first).sum().backward()
        return first.detach(), x.grad

    both(run, tolerance=(1e-4, 1e-4))


def test_what_has_no_second_gradient_is_refused():
    x = nt.randn(2, 3, requires_grad=True)
    out, _ = nt.nn.RNN(3, 4)(x)
    with pytest.raises(NotImplementedError, match="create_graph"):
        nt.autograd.grad(out.sum(), x, create_graph=True)


def test_torch_and_numpy_torch_live_in_one_process():
    assert sys.modules["torch"] is torch
    with pytest.raises(RuntimeError, match="already imported"):
        nt.install()
