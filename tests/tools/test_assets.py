"""The one command: does what is needed, skips what is not, and fails with a name and a code."""

import pytest

from tools import assets, stamps
from tools.files import AssetError, write


@pytest.fixture
def steps(tmp_path, monkeypatch):
    """Two steps over tmp_path; returns what was made, in order."""
    made = []

    def step(name):
        def make(say):
            made.append(name)
            say("working")
            return [write(tmp_path / f"{name}.out", name)]

        return assets.Step(f"the {name}", lambda: (tmp_path / "input").read_text(), make)

    write(tmp_path / "input", "1")
    monkeypatch.setattr(stamps, "STAMPS", tmp_path / "stamps")
    monkeypatch.setattr(assets, "STEPS", {"first": step("first"), "second": step("second")})
    return made


def test_everything_is_made_once(steps, capsys):
    assert assets.main([]) == 0
    assert steps == ["first", "second"]
    assert assets.main([]) == 0
    assert steps == ["first", "second"]
    assert "[1/2] the first: up to date" in capsys.readouterr().out


def test_a_changed_input_a_missing_file_and_force_make_it_again(steps, tmp_path):
    assets.main([])
    write(tmp_path / "input", "2")
    assets.main(["first"])
    (tmp_path / "second.out").unlink()
    assets.main([])
    assets.main(["--force", "first"])
    assert steps == ["first", "second", "first", "second", "first"]


def test_a_shortened_file_is_made_again(steps, tmp_path):
    assets.main(["first"])
    (tmp_path / "first.out").write_text("f")
    assets.main(["first"])
    assert (tmp_path / "first.out").read_text() == "first"


def test_a_damaged_stamp_is_as_good_as_none(steps, tmp_path):
    assets.main(["first"])
    (tmp_path / "stamps" / "first.json").write_text("[1")
    assert assets.main(["first"]) == 0
    assert steps == ["first", "first"]


def test_a_step_that_fails_is_named_and_the_others_are_made(steps, tmp_path, monkeypatch, capsys):
    def broken(say):
        raise AssetError("the reason")

    monkeypatch.setitem(assets.STEPS, "first", assets.Step("the first", lambda: "1", broken))
    assert assets.main([]) == 1
    captured = capsys.readouterr()
    assert "[1/2] the first: FAILED\nthe reason" in captured.err
    assert steps == ["second"]
    assert not (tmp_path / "stamps" / "first.json").exists()


def test_an_unknown_step_is_refused_by_name(steps, capsys):
    with pytest.raises(SystemExit) as caught:
        assets.main(["third"])
    assert caught.value.code == 2
    assert "there is no step “third”; there are first, second" in capsys.readouterr().err
