"""Lines that other PyTorch look-alikes get wrong without a word: each gives PyTorch's answer here."""

import numpy as np

from tests.numpy_torch.answers import of_torch
from tests.numpy_torch.backends import PAGE, array, assert_same


def same(program, atol: float = 1e-6) -> tuple:
    """Run `program(torch)` on both; everything it returns must be equal. Returns the page's answer as
    arrays.
    """
    ours, theirs = program(PAGE.torch), of_torch(program)
    assert_same(ours, theirs, program.__name__, atol=atol)
    return tuple(array(value) if hasattr(value, "detach") else value for value in ours)


def test_a_boolean_attention_mask_keeps_what_is_true():
    def program(torch):
        torch.manual_seed(0)
        q, k, v = (torch.randn(2, 3, 4, 5, requires_grad=True) for _ in range(3))
        keep = torch.tensor(
            [
                [True, False, False, False],
                [True, True, False, False],
                [True, True, True, False],
                [True, True, True, True],
            ]
        )
        attend = torch.nn.functional.scaled_dot_product_attention
        by_mask, by_flag = attend(q, k, v, attn_mask=keep), attend(q, k, v, is_causal=True)
        by_mask.pow(2).sum().backward()
        return by_mask, by_flag, q.grad, k.grad, v.grad

    by_mask, by_flag, *_ = same(program, atol=5e-6)  # one key: PyTorch's zero gradient has rounding in it
    np.testing.assert_allclose(by_mask, by_flag, rtol=1e-6)


def test_a_boolean_mask_in_multihead_attention_hides_what_is_true():
    def program(torch):
        torch.manual_seed(0)
        attention = torch.nn.MultiheadAttention(8, 2, batch_first=True)
        x = torch.randn(2, 4, 8)
        future = torch.ones(4, 4, dtype=torch.bool).triu(1)
        padding = torch.tensor([[False, False, False, False], [False, False, False, True]])
        mixed, weights = attention(x, x, x, attn_mask=future, key_padding_mask=padding)
        return mixed, weights

    _, weights = same(program)
    assert (np.triu(weights, 1) == 0).all()
    assert (weights[1, :, 3] == 0).all()


def test_writing_into_a_slice_carries_gradients():
    def program(torch):
        x = torch.arange(6.0).reshape(2, 3).requires_grad_()
        out = torch.zeros(2, 4, 3)
        for t in range(4):
            out[:, t] = x * (t + 1)
        out[:, -1, 0] += x[:, 0]
        out.sum().backward()
        return out, x.grad, out.requires_grad, out.is_leaf

    _, grad, *_ = same(program)
    assert grad.tolist() == [[11, 10, 10], [11, 10, 10]]


def test_gather_with_repeated_indices_adds_gradients():
    def program(torch):
        x = torch.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
        picked = x.gather(1, torch.tensor([[2, 2, 2, 0]]))
        picked.sum().backward()
        table = torch.tensor([[1.0], [2.0]], requires_grad=True)
        torch.nn.functional.embedding(torch.tensor([1, 1, 0, 1]), table).sum().backward()
        y = torch.tensor([1.0, 2.0], requires_grad=True)
        y[torch.tensor([0, 0, 0])].sum().backward()
        return picked, x.grad, table.grad, y.grad

    _, grad, table, y = same(program)
    assert grad.tolist() == [[1, 0, 3]]
    assert table.tolist() == [[1], [3]]
    assert y.tolist() == [3, 0]


def test_assignment_with_repeated_indices_counts_once():
    def program(torch):
        x = torch.zeros(3)
        x[torch.tensor([1, 1, 1])] += 1
        y = torch.zeros(3).index_add(0, torch.tensor([1, 1, 1]), torch.ones(3))
        z = torch.zeros(3).index_put((torch.tensor([1, 1, 1]),), torch.ones(3), accumulate=True)
        return x, y, z

    x, y, z = same(program)
    assert (x[1], y[1], z[1]) == (1, 3, 3)


def test_tied_weights_are_one_parameter():
    def program(torch):
        torch.manual_seed(0)
        model = torch.nn.ModuleDict(
            {"embed": torch.nn.Embedding(5, 4), "head": torch.nn.Linear(4, 5, bias=False)}
        )
        model["head"].weight = model["embed"].weight
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model["head"](model["embed"](torch.tensor([1, 2]))).sum().backward()
        optimizer.step()
        return (
            len(list(model.parameters())),
            [name for name, _ in model.named_parameters()],
            list(model.state_dict()),
            model["embed"].weight,
            model["head"].weight,
        )

    count, names, keys, *_ = same(program)
    assert (count, names, keys) == (1, ["embed.weight"], ["embed.weight", "head.weight"])


def test_permute_counts_negative_dims_from_the_end():
    def program(torch):
        x = torch.arange(24.0).reshape(2, 3, 4).requires_grad_()
        turned = x.permute(0, -1, -2)
        (turned * torch.arange(24.0).reshape(2, 4, 3)).sum().backward()
        return turned, x.grad, x.permute(-1, 0, 1), x.movedim(-1, 0), tuple(turned.stride())

    turned, *_ = same(program)
    assert turned.shape == (2, 4, 3)


def test_the_gradient_of_prod_passes_through_a_zero():
    def program(torch):
        grads = []
        for values in ([2.0, 0.0, 3.0], [0.0, 0.0, 3.0]):
            x = torch.tensor(values, requires_grad=True)
            x.prod().backward()
            y = torch.tensor([values], requires_grad=True)
            y.prod(dim=1).sum().backward()
            z = torch.tensor(values, requires_grad=True)
            z.cumprod(0).sum().backward()
            grads += [x.grad, y.grad, z.grad]
        return grads

    first, *_ = same(program)
    assert first.tolist() == [0, 6, 0]


