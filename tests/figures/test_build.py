"""What the builder writes, and when it has to."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import build_figures
from build_figures import decorated

REPOSITORY = Path(__file__).resolve().parents[2]


def read(project: object, name: str) -> dict:
    return json.loads((project.output / name).read_text(encoding="utf-8"))


def test_every_figure_and_diagram_is_written_once(built: object) -> None:
    assert list(built.written()) == [
        "diagrams/toy/whiteboard.json",
        "figures/toy/letters.json",
        "figures/toy/measured.json",
        "figures/toy/response.json",
        "figures/toy/response.states.json",
        "figures/toy/words.json",
    ]


def test_a_figure_s_file_holds_what_the_page_needs(built: object) -> None:
    response = read(built, "figures/toy/response.json")
    assert {key: value for key, value in response.items() if key not in ("figure", "controls")} == {
        "id": "toy/response",
        "slug": "toy",
        "name": "response",
        "caption": "How one unit responds.",
        "description": "It rises.",
        "measured": False,
        "pretrained": None,
        "uses": ["toy.figures", "toy.model"],
        "precomputed": True,
        "height": 320,
    }
    assert response["controls"][0]["values"] == [0, 1, 2]
    assert response["figure"]["data"][0]["y"] == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert read(built, "figures/toy/measured.json")["measured"] is True
    assert read(built, "figures/toy/words.json")["pretrained"] == "Other, 3M"
    assert read(built, "figures/toy/letters.json")["precomputed"] is False


def test_states_hold_the_figure_of_every_setting(built: object) -> None:
    states = read(built, "figures/toy/response.states.json")
    assert list(states) == ["0", "1", "2"]
    assert states["0"] == read(built, "figures/toy/response.json")["figure"]
    assert states["2"]["data"][0]["y"] == [0.0, 6.0, 12.0, 18.0, 24.0]


def test_a_diagram_s_file_holds_its_svg_and_boxes(built: object) -> None:
    diagram = read(built, "diagrams/toy/whiteboard.json")
    assert diagram["svg"].startswith('<svg class="atlas-diagram__svg" data-diagram="toy/whiteboard"')
    assert diagram["boxes"][1] == {
        "id": "layer",
        "label": "Linear",
        "module": "0",
        "shape": "(B, 2)",
        "parameters": 8,
        "why": "It maps.",
        "breaks": {"text": "Less.", "figure": "toy/measured"},
    }


def test_a_build_from_scratch_writes_the_same_bytes(built: object, copied: object) -> None:
    ran = copied.build("--force", "--jobs", "2")
    assert ran.returncode == 0
    assert "5 built, 0 up to date" in ran.stdout
    assert copied.written() == built.written()


def test_the_table_gives_time_and_bytes(copied: object) -> None:
    ran = copied.build("--list")
    assert ran.returncode == 0
    (row,) = (line for line in ran.stdout.splitlines() if line.startswith("toy/response"))
    sizes = [len(copied.written()[f"figures/toy/response{kind}.json"]) for kind in ("", ".states")]
    assert re.search(rf"\d+\.\d\d s +\d+ ms +{sum(sizes):,} +[\d,]+", row)


def test_nothing_changed_is_noticed_without_loading_a_library(copied: object) -> None:
    before = {path: path.stat().st_mtime_ns for path in copied.output.rglob("*.json")}
    heavy = "{'torch', 'numpy', 'plotly', 'rich', 'safetensors'}"
    code = (
        f"import sys, build_figures; code = build_figures.main(['--root', {str(copied.root)!r}]);"
        f"print(code, sorted({heavy} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert "0 built, 5 up to date" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "0 []"
    assert {path: path.stat().st_mtime_ns for path in copied.output.rglob("*.json")} == before


def due(project: object) -> list[str]:
    """What the next build would do, by --check."""
    ran = project.build("--check")
    found = re.findall(r"✗ (\S+): has to be built", ran.stderr)
    assert ran.returncode == (1 if ran.stderr else 0)
    return found


def test_check_writes_nothing_and_fails_when_something_is_due(copied: object) -> None:
    assert due(copied) == []
    before = copied.written()
    copied.edit("toy/model.py", "arange(5.0)", "arange(6.0)")
    assert due(copied) == ["toy/response", "toy/letters", "toy/measured", "toy/words"]
    assert copied.written() == before


@pytest.mark.parametrize(
    ("name", "old", "new", "changed"),
    [
        ("data/words.txt", "eleven", "twelve", {"toy/words"}),
        ("toy/results.json", "1.5", "1.4", {"toy/measured"}),
        ("toy/diagram.py", "It maps.", "It mixes.", {"toy/whiteboard"}),
    ],
)
def test_what_a_figure_reads_makes_it_due(
    copied: object, name: str, old: str, new: str, changed: set
) -> None:
    copied.edit(name, old, new)
    found = set(due(copied))
    assert changed <= found  # what the same process draws later may count the file too
    assert name != "toy/diagram.py" or found == changed
    ran = copied.build()
    assert ran.returncode == 0
    assert f"{len(found)} built, {5 - len(found)} up to date" in ran.stdout
    assert due(copied) == []


def test_other_versions_make_everything_due(copied: object, monkeypatch: pytest.MonkeyPatch) -> None:
    build_figures.code_hash.cache_clear()
    monkeypatch.setattr(build_figures, "versions", lambda: "torch 99")
    builder = build_figures.Builder(copied.root)
    assert [builder.report(item) for item in builder.items] == [None] * 5
    build_figures.code_hash.cache_clear()


@pytest.mark.parametrize(
    "damage",
    [
        lambda project: (project.output / "figures/toy/letters.json").write_text("{}"),
        lambda project: (project.output / "figures/toy/letters.json").unlink(),
        lambda project: (project.root / ".cache/figures/figures/toy/letters.json").write_text('{"code": '),
        lambda project: (project.root / ".cache/figures/figures/toy/letters.json").write_text("[1, 2]"),
        lambda project: (project.root / ".cache/figures/figures/toy/letters.json").write_bytes(b"\xff\x00"),
        lambda project: (project.root / ".cache/figures/figures/toy/letters.json").write_text(
            '{"code": "0"}'
        ),
        lambda project: (project.root / ".cache/figures/figures/toy/letters.json").unlink(),
    ],
)
def test_a_damaged_output_or_cache_entry_is_built_again(
    built: object, copied: object, damage: object
) -> None:
    damage(copied)
    ran = copied.build()
    assert ran.returncode == 0
    assert "1 built, 4 up to date" in ran.stdout
    assert copied.written() == built.written()


def test_only_builds_what_is_named(copied: object) -> None:
    ran = copied.build("--force", "--only", "toy/letters", "--only", "toy/whiteboard")
    assert ran.returncode == 0
    assert "2 built, 0 up to date" in ran.stdout


def test_an_unknown_name_is_refused_with_what_is_near(copied: object) -> None:
    ran = copied.build("--only", "toy/leters")
    assert ran.returncode == 2
    assert "there is no figure, view, diagram or page “toy/leters”: did you mean toy/letters" in ran.stderr
    assert copied.build("--only", "xyz").returncode == 2


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path) -> None:
    assert build_figures.main(["--root", str(tmp_path)]) == 2


def test_what_no_figure_makes_any_more_is_removed(copied: object) -> None:
    copied.edit("toy/figures.py", "@figure(measured=True)", "")
    copied.edit("toy/diagram.py", "toy/measured", "toy/words")
    copied.edit("toy/figures.py", 'Slider("Unit", 0, 2)', 'Slider("Unit", 0, 99)')  # no longer precomputed
    (copied.output / "figures" / "gone").mkdir()
    (copied.output / "figures" / "gone" / "old.json").write_text("{}")
    (copied.output / "figures" / "toy" / ".letters.json.x1.part").write_text("{")
    ran = copied.build()
    assert ran.returncode == 0, ran.stderr
    assert list(copied.written()) == [
        "diagrams/toy/whiteboard.json",
        "figures/toy/letters.json",
        "figures/toy/response.json",
        "figures/toy/words.json",
    ]
    assert not (copied.output / "figures" / "gone").exists()
    assert not (copied.root / ".cache/figures/figures/toy/measured.json").exists()


def test_check_reports_weights_that_the_recipe_does_not_make(copied: object) -> None:
    (copied.page / "train.py").write_text("def train():\n    return 2\n")
    (copied.page / "manifest.json").write_text(
        '{"weights": "0", "recipe": {"file": "train.py", "function": "train", "hash": "0"}, "data": {}}'
    )
    ran = copied.build("--check")
    assert ran.returncode == 1
    assert (
        "toy: weights.safetensors is not the file that the recipe wrote (run `make train SLUG=toy`)"
        in ran.stderr
    )
    assert "the recipe “train” in train.py, or code it uses, has changed since" in ran.stderr


def test_decorated_functions_are_found_without_running_them() -> None:
    source = "import kit\n@figure\ndef a(): ...\n@kit.figure(x=1)\ndef b(): ...\n@other\ndef c(): ...\nboom()"
    assert list(decorated(source, "figure")) == ["a", "b"]


def test_warnings_name_what_is_over_budget() -> None:
    assert build_figures.warnings({"live": True, "warm": 0.2, "compressed": 10}) == [
        "slow: the page has 150 ms to redraw it"
    ]
    assert build_figures.warnings({"live": False, "warm": 0.2, "compressed": 100_000}) == [
        "heavy: over 60,000 bytes compressed"
    ]
    assert build_figures.warnings({"compressed": 10}) == []


VIEW = '''
from snippets.kit import Slider, Text, figure, lines, view

@figure
def line() -> dict:
    """A line.

    It rises."""
    return lines([1.0, 2.0])

@view(text=Text("Text", "anna"), unit=Slider("Unit", 0, 2))
def letters(text: str, unit: int) -> dict:
    """Letters."""
    return {"letters": list(text), "unit": unit}
'''


def test_every_state_of_a_view_is_a_file_of_its_own(with_figures: object) -> None:
    project = with_figures(VIEW)
    ran = project.build()
    assert ran.returncode == 0, ran.stderr
    views = [name for name in project.written() if name.startswith("views")]
    assert views == [f"views/toy/letters{state}.json" for state in (".0", ".1", ".2", "")]
    assert read(project, "views/toy/letters.1.json") == {"letters": ["a", "n", "n", "a"], "unit": 1}
    about = read(project, "views/toy/letters.json")
    assert about["id"] == "toy/letters"
    assert [control["name"] for control in about["controls"]] == ["text", "unit"]
    assert "2 up to date" in project.build().stdout


def test_a_view_s_files_go_with_its_states_and_with_the_view(with_figures: object) -> None:
    project = with_figures(VIEW)
    project.build()
    project.edit("toy/figures.py", 'Slider("Unit", 0, 2)', 'Slider("Unit", 0, 1)')
    assert project.build().returncode == 0
    assert [name for name in project.written() if name.startswith("views")] == [
        "views/toy/letters.0.json",
        "views/toy/letters.1.json",
        "views/toy/letters.json",
    ]
    project.edit("toy/figures.py", "@view(", "def unused(*_, **__): return lambda f: f\n\n@unused(")
    assert project.build().returncode == 0
    assert [name for name in project.written() if name.startswith("views")] == []


def test_a_view_that_fails_leaves_none_of_its_files(with_figures: object) -> None:
    project = with_figures(VIEW)
    project.build()
    project.edit("toy/figures.py", '"unit": unit}', '"unit": 1 // (1 - unit)}')
    ran = project.build()
    assert ran.returncode == 1
    assert "toy/letters" in ran.stderr
    assert [name for name in project.written() if name.startswith("views")] == []
