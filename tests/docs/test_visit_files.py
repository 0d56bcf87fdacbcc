"""What stands beside the pages: cards, plain Markdown, llms.txt, the sitemap, and the page for wrong addresses."""

import io
import re
import shutil
from urllib.parse import urljoin
from xml.etree import ElementTree

import pytest
import yaml
from bs4 import BeautifulSoup
from PIL import Image

from hooks import bundle
from hooks.addresses import public_address
from hooks.cards import Card, Cards, FontMissingError, strokes
from hooks.llms import Entry, llms_txt
from hooks.offline import assets_of
from hooks.plain import html_markdown
from tests.docs.conftest import PROJECT, make_toy

START = "https://atlas.example/atlas/"
FONTS = PROJECT / "node_modules/@fontsource-variable/source-serif-4/files"
COLOURS = {"ink": "#24211c", "muted": "#6a6457", "paper": "#fbf8f1"}
CARD = Card("Toy Networks", "Sequence models", "Small.", "Atlas", "#07657d")


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The small site, built without a public address."""
    site = make_toy(tmp_path_factory.mktemp("local"))
    site.settings["site_url"] = "http://localhost:8000/"
    site.write("mkdocs.yml", yaml.safe_dump(site.settings))
    run = site.build()
    assert run.returncode == 0, run.stderr
    return site


def text(site, path: str) -> str:
    return (site.root / "site" / path).read_text(encoding="utf-8")


class TestAddress:
    @pytest.mark.parametrize(
        ("given", "address"),
        [
            ("https://a.org/b", "https://a.org/b/"),
            ("https://a.org/b/", "https://a.org/b/"),
            ("http://localhost:8000/", ""),
            ("http://127.0.0.1:8000/atlas/", ""),
            ("http://[::1]:8000/", ""),
            ("", ""),
            (None, ""),
        ],
    )
    def test_only_an_address_that_readers_can_use_is_public(self, given, address):
        assert public_address(given) == address

    def test_a_site_without_an_address_names_no_host_of_its_own(self, local):
        for path in (local.root / "site").rglob("*"):
            if path.suffix in (".html", ".xml", ".txt", ".md", ".js", ".json"):
                content = path.read_text(encoding="utf-8")
                assert "localhost" not in content and "127.0.0.1" not in content, path.name
        assert not (local.root / "site/sitemap.xml").exists()
        assert not (local.root / "site/sitemap.xml.gz").exists()

    def test_the_sitemap_lists_every_page_at_its_public_address(self, built):
        elements = ElementTree.fromstring(text(built, "sitemap.xml")).iter()
        places = {element.text for element in elements if element.tag.endswith("loc")}
        assert places == {START, f"{START}architectures/", f"{START}architectures/toy/"}

    def test_the_theme_finds_every_page_from_where_the_site_is(self, local, built):
        for site in (local, built):
            places = [element.text or "" for element in ElementTree.fromstring(text(site, bundle.PAGES)).iter("loc")]
            assert places == ["", "architectures/", "architectures/toy/"]


class TestCards:
    def test_every_page_has_one_of_the_size_that_hosts_ask_for(self, built):
        for name in ("home", "architectures", "architectures/toy"):
            with Image.open(built.root / f"site/assets/cards/{name}.png") as card:
                assert (card.size, card.format) == ((1200, 630), "PNG")

    def test_pages_name_them_by_their_public_address(self, built):
        page = BeautifulSoup(built.html(), "html.parser")
        found = {tag.get("property") or tag.get("name"): tag["content"] for tag in page.select("meta[content]")}
        image = f"{START}assets/cards/architectures/toy.png"
        assert found["og:image"] == found["twitter:image"] == image
        assert (built.root / "site" / image.removeprefix(START)).is_file()
        assert found["og:url"] == page.select_one("link[rel=canonical]")["href"] == f"{START}architectures/toy/"
        assert found["twitter:card"] == "summary_large_image"
        assert found["og:title"] == "Toy Networks"
        assert found["og:description"] == "A network small enough to be a fixture."
        assert (found["og:image:width"], found["og:image:height"]) == ("1200", "630")

    def test_without_an_address_no_page_names_a_picture(self, local):
        page = BeautifulSoup(local.html(), "html.parser")
        assert not page.select('meta[property="og:image"], meta[property="og:url"], meta[name="twitter:image"]')
        assert page.select_one('meta[name="twitter:card"]')["content"] == "summary"
        assert page.select_one('meta[property="og:title"]')["content"] == "Toy Networks"

    def test_a_card_is_the_same_bytes_every_time(self, tmp_path):
        one, other = (Cards(FONTS, tmp_path / name, COLOURS).png(CARD) for name in ("one", "other"))
        assert one == other

    def test_a_card_is_drawn_again_only_when_what_it_shows_changed(self, tmp_path, monkeypatch):
        cards = Cards(FONTS, tmp_path, COLOURS)
        first = cards.png(CARD)
        changed = Card("Other Networks", "Sequence models", "Small.", "Atlas", "#07657d")
        drawn = []
        draw = Cards.draw
        monkeypatch.setattr(Cards, "draw", lambda self, card: drawn.append(card) or draw(self, card))
        again = Cards(FONTS, tmp_path, COLOURS)
        assert again.png(CARD) == first
        assert drawn == []
        assert again.png(changed) != first
        assert drawn == [changed]

    def test_cards_that_no_page_asks_for_are_not_kept(self, tmp_path):
        Cards(FONTS, tmp_path, COLOURS).png(CARD)
        fresh = Cards(FONTS, tmp_path, COLOURS)
        fresh.forget()
        assert list(tmp_path.iterdir()) == []

    def test_the_diagram_of_the_page_is_on_its_card(self, tmp_path):
        cards = Cards(FONTS, tmp_path, COLOURS)
        box = '<rect x="100" y="100" width="100" height="100" fill="#ff0000" stroke="#ff0000"/>'
        svg = f'<svg viewBox="0 0 300 400">{box}</svg>'
        picture = Image.open(io.BytesIO(cards.png(Card("T", "", "", "", "#07657d", svg)))).convert("RGB")
        assert picture.getpixel((838 + 150, 60 + 150)) == (255, 0, 0)
        assert picture.getpixel((838 + 50, 60 + 150)) == (251, 248, 241)

    def test_a_long_title_and_summary_stay_in_their_column(self, tmp_path):
        card = Card("Word " * 60, "Kicker", "Several words about it. " * 60, "", "#07657d", '<svg viewBox="0 0 9 9">')
        picture = Cards(FONTS, tmp_path, COLOURS).draw(card).convert("RGB")
        assert len(picture.crop((770, 0, 1200, 630)).getcolors()) == 1
        assert len(picture.crop((20, 600, 770, 630)).getcolors()) == 1

    def test_lines_and_curves_of_a_diagram_are_followed(self):
        line, curve = strokes("M0 0L10 0H20V5"), strokes("M0 0Q10 0 10 10")
        assert line == [[(0, 0), (10, 0), (20, 0), (20, 5)]]
        assert curve[0][0] == (0, 0) and curve[0][-1] == (10, 10) and len(curve[0]) > 4

    def test_a_missing_font_is_named(self, tmp_path):
        with pytest.raises(FontMissingError, match="make setup"):
            Cards(tmp_path, tmp_path, COLOURS)

    def test_a_missing_font_stops_the_build(self, toy):
        toy.settings["extra"]["atlas"]["serif"] = "nowhere"
        toy.write("mkdocs.yml", yaml.safe_dump(toy.settings))
        run = toy.build()
        assert run.returncode == 1
        assert "the font of the social cards is not there" in run.stdout + run.stderr
        assert not (toy.root / "site").exists()


class TestPlainText:
    def test_a_page_is_there_as_markdown_with_everything_resolved(self, built):
        page = text(built, "architectures/toy/index.html.md")
        assert page.startswith("# Toy Networks\n\n> A network small enough to be a fixture.\n")
        assert "It began with an *idea* (Elman, 1990), see [Figure 1](#figure-curve) and attention." in page
        assert "**Figure 1.** The curve" in page and "Notice the `bend` at the end." in page
        assert "```python\ndef double(x):" in page
        assert "The loss reached 1.23 nats" in page
        assert "h_t = \\tanh(W x_t + b)" in page
        assert "Elman, J. L. (1990)." in page
        for left in ("ATLASBLOCK", "<a ", "<span", "<svg", "--8<--", "{{", "[@", "figure:", "diagram:", "Reset"):
            assert left not in page, left

    def test_links_between_pages_lead_to_markdown(self, toy):
        one = "[one](architectures/toy.md#origin-and-intuition)"
        toy.write("docs/index.md", f"# Home\n\nSee [the list](architectures/index.md) and {one}.\n")
        assert toy.build().returncode == 0
        page = text(toy, "index.html.md")
        assert "[the list](architectures/index.html.md)" in page
        assert "[one](architectures/toy/index.html.md#origin-and-intuition)" in page

    def test_tables_lists_and_formulas(self):
        table = "<table><tr><th>a</th><th>b</th></tr><tr><td>1|2</td><td><code>x</code></td></tr></table>"
        assert html_markdown(table) == "| a | b |\n| --- | --- |\n| 1\\|2 | `x` |"
        assert html_markdown('<ol><li>one</li><li>two <em>b</em></li></ol><button>No</button>') == "1. one\n2. two *b*"
        assert html_markdown('<p>with <span class="arithmatex">\\(x^2\\)</span></p>') == "with $x^2$"

    def test_llms_txt_lists_every_page_with_its_sentence(self, built):
        content = text(built, "llms.txt")
        lines = content.splitlines()
        assert lines[0] == "# Generative-AI Architecture Atlas"
        assert lines[2].startswith("> Interactive")
        links = re.findall(r"^- \[(.+?)\]\((.+?)\)(?:: (.+))?$", content, re.MULTILINE)
        address = f"{START}architectures/toy/index.html.md"
        assert ("Toy Networks", address, "A network small enough to be a fixture.") in links
        assert len(links) == 3
        for _, address, _ in links:
            assert (built.root / "site" / address.removeprefix(START)).is_file()

    def test_without_an_address_its_links_are_relative_to_it(self, local):
        addresses = re.findall(r"\]\((.+?)\)", text(local, "llms.txt"))
        assert addresses and all((local.root / "site" / address).is_file() for address in addresses)

    def test_a_section_without_pages_is_left_out(self):
        content = llms_txt("Site", "About\n it.", {"One": [Entry("a/", "A", "")], "None": []})
        assert "> About it.\n" in content and "- [A](a/)\n" in content and "None" not in content


class TestWrongAddress:
    def test_the_page_can_be_shown_at_any_depth(self, local):
        page = BeautifulSoup(text(local, "404.html"), "html.parser")
        styles = [link["href"] for link in page.select("link[rel=stylesheet]")]
        scripts = [script["src"] for script in page.select("script")]
        assets = assets_of(local.root / "site").name
        for depth in range(5):
            there = "https://a.org/some/folder/" + "x/" * depth
            for files, file in ((styles, "css/not-found.css"), (scripts, "js/not-found.js")):
                assert f"https://a.org/some/folder/{assets}/{file}" in [urljoin(there, name) for name in files]

    def test_the_page_lists_all_pages_and_holds_no_inline_script(self, built):
        page = BeautifulSoup(text(built, "404.html"), "html.parser")
        addresses = {link["data-address"]: link["href"] for link in page.select("nav a")}
        assert addresses == {
            "": "/atlas/",
            "architectures/": "/atlas/architectures/",
            "architectures/toy/": "/atlas/architectures/toy/",
        }
        assert all(not script.string for script in page.select("script"))
        names = {name for tag in page.find_all(True) for name in tag.attrs}
        assert not {name for name in names if name.startswith("on") or name == "style"}


def test_the_groups_of_the_navigation_show_the_pages_that_are_there(built):
    home = BeautifulSoup(built.html("architectures/index.html"), "html.parser")
    assert [item.get_text(strip=True) for item in home.select(".md-tabs__item")] == ["Home", "Architectures"]
    assert [item.get_text(strip=True) for item in home.select(".atlas-contents__group")] == ["Read"]
    chapter = home.select_one(".atlas-contents__chapters a")
    assert (chapter["href"], chapter.small.get_text(), chapter.parent["data-family"]) == ("toy/", "1990", "sequence")


def test_a_second_build_draws_no_card(toy):
    assert toy.build().returncode == 0
    kept = {path.name: path.stat().st_mtime_ns for path in (toy.root / ".cache/cards").iterdir()}
    shutil.rmtree(toy.root / "site")
    assert toy.build().returncode == 0
    assert {path.name: path.stat().st_mtime_ns for path in (toy.root / ".cache/cards").iterdir()} == kept
