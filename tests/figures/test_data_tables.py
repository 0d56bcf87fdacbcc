"""The table under a figure holds what the figure shows: the page's own script, run over every figure that is built."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "docs/assets/generated/figures"
SCRIPT = """
import { asCsv, dataOf, written } from "ADDRESS";
import fs from "node:fs";
const found = JSON.parse(fs.readFileSync(0, "utf8")).map((figure) => {
  const data = dataOf(figure);
  const shown = data.tables.map(({ columns, rows }) =>
    rows.map((row) => row.map((cell, at) => written(cell, columns[at].percent))));
  return { ...data, shown, csv: asCsv(data) };
});
process.stdout.write(JSON.stringify(found));
""".replace("ADDRESS", (ROOT / "docs/assets/js/datatable.js").as_uri())


def tables_of(figures: list[dict]) -> list[dict]:
    """What the page's script makes of figures."""
    command = ["node", "--input-type=module", "-e", SCRIPT]
    done = subprocess.run(command, input=json.dumps(figures), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@cache
def figures() -> dict[str, dict]:
    """Every figure as its page opens, and the last of its other states."""
    found = {}
    for path in sorted(BUILT.glob("*/*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        name = f"{path.parent.name}/{path.stem}"
        found[name] = list(content.values())[-1] if path.stem.endswith(".states") else content["figure"]
    assert len(found) > 100, "run `make figures` first"
    return found


@cache
def tables() -> dict[str, dict]:
    return dict(zip(figures(), tables_of(list(figures().values())), strict=True))


def numbers_in(data: dict) -> set[float]:
    cells = [cell for table in data["tables"] for row in table["rows"] for cell in row]
    return {float(cell) for cell in cells if isinstance(cell, int | float)}


def words_in(data: dict) -> str:
    heads = [words for table in data["tables"] for one in table["columns"] for words in (one["name"], one["group"])]
    cells = [cell for table in data["tables"] for row in table["rows"] for cell in row if isinstance(cell, str)]
    return "\n".join([*data["notes"], *(table["title"] for table in data["tables"]), *heads, *cells])


def plain(text: str) -> str:
    """Plotly's little HTML as text."""
    text = re.sub(r"<br\s*/?>", " ", text).replace("<sup>", "^").replace("<sub>", "_")
    text = re.sub(r"</?[a-z][^>]*>", "", text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return " ".join(text.split())


def axis(figure: dict, trace: dict, letter: str) -> dict:
    return figure["layout"].get(f"{letter}axis{trace.get(f'{letter}axis', letter)[1:]}", {})


def flat(values: object) -> list:
    return [cell for value in values for cell in flat(value)] if isinstance(values, list) else [values]


def test_every_value_that_is_drawn_is_in_the_table():
    missing = {}
    for name, figure in figures().items():
        assert tables()[name]["tables"], name
        have = numbers_in(tables()[name])
        for trace in figure["data"]:
            left = {float(value) for value in drawn(figure, trace) if value is not None} - have
            if left:
                missing[name] = (trace.get("name"), sorted(left)[:5])
    assert missing == {}


def drawn(figure: dict, trace: dict) -> list:
    """The values of a trace that a reader can tell from the plot."""
    x, y = axis(figure, trace, "x"), axis(figure, trace, "y")
    if trace["type"] == "heatmap":
        return [] if isinstance(trace.get("text"), list) else flat(trace["z"])
    if trace["type"] == "bar":
        return trace["x" if trace.get("orientation") == "h" else "y"]
    if trace["type"] != "scatter" or trace["mode"] == "text" or False in (x.get("visible"), y.get("visible")):
        return []
    if trace.get("hoverinfo") == "skip" and None in trace["x"]:
        return []  # what leads the eye from point to point
    return [] if y.get("ticktext") and y.get("type") != "log" else trace["y"]


def test_every_word_that_is_drawn_is_in_the_table_or_beside_it():
    missing = {}
    for name, figure in figures().items():
        data = tables()[name]
        shown = [cell for table in data["shown"] for row in table for cell in row]
        words = "\n".join([words_in(data), *shown])
        left = [word for word in written(figure) if plain(word) not in words]
        left += re.findall(r"<br|</?b>|%\{|undefined|NaN|\[object", words)
        if left:
            missing[name] = left[:5]
    assert missing == {}


def written(figure: dict) -> list[str]:
    """Titles, names, annotations, and what is said of points."""
    found = [part for one in figure["layout"].get("annotations", []) for part in one["text"].split("<br>")]
    for trace in figure["data"]:
        if trace.get("hoverinfo") != "skip":
            found += [(axis(figure, trace, letter).get("title") or {}).get("text", "") for letter in "xy"]
        if len(figure["data"]) > 1:
            found.append(trace.get("name", ""))
        if trace["type"] == "scatter" and "%{text}" in trace.get("hovertemplate", ""):
            found += trace["text"]
    return found


def test_the_csv_holds_every_row_with_its_numbers_as_they_are():
    for name, data in tables().items():
        read = list(csv.reader(io.StringIO(data["csv"])))
        for table in data["tables"]:
            if len(data["tables"]) > 1 and table["title"]:
                assert read.pop(0) == [table["title"]], name
            assert len(read.pop(0)) == len(table["columns"]), name
            for row in table["rows"]:
                cells = zip(read.pop(0), row, strict=True)
                assert len(row) == len(table["columns"]), name
                assert [float(text) if isinstance(cell, int | float) else text for text, cell in cells] == [
                    "" if cell is None else cell for cell in row
                ], name
            if read:
                assert read.pop(0) == [], name
        assert not read, name


def test_lines_that_share_their_places_are_columns_of_one_table_with_the_range_of_their_repeats():
    band = {"type": "scatter", "mode": "lines", "fill": "toself", "fillcolor": "#123456", "hoverinfo": "skip"}
    band |= {"x": [1, 2, 2, 1], "y": [9, 8, 4, 5], "line": {"color": "#123456"}}
    one = {"type": "scatter", "mode": "lines", "name": "one", "x": [1, 2], "y": [7, 6], "line": {"color": "#123456"}}
    two = one | {"name": "two", "x": [2, 3], "y": [1, 0], "line": {"color": "#654321"}}
    layout = {"xaxis": {"title": {"text": "step"}}, "yaxis": {"title": {"text": "loss (nats)"}}}
    [found] = tables_of([{"data": [band, one, two], "layout": layout}])
    [table] = found["tables"]
    assert [(column["group"], column["name"]) for column in table["columns"]] == [
        ("", "step"),
        ("loss (nats)", "one"),
        ("loss (nats)", "one, lowest"),
        ("loss (nats)", "one, highest"),
        ("loss (nats)", "two"),
    ]
    assert table["rows"] == [[1, 7, 5, 9, None], [2, 6, 4, 8, 1], [3, None, None, None, 0]]


def test_pictures_side_by_side_are_told_apart():
    z = [[1, 2, None, 5], [3, 4, None, 6]]
    bare = {"visible": False}
    layout = {"xaxis": bare, "yaxis": bare, "annotations": [{"x": 0.5, "y": -0.5, "text": "before"}]}
    [found] = tables_of([{"data": [{"type": "heatmap", "z": z}], "layout": layout}])
    assert found["tables"][0]["rows"] == [
        ["before", 1, 1, 2],
        ["before", 2, 3, 4],
        ["picture 2", 1, 5, None],
        ["picture 2", 2, 6, None],
    ]


def test_a_picture_in_colours_says_its_colours():
    z = [[[255, 0, 0, 1], [0, 0, 0, 0]]]
    layout = {"xaxis": {"visible": False}, "yaxis": {"visible": False}}
    [found] = tables_of([{"data": [{"type": "image", "z": z}], "layout": layout}])
    assert found["tables"][0]["rows"] == [[1, "rgb(255 0 0)"]]


def test_a_tree_says_what_each_point_comes_from():
    edges = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "x": [0, 1, None, 1, 2], "y": [0, 0, None, 0, 1]}
    nodes = {"type": "scatter", "mode": "markers+text", "x": [1, 2], "y": [0, 1], "text": ["a", "b"]}
    [found] = tables_of([{"data": [edges, nodes | {"hovertemplate": "%{text}<extra></extra>"}], "layout": {}}])
    [table] = found["tables"]
    assert [column["name"] for column in table["columns"]][:2] == ["label", "comes from"]
    assert [row[:2] for row in table["rows"]] == [["a", "the start"], ["b", "a"]]
