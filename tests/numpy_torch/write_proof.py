"""Write the numbers and tables of docs/torch-in-the-page.md: what is here, what is not, and how much is compared.

Run it after a change of numpy_torch or of its tests: `python -m tests.numpy_torch.write_proof`. It counts the samples
that test_op_db.py meets, of new ops only; after an upgrade of PyTorch `--again` counts all, which takes some minutes.
`test_proof.py` holds the files to what is there.
"""

import importlib
import inspect
import json
import re
import sys
import warnings
from pathlib import Path

import torch

import snippets.numpy_torch as nt
from tests.numpy_torch import exclusions, op_answers, page_runner, test_models, test_op_db, test_random_stream

TARGET = Path(__file__).parents[2] / "snippets" / "torch_in_the_page"
def a_class(of):
    return lambda it: inspect.isclass(it) and issubclass(it, of)


def a_function(it) -> bool:
    return callable(it) and not inspect.isclass(it) and bool(inspect.getdoc(it))


def a_functional(it) -> bool:
    """A function of nn.functional: of that file, or one of C++ that it publishes."""
    return a_function(it) and getattr(it, "__module__", None) in ("torch.nn.functional", "torch._C._nn", "torch", None)


MODULES = {  # module → what of it is listed
    "torch.nn": a_class(torch.nn.Module),
    "torch.nn.functional": a_functional,
    "torch.nn.init": a_function,
    "torch.nn.utils": a_function,
    "torch.nn.utils.parametrizations": a_function,
    "torch.nn.utils.rnn": callable,
    "torch.optim": a_class(torch.optim.Optimizer),
    "torch.optim.lr_scheduler": a_class(torch.optim.lr_scheduler.LRScheduler),
    "torch.distributions": callable,
    "torch.utils.data": callable,
    "torch.autograd": callable,
    "torch.linalg": a_function,
    "torch.fft": a_function,
    "torch.special": a_function,
}
LISTED = ("torch.nn.utils.rnn", "torch.distributions", "torch.utils.data", "torch.autograd", "torch.fft",
          "torch.special")
TITLES = {"ops_activation": "Softmax", "ops_algebra": "Linear algebra and kin", "tensor": "What a tensor is",
          "ops_index": "Indexing, gather and scatter", "ops_more": "Distances, differences, masked writes",
          "dtypes": "Types"}  # where the first words of the file are not a title
# names without an underscore that are PyTorch's inner workings, not its API
INTERNAL = re.compile("_?(cudnn|miopen|mkldnn|fbgemm|quantized|fake_quantize|native|batch_norm_|import_|parse_|sym_|"
                      "autocast|is_autocast|get_autocast|set_autocast|handle_|has_torch|boolean_|assert_int|"
                      "typename|compiled_with|merge_type|prepare_multi|get_file|unify_|vitals|set_vital|read_vitals|"
                      "wait|fork|init_num_threads|hash_tensor|thread_safe|while_loop|sparse_|.*_storage|is_storage|"
                      "reproducibility_notes|tf32_notes|grouped_mm|scaled_|Container|CrossMapLRN2d|NLLLoss2d|"
                      "RNNCellBase|.*_with_indices$|unsafe_|segment_|sspaddmm|.*dlpack|const_data|to_mkldnn|"
                      "NestedIO|is_tensor_like|(map|apply|geometric|cauchy|log_normal)_$|as_subclass|q_|int_repr|dequantize|choose_qparams|fused_|is_vulkan|.*_copy$|.*_cast$|factory_|"
                      "dsmm|hsmm|hspmm|saddmm|smm|spmm|resize_as_sparse)")


def public_names(owner, wanted, twins: bool = True) -> list[str]:
    """What PyTorch documents there: names of the listed kind, without inner workings.

    `twins` leaves out the in-place x_ where there is an x; it is off where x is the deprecated spelling of x_.
    """
    listed = set(owner.__all__ if owner.__name__ in LISTED else dir(owner))
    if not twins:
        listed -= {name.removesuffix("_") for name in listed if name.endswith("_")}
    names = []
    for name in sorted(listed):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            it = getattr(owner, name, None)
        own = (getattr(it, "__module__", None) or "torch").startswith("torch")
        if not name.startswith("_") and not INTERNAL.match(name) and own and wanted(it):
            names.append(name)
    return [n for n in names if not (twins and n.endswith("_") and n[:-1] in listed)]


def found(owner, name: str):
    """The page's own, or the hint of what is nearest as a list."""
    try:
        return getattr(owner, name), []
    except NotImplementedError as error:
        return None, str(error).partition("nearest in the page: ")[2].split(", ")
    except AttributeError:
        return None, []


