"""What strangers wrote cannot steer the terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.cli.terminal import put, table, without_places
from deepresearch.text.characters import clean


@given(st.text())
def test_nothing_that_acts_on_a_terminal_is_left(text: str) -> None:
    left = clean(text)
    assert all(c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs") for c in left)
    assert clean(left) == left


def test_escape_sequences_and_direction_marks_go(capsys: pytest.CaptureFixture[str]) -> None:
    put("a\x1b[31mred\x1b]0;title\x07\u202egnp.exe")
    put("中文 é 🙂")
    assert capsys.readouterr().out == "a[31mred]0;titlegnp.exe\n中文 é 🙂\n"


def test_table() -> None:
    assert table([["a", "bb"], ["ccc", "d"]], 80) == "a    bb\nccc  d"
    assert table([["a", "How many moons does Velmark have?"]], 24) == "a  How many moons does …"
    assert table([["a", "维尔马克有几颗卫星以及它们的名字"]], 24) == "a  维尔马克有几颗卫星以…"


def test_a_rendered_report_has_no_links_within_itself() -> None:
    text = r"It rose [\[1a\]](#ref-1a). See [the site](https://a.example/#x). <a id=\"ref-1a\"></a>Source".replace(
        '\\"', '"'
    )
    assert without_places(text) == r"It rose \[1a\]. See [the site](https://a.example/#x). Source"
