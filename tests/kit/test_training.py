import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from snippets.kit import load_weights, results, weights
from snippets.kit.data import MissingFileError
from snippets.kit.training import experiments, manifest, slug_folder, stale, stale_results

MODEL = """
from torch import nn

class Toy(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, x):
        return self.linear(x)
"""
TRAIN = """
import torch
from snippets.kit.training import Run, command
from snippets.toy.model import Toy

def train():
    with Run("toy", recipe=train, seed=3, data=["words.txt"]) as run:
        model = Toy()
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for step in run.steps(20):
            loss = model(torch.randn(4, 3)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step % 5 == 0:
                run.record(step=step, loss=loss.item())
        run.save(model, metrics={"loss": loss.item()})

def measure(scale, seed):
    with open(CALLS, "a") as calls:
        calls.write(f"{scale} {seed}\\n")
    if scale == 13:
        raise RuntimeError("unlucky")
    return {"curve": torch.randn(3) * scale, "inverse": 1 / torch.tensor(float(scale))}

def plan():
    return {f"scale_{scale}.seed_{seed}": (measure, {"scale": scale, "seed": seed})
            for scale in (0, 2) for seed in range(2)}

CALLS = None

if __name__ == "__main__":
    command("toy", train, plan)
"""


@pytest.fixture
def toy(page: object) -> Path:
    page("data")
    folder = page(
        "toy", model=MODEL, train=TRAIN.replace("CALLS = None", f"CALLS = {str(page('toy') / 'calls')!r}")
    )
    (folder.parent / "data" / "words.txt").write_text("one two\n")
    return folder


def recipe(_: Path) -> object:
    return importlib.import_module("snippets.toy.train")


def calls(toy: Path) -> list[str]:
    return (toy / "calls").read_text().splitlines() if (toy / "calls").is_file() else []


def test_a_run_leaves_weights_manifest_and_results(toy: Path) -> None:
    recipe(toy).train()
    kept = manifest("toy")
    assert (kept["slug"], kept["seed"], kept["parameters"]) == ("toy", 3, 8)
    assert kept["versions"]["torch"] == torch.__version__.split("+")[0]
    assert kept["metrics"] == {"loss": results("toy")["training"]["loss"]}
    assert results("toy")["training"]["curves"]["step"] == [0, 5, 10, 15]
    assert set(weights("toy")) == {"linear.weight", "linear.bias"}
    assert stale("toy") == []


def test_the_same_recipe_makes_the_same_weights(toy: Path) -> None:
    recipe(toy).train()
    first = manifest("toy")["weights"]
    torch.randn(5)
    recipe(toy).train()
    assert manifest("toy")["weights"] == first


def test_no_file_names_the_machine(toy: Path) -> None:
    recipe(toy).train()
    experiments("toy", recipe(toy).plan())
    for name in ("manifest.json", "results.json"):
        text = (toy / name).read_text()
        assert str(toy.parent.parent) not in text
        assert "/home" not in text


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("train.py", "0.1", "0.2", "the recipe “train” in train.py, or code it uses, has changed since"),
        ("model.py", "nn.Linear(3, 2)", "nn.Linear(3, 2, bias=False)", "the recipe “train” in train.py"),
        ("../data/words.txt", "one", "two", "data file “words.txt” has changed since"),
        (
            "manifest.json",
            '"weights": "',
            '"weights": "0',
            "weights.safetensors is not the file that the recipe wrote",
        ),
    ],
)
def test_weights_go_stale_with_what_made_them(toy: Path, file: str, old: str, new: str, reason: str) -> None:
    recipe(toy).train()
    path = toy / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    (found,) = stale("toy")
    assert found.startswith(reason)


def test_a_run_that_fails_leaves_nothing(toy: Path) -> None:
    module = recipe(toy)

    def broken() -> None:
        module.Run("toy", recipe=module.train).save(object())

    with pytest.raises(AttributeError):
        broken()
    assert not (toy / "weights.safetensors").exists()
    with pytest.raises(MissingFileError, match=r"“toy” has no manifest.json: run `make train SLUG=toy`"):
        manifest("toy")


def test_several_models_share_one_file(toy: Path) -> None:
    module = recipe(toy)
    with module.Run("toy", recipe=module.train) as run:
        models = {"one.": module.Toy(), "other.": module.Toy()}
        run.save(models)
    assert manifest("toy")["parameters"] == 16
    assert torch.equal(
        load_weights(module.Toy(), "toy", prefix="other.").linear.weight, models["other."].linear.weight
    )


