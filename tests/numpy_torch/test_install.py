"""`install()` and the edges of the package: no side effects, no second PyTorch, and what is absent says
so.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.numpy_torch.backends import PAGE, TORCH, array

ROOT = Path(__file__).parents[2]
MODELS = Path(__file__).parent / "models"


def python(source: str) -> str:
    """Run source in a fresh interpreter at the repository root; its output. Fails with its error."""
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_snippets_imports_nothing():
    assert (ROOT / "snippets" / "__init__.py").read_text().strip() == ""
    assert (
        python("import sys; before = set(sys.modules); import snippets; print(*(set(sys.modules) - before))")
        == "snippets"
    )


def test_importing_the_package_has_no_side_effect():
    print_changes = """
import sys
import builtins
finders, hooks, names = list(sys.meta_path), list(sys.path_hooks), set(vars(builtins))
import numpy
errors = numpy.geterr()
state = numpy.random.get_state()[1].tolist()
import snippets.numpy_torch
assert sys.meta_path == finders and sys.path_hooks == hooks and set(vars(builtins)) == names
assert numpy.geterr() == errors and numpy.random.get_state()[1].tolist() == state
print([name for name in sys.modules if name.partition(".")[0] == "torch"])
"""
    assert python(print_changes) == "[]"


def test_numpy_is_the_only_dependency():
    foreign = python("""
import sys
standard = set(sys.stdlib_module_names)
import snippets.numpy_torch as nt
import snippets.numpy_torch.nn, snippets.numpy_torch.nn.functional, snippets.numpy_torch.optim
tops = {name.partition(".")[0] for name in sys.modules}
print(*sorted(name for name in tops - standard if not name.startswith("_") and "." not in name))
""").split()
    assert set(foreign) <= {"numpy", "snippets", "sitecustomize", "usercustomize", "distutils-precedence"}


def test_install_refuses_beside_the_real_pytorch():
    with pytest.raises(RuntimeError, match="real PyTorch is already imported"):
        PAGE.torch.install()
    assert sys.modules["torch"] is torch


def test_install_makes_every_spelling_of_the_import_work():
    assert (
        python("""
import snippets.numpy_torch as nt
assert nt.install() is nt
assert nt.install() is nt, "a second call changes nothing"
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim.lr_scheduler
import torch.utils.data
import torch.distributions as D
from torch import Tensor, nn as again, optim
from torch.autograd import Function
from torch.nn import Parameter, init
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.rnn import pad_sequence
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Dataset
import snippets.numpy_torch.nn.functional
assert torch is nt and nn is nt.nn is again and F is functional is nt.nn.functional
assert torch.optim.AdamW is AdamW is nt.optim.AdamW is optim.AdamW
assert isinstance(nn.Parameter(torch.zeros(1)), Tensor) and isinstance(nn.Linear(1, 1).weight, Parameter)
assert torch.device("cuda" if torch.cuda.is_available() else "cpu") == torch.device("cpu")
assert not torch.backends.mps.is_available()
torch.manual_seed(0)
print(torch.randn(3))
""")
        == "tensor([ 1.5410, -0.2934, -2.1788])"
    )


@pytest.mark.parametrize("name", ["rnn", "gpt", "cnn", "world_model"])
def test_an_installed_package_trains_a_model_file_as_it_is(name):
    """The loss after three steps, in an interpreter that never saw PyTorch, is PyTorch's."""
    steps = """
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
torch.manual_seed(1)
for _ in range(3):
    optimizer.zero_grad()
    value = module.loss(model, batch)
    value.backward()
    optimizer.step()
"""
    printed = python(f"""
import sys
import snippets.numpy_torch as nt
nt.install()
sys.path.insert(0, {str(MODELS)!r})
import torch
module = __import__({name!r})
model, batch = module.build(3)
{steps}
print(value.item())
""")
    module = TORCH.load(MODELS / f"{name}.py")
    model, batch = module.build(3)
    space = {"torch": torch, "module": module, "model": model, "batch": batch}
    exec(steps, space)
    assert float(printed) == pytest.approx(float(array(space["value"])), rel=1e-4)


