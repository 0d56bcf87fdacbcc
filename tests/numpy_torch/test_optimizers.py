"""Every optimizer updates parameters of every shape as PyTorch does, single numbers and empty tensors included."""

import pytest

from tests.numpy_torch.compare import both

OPTIMIZERS = {
    "SGD": lambda o, p: o.SGD(p, lr=0.1),
    "SGD with momentum": lambda o, p: o.SGD(p, lr=0.1, momentum=0.9, dampening=0.1, weight_decay=0.1),
    "SGD, Nesterov": lambda o, p: o.SGD(p, lr=0.1, momentum=0.9, nesterov=True, maximize=True),
    "Adam": lambda o, p: o.Adam(p, lr=0.1, weight_decay=0.1),
    "Adam, AMSGrad": lambda o, p: o.Adam(p, lr=0.1, betas=(0.5, 0.7), amsgrad=True, maximize=True),
    "AdamW": lambda o, p: o.AdamW(p, lr=0.1, weight_decay=0.1),
    "AdamW, AMSGrad": lambda o, p: o.AdamW(p, lr=0.1, eps=1e-3, amsgrad=True),
    "RMSprop": lambda o, p: o.RMSprop(p, lr=0.1, weight_decay=0.1),
    "RMSprop, centred": lambda o, p: o.RMSprop(p, lr=0.1, centered=True, momentum=0.5, maximize=True),
    "RMSprop with momentum": lambda o, p: o.RMSprop(p, lr=0.1, momentum=0.5),
    "Adagrad": lambda o, p: o.Adagrad(p, lr=0.1, weight_decay=0.1),
    "Adagrad, decaying": lambda o, p: o.Adagrad(p, lr=0.1, lr_decay=0.2, initial_accumulator_value=0.3, maximize=True),
}
SHAPES = [(), (1,), (3,), (2, 3), (0, 2)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_parameters_of_every_shape_are_updated_as_torch_does(name, shape, dtype):
    def run(T):
        parameter = T.nn.Parameter(T.randn(shape, dtype=getattr(T, dtype)))
        before = parameter.detach()
        optimizer = OPTIMIZERS[name](T.optim, [parameter])
        for _ in range(4):
            optimizer.zero_grad()
            (parameter.exp() + parameter**2).sum().backward()
            optimizer.step()
        same_memory = before.data_ptr() == parameter.data_ptr()
        return parameter, same_memory, optimizer.state_dict()["state"]

    both(run, tolerance=(1e-5, 1e-6))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_gradient_that_is_a_view_is_left_as_it_is(name):
    def run(T):
        parameter = T.nn.Parameter(T.randn(4, 3))
        parameter.grad = T.randn(3, 4).t()
        kept = parameter.grad.clone()
        optimizer = OPTIMIZERS[name](T.optim, [parameter])
        optimizer.step()
        optimizer.step()
        return parameter, T.equal(parameter.grad, kept)

    both(run, tolerance=(1e-5, 1e-6))
