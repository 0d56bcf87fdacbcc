"""Bundles, fonts, styles and colours are complete, of the promised size, and name no foreign host."""

import gzip
import json
import re

import pytest

from tools import page_assets
from tools.files import AssetError


@pytest.fixture
def generated(tmp_path, monkeypatch):
    monkeypatch.setattr(page_assets, "GENERATED", tmp_path)
    return tmp_path


def test_the_editor_fits_its_budget_and_exports_its_one_function(generated):
    script = page_assets.bundle("editor").read_bytes()
    assert len(gzip.compress(script, 9)) <= 140_000
    assert re.search(rb"export\{\w+ as createEditor\}", script)


def test_the_plotly_bundle_has_the_traces_of_the_kit_and_no_others(generated):
    script = page_assets.bundle("plotly").read_text()
    for trace in ("scatter", "bar", "heatmap", "contour", "image"):
        assert f'name:"{trace}"' in script
    for trace in ("scattergl", "choropleth", "surface", "violin"):
        assert f'name:"{trace}"' not in script
    assert re.search(r"export\{\w+ as default\}", script)
    assert "maplibregl" not in script


def test_a_bundle_that_fails_says_why(generated, tmp_path, monkeypatch):
    broken = tmp_path / "broken.js"
    broken.write_text("import nothing from 'no-such-package';")
    monkeypatch.setitem(page_assets.BUNDLES, "broken", broken)
    with pytest.raises(AssetError, match='Could not resolve "no-such-package"'):
        page_assets.bundle("broken")
    assert not (generated / "js" / "broken.js").exists()


def test_katex_names_only_fonts_that_are_there(generated):
    page_assets.katex()
    css = (generated / "katex" / "katex.min.css").read_text()
    named = set(re.findall(r"url\(([^)]+)\)", css))
    assert len(named) > 15
    assert all(name.endswith(".woff2") for name in named)
    assert named == {f"fonts/{path.name}" for path in (generated / "katex" / "fonts").iterdir()}


def test_fonts_are_woff2_and_small_enough_to_be_loaded_first(generated):
    written = page_assets.fonts()
    assert {path.read_bytes()[:4] for path in written} == {b"wOF2"}
    assert sum(path.stat().st_size for path in written) < 250_000


def test_colours_reach_css_for_both_themes_and_every_family(generated):
    page_assets.tokens()
    css = (generated / "tokens.css").read_text()
    tokens = json.loads(page_assets.TOKENS.read_text())
    light, dark = css.split('[data-md-color-scheme="slate"]')
    for name, value in tokens["colours"].items():
        assert f"--atlas-{name}: {value['light']};" in light
        assert f"--atlas-{name}: {value['dark']};" in dark
    for family in tokens["families"]:
        assert f'[data-family="{family}"]' in css
    script = (generated / "tokens.js").read_text()
    assert json.loads(script[script.index("{") : script.rindex("}") + 1]) == tokens


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "is missing"), ("{", "is not JSON"), ('{"colours": {}, "scales": {}}', "has no “families”")],
)
def test_tokens_that_cannot_be_used_are_refused(tmp_path, monkeypatch, text, message):
    path = tmp_path / "tokens.json"
    if text is not None:
        path.write_text(text)
    monkeypatch.setattr(page_assets, "TOKENS", path)
    monkeypatch.setattr(page_assets, "ROOT", tmp_path)
    with pytest.raises(AssetError, match=message):
        page_assets.read_tokens()