PLACES = [
    "",
    "nn",
    "nn.functional",
    "nn.init",
    "nn.utils",
    "optim",
    "optim.lr_scheduler",
    "linalg",
    "fft",
    "special",
    "autograd",
    "distributions",
    "utils.data",
    "Tensor",
]


def place(package, path: str):
    for part in path.split("."):
        package = getattr(package, part) if part else package
    return package


@pytest.mark.parametrize("path", PLACES)
def test_every_public_name_is_there_or_refused_by_name(path):
    theirs = place(torch, path)
    try:
        ours = place(PAGE.torch, path)
    except NotImplementedError as refusal:  # the whole module is absent
        assert path in str(refusal)
        return
    names = getattr(theirs, "__all__", None) or dir(theirs)
    wrong = []
    for name in names:
        if name.startswith("_"):
            continue
        try:
            getattr(ours, name)
        except NotImplementedError as error:
            if name not in str(error) or "is not in the page" not in str(error):
                wrong.append(f"{name}: {error}")
        except AttributeError as error:
            wrong.append(f"{name}: AttributeError: {error}")
    assert not wrong, f"{len(wrong)} of {len(names)}: {wrong[:20]}"


@pytest.mark.parametrize("path", ["", "nn", "nn.functional", "optim", "linalg"])
def test_a_name_that_pytorch_has_not_either_is_an_attribute_error(path):
    messages = []
    for package in (torch, PAGE.torch):
        with pytest.raises(AttributeError) as caught:
            _ = place(package, path).no_such_name
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_a_tensor_without_such_an_attribute_says_what_pytorch_says():
    for spoil in (
        lambda t: t.ones(2).no_such_name,
        lambda t: t.nn.Linear(1, 1).no_such_name,
        lambda t: t.Tensor.no_such_name,
    ):
        with pytest.raises(AttributeError) as theirs:
            spoil(torch)
        with pytest.raises(AttributeError) as ours:
            spoil(PAGE.torch)
        assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize(
    ("use", "named"),
    [
        (lambda t: t.compile(t.nn.Linear(1, 1)), "compile"),
        (lambda t: t.jit.script(lambda x: x), "jit"),
        (lambda t: t.ones(2).to_sparse(), "to_sparse"),
        (lambda t: t.quantize_per_tensor, "quantize_per_tensor"),
        (lambda t: t.nn.functional.grid_sample, "grid_sample"),
        (lambda t: t.optim.LBFGS, "LBFGS"),
    ],
)
def test_what_is_absent_names_the_call(use, named):
    with pytest.raises(NotImplementedError, match=named):
        use(PAGE.torch)


def test_an_absent_name_hints_at_the_nearest_one():
    with pytest.raises(NotImplementedError, match=r"nearest in the page: .*max_pool2d"):
        _ = PAGE.torch.nn.functional.max_unpool2d


@pytest.mark.parametrize("call", ["save", "load"])
def test_pickled_files_are_refused_with_the_way_that_works(call, tmp_path):
    nt = PAGE.torch
    arguments = ({"w": nt.ones(1)}, tmp_path / "w.pt") if call == "save" else (tmp_path / "w.pt",)
    with pytest.raises(NotImplementedError, match=f"torch.{call}.*safetensors"):
        getattr(nt, call)(*arguments)


def test_a_state_dict_goes_from_pytorch_to_the_page_as_arrays():
    nt = PAGE.torch
    torch.manual_seed(0)
    theirs, ours = torch.nn.LSTM(3, 4), nt.nn.LSTM(3, 4)
    ours.load_state_dict({name: nt.from_numpy(array(value)) for name, value in theirs.state_dict().items()})
    assert all(
        (array(a) == array(b)).all() for a, b in zip(ours.parameters(), theirs.parameters(), strict=True)
    )
    with pytest.raises(RuntimeError, match=r"Missing key\(s\) in state_dict: .*bias_hh_l0"):
        ours.load_state_dict({"weight_ih_l0": ours.weight_ih_l0})


def test_other_devices_do_not_exist():
    nt = PAGE.torch
    with pytest.raises((AssertionError, RuntimeError), match="CUDA"):
        nt.ones(1).to("cuda")
    assert nt.ones(1).cpu().device == nt.device("cpu")
