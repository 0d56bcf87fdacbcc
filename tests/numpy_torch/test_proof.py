"""The page on PyTorch in the browser says what is so: its numbers and tables are those of the package and its tests."""

import json

import pytest

import snippets.numpy_torch as nt
from tests.numpy_torch import test_op_db, write_proof
from tests.numpy_torch.compare import both

AGAIN = "run `python -m tests.numpy_torch.write_proof` and look at the page"
NAMES = json.loads((write_proof.TARGET / "names.json").read_text())
NUMBERS = json.loads((write_proof.TARGET / "results.json").read_text())


def test_the_tables_are_what_the_package_has():
    for key, found in write_proof.names_file().items():
        assert NAMES[key] == json.loads(json.dumps(found)), AGAIN


def test_the_counts_are_what_the_tests_do():
    for key, found in write_proof.quick_numbers().items():
        wanted = {**NUMBERS[key]} if isinstance(found, dict) else NUMBERS[key]
        if key == "op_db":
            wanted.pop("samples")
        assert wanted == found, AGAIN
    assert NUMBERS["names"] == {"here": sum(len(row[2]) for row in NAMES["here"]),
                                "absent": sum(len(row[1]) for row in NAMES["absent"])}
    assert NUMBERS["op_db"]["samples"] == sum(NAMES["samples"].values())


def test_every_case_has_its_count_of_samples():
    cases = {case.id: case.values for case in test_op_db.cases()}
    assert list(NAMES["samples"]) == list(cases), AGAIN
    for name in list(cases)[::60]:  # a few, spread over all; counting every one takes minutes
        assert NAMES["samples"][name] == write_proof.count(*cases[name]), AGAIN


def test_no_name_is_both_here_and_absent():
    for module, names in NAMES["absent"]:
        owner = nt
        for part in module.split(".")[1:] or ([module] if module != "torch" else []):
            owner = getattr(owner, part)
        for name, _ in names:
            with pytest.raises((NotImplementedError, AttributeError)):
                getattr(owner, name)


@pytest.mark.parametrize("region", ["first_numbers", "train", "history"])
def test_the_cells_of_the_page_give_what_torch_gives(region):
    from hooks.regions import read_region

    code = read_region(write_proof.TARGET.parent, "torch_in_the_page/model.py", region).splitlines()
    code = [line for line in code if not line.startswith(("import ", "from "))]

    def run(T):
        printed = []
        space = {"torch": T, "nn": T.nn, "print": lambda text: printed.append(text)}
        exec("\n".join(code[:-1]), space)
        return printed, repr(eval(code[-1], space))

    both(run)
