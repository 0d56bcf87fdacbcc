"""Begin the page of a planned architecture: its page, folder and tests, which fail until they are filled in.

    python -m tools.new_architecture state-space

Everything comes from the templates in `tools/architecture/` and from the architecture's row in the plan, which leaves
the plan. What still has to be written says FILL IN; the build names each such line.
"""

from __future__ import annotations

import argparse
import datetime
import difflib
import json
import re
import sys
from pathlib import Path
from string import Template

import yaml

from tools.files import ROOT

TEMPLATES = Path(__file__).parent / "architecture"


class PlanError(ValueError):
    """The page cannot be begun; the message says why and what to do."""


def targets(slug: str) -> dict[str, str]:
    """The files of an architecture, by the template that each begins as."""
    package = slug.replace("-", "_")
    return {
        "page.md": f"docs/architectures/{slug}.md",
        "model.py": f"snippets/{package}/model.py",
        "figures.py": f"snippets/{package}/figures.py",
        "diagram.py": f"snippets/{package}/diagram.py",
        "train.py": f"snippets/{package}/train.py",
        "test.py": f"tests/snippets/test_{package}.py",
    }


def begin(slug: str, root: Path = ROOT) -> list[Path]:
    """Write the files of a planned architecture and take its row out of the plan. Returns the files.

    Raises PlanError, with nothing written, when it is not in the plan or one of its files is there.
    """
    plan = root / "docs" / "architectures" / "planned.yml"
    text = plan.read_text(encoding="utf-8")
    planned = {entry["slug"]: entry for entry in yaml.safe_load(text) or []}
    there = [name for name in targets(slug).values() if (root / name).exists()]
    if there:
        raise PlanError(f"{there[0]} is there already: the page “{slug}” has been begun")
    if slug not in planned:
        near = difflib.get_close_matches(slug, planned, 1)
        hint = f"did you mean {near[0]}?" if near else f"planned are: {', '.join(planned) or 'none'}"
        raise PlanError(f"“{slug}” is not in docs/architectures/planned.yml: add its row first, or {hint}")
    filled = {name: fill(template, planned[slug]) for template, name in targets(slug).items()}
    written: list[Path] = []
    try:
        for name, content in filled.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            written.append(path)
            path.write_text(content, encoding="utf-8")
        plan.write_text(without(text, slug), encoding="utf-8")
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return written


def fill(template: str, entry: dict) -> str:
    """One template with the values of a row of the plan."""
    values = {key: json.dumps(value) if isinstance(value, bool) else value for key, value in entry.items()}
    values |= {
        "builds_on": ", ".join(entry["builds_on"]),
        "quoted_title": json.dumps(entry["title"], ensure_ascii=False),
        "quoted_summary": json.dumps(entry["summary"], ensure_ascii=False),
        "package": entry["slug"].replace("-", "_"),
        "month": f"{datetime.date.today():%Y-%m}",
    }
    text = Template((TEMPLATES / f"{template}.template").read_text(encoding="utf-8")).substitute(values)
    # Where the folder stands among the imports depends on its name.
    block = re.compile(r"(?:^from snippets\S* import .*\n)+", re.MULTILINE)
    return block.sub(lambda lines: "".join(sorted(lines[0].splitlines(keepends=True))), text)


def without(plan: str, slug: str) -> str:
    """The plan's text without the row of `slug`; comments and the other rows stay as they are."""
    return re.sub(rf"^- slug: {re.escape(slug)}\n(?:[ \t].*\n?)*\n?", "", plan, count=1, flags=re.MULTILINE)


def main() -> int:
    parser = argparse.ArgumentParser(description="Begin the page of a planned architecture.")
    parser.add_argument("slug", help="the slug of its row in docs/architectures/planned.yml")
    arguments = parser.parse_args()
    try:
        written = begin(arguments.slug)
    except PlanError as error:
        print(error, file=sys.stderr)
        return 2
    for path in written:
        print(f"· {path.relative_to(ROOT)}")
    print("Write the model first, then its parity test; `grep -rn 'FILL IN'` in these files lists what is left.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