def test_the_gradient_of_a_norm_is_zero_at_zero():
    def program(torch):
        grads = []
        for norm in (
            lambda x: x.norm(),
            lambda x: x.norm(dim=-1).sum(),
            lambda x: x.norm(p=1),
            lambda x: torch.linalg.vector_norm(x, dim=0).sum(),
            lambda x: x.abs().sum(),
        ):
            x = torch.tensor([[0.0, 0.0], [3.0, 4.0]], requires_grad=True)
            norm(x).backward()
            grads.append(x.grad)
        x = torch.zeros(2, 2, requires_grad=True)
        x.norm().backward()
        return [*grads, x.grad]

    *_, at_zero = same(program)
    assert (at_zero == 0).all()


def test_cosine_similarity_broadcasts():
    def program(torch):
        torch.manual_seed(0)
        a, b = torch.randn(3, 1, 4, requires_grad=True), torch.randn(1, 5, 4, requires_grad=True)
        similarity = torch.nn.functional.cosine_similarity(a, b, dim=-1)
        similarity.sin().sum().backward()
        zero = torch.nn.functional.cosine_similarity(torch.zeros(2, 3), torch.ones(3), dim=1)
        return similarity, a.grad, b.grad, zero

    similarity, *_ = same(program)
    assert similarity.shape == (3, 5)


def test_a_module_dict_keeps_its_order():
    def program(torch):
        nn = torch.nn
        layers = nn.ModuleDict({"second": nn.Linear(2, 2), "first": nn.Linear(2, 3)})
        layers["alpha"] = nn.Linear(3, 1)
        layers.update({"zeta": nn.ReLU(), "beta": nn.Tanh()})
        layers["second"] = nn.Identity()
        return (
            list(layers),
            [name for name, _ in layers.named_parameters()],
            list(layers.state_dict()),
            repr(layers),
        )

    order, *_ = same(program)
    assert order == ["second", "first", "alpha", "zeta", "beta"]


def test_integer_and_or_are_bitwise():
    def program(torch):
        a, b = torch.tensor([12, 10, -1]), torch.tensor([10, 3, 6])
        masks = torch.tensor([True, False]) & torch.tensor([True, True])
        c = torch.tensor([6])
        c &= 3
        return a & b, a | b, a ^ b, ~a, a & 4, 5 | a, masks, a << 1, a >> 1, c, torch.tensor([True]) & 3

    both, either, *_ = same(program)
    assert both.tolist() == [8, 2, 6]
    assert either.tolist() == [14, 11, -1]


def test_a_numpy_scalar_on_the_left_gives_a_tensor():
    def program(torch):
        t = torch.tensor([1.0, 2.0], requires_grad=True)
        product = np.float64(2) * t
        product.sum().backward()
        n = torch.tensor([1, 2])
        return (
            product,
            t.grad,
            np.float32(3) * t,
            np.int64(2) * n,
            n * np.int64(2),
            t + np.float64(1),
            np.float64(1) * n,
            product.requires_grad,
        )

    product, *_ = same(program)
    assert product.tolist() == [2, 4]


def test_gradients_do_not_share_memory():
    def program(torch):
        a, b = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
        (a + b).sum().backward()
        a.grad.mul_(10)
        first = b.grad.clone()
        c = torch.ones(2, requires_grad=True)
        (c + c).sum().backward()
        e = torch.ones(2, requires_grad=True)
        e.sum().backward()
        kept = e.grad
        e.sum().backward()
        f = torch.zeros(2, requires_grad=True)
        torch.nn.utils.clip_grad_norm_([a, b], 0.1)
        f.expand(3, 2).sum().backward()
        f.grad[0] = -1
        return first, a.grad, b.grad, c.grad, kept, kept is e.grad, f.grad

    first, *_ = same(program)
    assert first.tolist() == [1, 1, 1]


def test_an_integer_beside_an_advanced_index_selects_and_does_not_move_it():
    """NumPy counts the 0 of `x[0, :, index]` as an advanced index and puts its dimension first; PyTorch
    does not.
    """

    def program(torch):
        x = torch.arange(24.0).reshape(2, 3, 4).requires_grad_()
        index = torch.tensor([0, 2, 3, 3, 1])
        beside, after = x[0, :, index], x[:, 0, index]
        ((beside * torch.arange(15.0).reshape(3, 5)).sum() + after.sum()).backward()
        y = torch.zeros(2, 3, 4)
        y[0, :, index] = torch.arange(15.0).reshape(3, 5)
        return beside, after, x.grad, y, x[1, :, [0, 1]], x[..., index, None], x[1][:, [0, 0]]

    beside, after, *_ = same(program)
    assert (beside.shape, after.shape) == ((3, 5), (2, 5))


def test_advanced_indices_apart_from_each_other_go_first():
    def program(torch):
        x = torch.arange(24.0).reshape(2, 3, 4).requires_grad_()
        rows, columns = torch.tensor([0, 1, 1]), torch.tensor([3, 0, 0])
        apart, together = x[rows, :, columns], x[:, torch.tensor([0, 2, 2]), columns]
        (apart.pow(2).sum() + together.sum()).backward()
        y = torch.zeros(2, 3, 4)
        y[torch.tensor([0, 1]), :, torch.tensor([[1], [2]])] = 1.0
        return apart, together, x.grad, y, x[[0], :, [[1], [2]]], x[rows, None, :, columns]

    apart, together, *_ = same(program)
    assert (apart.shape, together.shape) == ((3, 3), (2, 3))
