"""A new page begins complete and unfinished: every file is there, and nothing passes before it is written."""

import re
import shutil
import subprocess
import sys

import pytest
import yaml

from hooks.catalogue import read_catalogue
from hooks.front_matter import COMPARED
from hooks.page_text import read_page
from hooks.sections import SECTIONS, check_filled_in, check_sections
from tools.files import ROOT
from tools.new_architecture import PlanError, begin, targets

PLAN = """# A comment that stays.

- slug: first-one
  title: "The First: One"
  summary: It comes first.
  level: advanced
  year: 2001
  family: sequence
  core: false
  builds_on: []
  paper: "Somebody: A Paper"

- slug: second
  title: Second
  summary: It comes second.
  level: advanced
  year: 2002
  family: sequence
  core: true
  builds_on: [first-one]
  paper: Somebody else
"""


@pytest.fixture
def project(tmp_path):
    """A project with a plan, the kit and the tests' helpers, and no page."""
    (tmp_path / "docs" / "architectures").mkdir(parents=True)
    (tmp_path / "docs" / "architectures" / "planned.yml").write_text(PLAN, encoding="utf-8")
    (tmp_path / "snippets").mkdir()
    (tmp_path / "snippets" / "__init__.py").touch()
    (tmp_path / "snippets" / "kit").symlink_to(ROOT / "snippets" / "kit")
    for name in ("pyproject.toml", "build_figures.py"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def run(project, *command):
    done = subprocess.run([sys.executable, *command], cwd=project, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_every_file_is_written_and_the_row_leaves_the_plan(project):
    written = begin("first-one", project)
    assert {path.relative_to(project).as_posix() for path in written} == set(targets("first-one").values())
    plan = (project / "docs/architectures/planned.yml").read_text(encoding="utf-8")
    assert [entry["slug"] for entry in yaml.safe_load(plan)] == ["second"]
    assert plan.startswith("# A comment that stays.\n")
    _, problems = read_catalogue(
        project / "docs/architectures", project / "docs/architectures/planned.yml", project, project / "snippets"
    )
    unfilled = [problem for problem in problems if "FILL IN" in problem.message and "`compare`" in problem.message]
    assert len(unfilled) == len(COMPARED)
    assert problems == unfilled
    front = read_page(project / "docs/architectures/first-one.md", project)[0]
    assert yaml.safe_load(front)["title"] == "The First: One"


def test_the_build_names_what_is_left_in_every_section(project):
    begin("first-one", project)
    page = read_page(project / "docs/architectures/first-one.md", project)[1]
    check_sections(page)
    assert page.problems == []
    check_filled_in(page)
    parts = re.split(r"^## ", page.text, flags=re.MULTILINE)[1:]
    assert len(parts) == len(SECTIONS)
    assert all("FILL IN" in part for part in parts)
    assert len(page.problems) == page.text.count("FILL IN")


def test_figures_and_tests_fail_until_they_are_written(project):
    begin("first-one", project)
    code, said = run(project, "build_figures.py", "--root", str(project), "--only", "first-one", "--jobs", "1")
    assert code == 1
    assert "first-one/first" in said
    assert "FILL IN" in said
    code, said = run(project, "-m", "pytest", "tests/snippets/test_first_one.py", "-p", "no:cacheprovider")
    assert code == 1
    assert "2 passed" not in said
    assert "FILL IN" in said


def test_the_files_are_in_the_style_of_the_house(project):
    begin("first-one", project)
    code, said = run(project, "-m", "ruff", "check", "--no-cache", "snippets/first_one", "tests")
    assert code == 0, said


@pytest.mark.parametrize(
    ("slug", "reason"), [("secund", "did you mean second"), ("other", "add its row first"), ("done", "begun")]
)
def test_what_cannot_be_begun_is_refused_and_nothing_is_written(project, slug, reason):
    (project / "docs/architectures/done.md").write_text("There.", encoding="utf-8")
    before = sorted(path for path in project.rglob("*") if ".cache" not in path.parts)
    with pytest.raises(PlanError, match=reason):
        begin(slug, project)
    assert sorted(path for path in project.rglob("*") if ".cache" not in path.parts) == before
    assert (project / "docs/architectures/planned.yml").read_text(encoding="utf-8") == PLAN


def test_a_write_that_fails_leaves_nothing_behind(project):
    (project / "tests").write_text("in the way", encoding="utf-8")
    with pytest.raises(OSError):
        begin("second", project)
    assert [name for name in targets("second").values() if (project / name).exists()] == []
    assert (project / "docs/architectures/planned.yml").read_text(encoding="utf-8") == PLAN