def families() -> list[list]:
    """[title, names] of the functions and methods of tensors, by the file that they are in."""
    from snippets.numpy_torch.later import OPS, load

    for name in OPS:
        load(name)
    by_file: dict[str, set[str]] = {}
    own = {**nt._FUNCTIONS, **{n: f for n, f in vars(nt.Tensor).items() if inspect.isfunction(f)}}
    for name, fn in own.items():
        if not name.startswith("_") and not (name.endswith("_") and name[:-1] in own) and (
                hasattr(torch, name) or hasattr(torch.Tensor, name)):
            by_file.setdefault(fn.__module__, set()).add(name)
    rows = []
    for module, names in by_file.items():
        title = inspect.getdoc(importlib.import_module(module)).splitlines()[0]
        rows.append([TITLES.get(module.rpartition(".")[2]) or re.split(r"[:.](?:\s|$)", title)[0], sorted(names)])
    return sorted(rows, key=lambda row: -len(row[1]))


def tables() -> dict:
    """What is here by family and module, what is absent with the nearest that is here."""
    here, absent = [["torch and Tensor", title, names] for title, names in families()], []
    functions = public_names(torch, a_function)
    methods = public_names(torch.Tensor, a_function)
    listed = {"torch": (torch, nt, functions), "Tensor": (torch.Tensor, nt.Tensor,
                                                         sorted(set(methods) - set(functions)))}
    for name, wanted in MODULES.items():
        theirs = importlib.import_module(name)
        ours = importlib.import_module("snippets.numpy_torch" + name.removeprefix("torch"))
        listed[name] = theirs, ours, public_names(theirs, wanted, name not in ("torch.nn.init", "torch.nn.utils"))
    for module, (_, ours, names) in listed.items():
        missing = []
        present = []
        for name in names:
            it, near = found(ours, name)
            if it is None:
                missing.append([name, near[0] if near else ""])
            else:
                present.append(name)
        if module not in ("torch", "Tensor"):
            here.append([module, "", present])
        if missing:
            absent.append([module, missing])
    return {"here": here, "absent": absent}


def samples(known: dict[str, int]) -> dict[str, int]:
    """How many of PyTorch's sample inputs test_op_db.py compares, by case; those in `known` are not counted again."""
    return {case.id: known.get(case.id) or count(*case.values) for case in test_op_db.cases()}


def count(op, dtype) -> int:
    torch.manual_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sum(1 for _ in op.sample_inputs("cpu", dtype, requires_grad=dtype.is_floating_point))


def quick_numbers() -> dict:
    """What can be counted without making a sample."""
    entries = list(test_op_db.op_db)
    lists = {"not_comparable": exclusions.NOT_COMPARABLE, "open_result": exclusions.OPEN_RESULT,
             "refused": exclusions.REFUSED, "other_name": exclusions.OTHER_NAME, "tolerance": exclusions.TOLERANCES}
    return {
        "torch": torch.__version__.partition("+")[0],
        "op_db": {
            "entries": len(entries),
            "here": sum(test_op_db.implemented(op) is not None for op in entries),
            "cases": len(test_op_db.cases()),
            "variants": len(test_op_db.variants()),
            "errors": len(test_op_db.error_cases()),
        },
        "exclusions": {name: len(rows) for name, rows in lists.items()},
        "random": {"functions": len(test_random_stream.FUNCTIONS), "sizes": len(test_random_stream.SIZES),
                   "seeds": len(test_random_stream.SEEDS), "layers": len(test_random_stream.LAYERS)},
        "models": len(test_models.FILES),
    }


def exclusion_rows() -> list[list[str]]:
    """[what, name, reason] of every line of exclusions.py."""
    rows = [["not compared", name, why] for name, why in exclusions.NOT_COMPARABLE.items()]
    rows += [["not compared", f"{op} of {kind}", why] for (op, kind), why in exclusions.OPEN_RESULT.items()]
    rows += [["refused", name, why] for name, why in exclusions.REFUSED.items()]
    rows += [["another grad_fn", name, why] for name, why in exclusions.OTHER_NAME.items()]
    return rows


def names_file() -> dict:
    """The content of names.json, but for the counted samples."""
    return {**tables(), "exclusions": exclusion_rows()}


def text(content: dict) -> str:
    """JSON with a line for each entry, so that a change shows where it is."""
    parts = []
    for key, value in content.items():
        if isinstance(value, dict):
            lines = [f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items()]
        elif isinstance(value, list):
            lines = [json.dumps(row, ensure_ascii=False) for row in value]
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value)}")
            continue
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        parts.append(f"{json.dumps(key)}: {opening}\n " + ",\n ".join(lines) + f"\n{closing}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def write(name: str, content: dict) -> None:
    (TARGET / name).write_text(text(content))


def main(again: bool) -> None:
    names, numbers = names_file(), quick_numbers()
    before = {} if again else json.loads((TARGET / "names.json").read_text())
    names["samples"] = samples(before.get("samples", {}))
    numbers["op_db"]["samples"] = sum(names["samples"].values())
    answers, _ = page_runner.record()
    ops = op_answers.op_answers()
    numbers["browser"] = {"samples": sum(len(op["samples"]) for op in ops.values()), "tests": len(answers)}
    numbers["names"] = {"here": sum(len(row[2]) for row in names["here"]),
                        "absent": sum(len(row[1]) for row in names["absent"])}
    write("names.json", names)
    write("results.json", numbers)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(again="--again" in sys.argv)