def test_experiments_are_nested_seeded_and_kept(toy: Path) -> None:
    recipe(toy).train()
    plan = recipe(toy).plan()
    assert experiments("toy", plan) == 4
    torch.manual_seed(1)
    assert results("toy")["scale_2"]["seed_1"]["curve"] == [
        float(f"{2 * value:.5g}") for value in torch.randn(3)
    ]
    assert results("toy")["scale_0"]["seed_0"]["inverse"] is None  # infinite
    assert results("toy")["training"]["parameters"] == 8
    assert stale_results("toy", plan) == []
    assert experiments("toy", plan) == 0
    assert len(calls(toy)) == 4


def test_an_interrupted_plan_goes_on_where_it_stopped(toy: Path) -> None:
    module = recipe(toy)
    plan = module.plan()
    done = dict(list(plan.items())[:3])

    class Killed(BaseException):
        pass

    def killed(**_: object) -> None:
        raise Killed

    killed.__name__ = "measure"
    killed.__code__ = killed.__code__.replace(co_filename=module.__file__)
    with pytest.raises(Killed):
        experiments("toy", done | {"late": (killed, {})})
    assert len(calls(toy)) == 3
    assert experiments("toy", plan) == 1
    assert len(calls(toy)) == 4


def test_only_what_changed_is_measured_again(toy: Path) -> None:
    plan = recipe(toy).plan()
    experiments("toy", plan)
    changed = plan | {"scale_2.seed_1": (plan["scale_2.seed_1"][0], {"scale": 3, "seed": 1})}
    assert stale_results("toy", changed) == ["scale_2.seed_1"]
    assert experiments("toy", changed) == 1
    assert calls(toy)[-1] == "3 1"
    assert experiments("toy", dict(list(plan.items())[:1])) == 0
    assert list(results("toy")) == ["scale_0", "provenance"]
    assert experiments("toy", dict(list(plan.items())[:1]), force=True) == 1


def test_the_order_of_the_results_is_the_plan_s(toy: Path) -> None:
    plan = recipe(toy).plan()
    experiments("toy", dict(reversed(plan.items())))
    backwards = list(results("toy"))
    experiments("toy", plan)
    assert list(results("toy")) == ["scale_0", "scale_2", "provenance"] != backwards


def test_a_failing_experiment_is_named_and_the_others_kept(toy: Path) -> None:
    module = recipe(toy)
    plan = {"unlucky": (module.measure, {"scale": 13, "seed": 0})} | module.plan()
    with pytest.raises(RuntimeError, match=r"1 of 5 experiments failed:\n  unlucky: .*unlucky"):
        experiments("toy", plan)
    assert stale_results("toy", plan) == ["unlucky"]


def test_names_must_not_collide(toy: Path) -> None:
    measure = recipe(toy).measure
    for names in (["a", "a.b"], ["training.loss"], ["provenance"], ["a..b"], [""]):
        with pytest.raises(ValueError, match=r"is not a name of an experiment|would be written inside"):
            experiments("toy", {name: (measure, {}) for name in names})


def test_an_unknown_page_is_named() -> None:
    with pytest.raises(
        ValueError, match="there is no page “no-such-page”: expected the folder snippets/no_such_page/"
    ):
        slug_folder("no-such-page")


def test_the_command_trains_measures_in_parallel_and_reports(toy: Path) -> None:
    start = (
        "import sys, runpy, snippets\n"
        f"snippets.__path__.insert(0, {str(toy.parent)!r})\n"
        "from snippets.toy.train import command, train, plan\n"
        "if __name__ == '__main__':\n    command('toy', train, plan)\n"
    )
    script = toy.parent.parent / "start.py"
    script.write_text(start)
    root = str(Path(__file__).resolve().parents[2])

    def run(*arguments: str) -> str:
        ran = subprocess.run(
            [sys.executable, str(script), *arguments],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": root, "PATH": "/usr/bin", "OMP_NUM_THREADS": "1"},
        )
        return ran.stdout

    assert "toy · training: 20/20" in run()
    assert "toy: 4 measured, 0 already there." in run("--experiments", "--jobs", "2")
    assert "toy: 0 measured, 4 already there." in run("--experiments")
    assert sorted(calls(toy)) == ["0 0", "0 1", "2 0", "2 1"]
    assert json.loads((toy / "results.json").read_text())["scale_2"]["seed_0"]["inverse"] == 0.5
