"""What strangers wrote cannot steer the terminal."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from deepresearch.cli.terminal import clip, plain, table, without_places


@given(st.text())
def test_nothing_that_acts_on_a_terminal_is_left(text: str) -> None:
    left = plain(text)
    assert all(c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Co") for c in left)
    assert plain(left) == left


def test_escape_sequences_and_direction_marks_go() -> None:
    assert plain("a\x1b[31mred\x1b]0;title\x07\u202egnp.exe") == "a[31mred]0;titlegnp.exe"
    assert plain("中文 é 🙂\n") == "中文 é 🙂\n"


def test_clip_and_table() -> None:
    assert clip("one\ntwo   three", 9) == "one two …"
    assert table([["a", "bb"], ["ccc", "d"]], 80) == "a    bb\nccc  d"
    assert table([["a", "How many moons does Velmark have?"]], 24) == "a  How many moons does …"
    assert table([["a", "维尔马克有几颗卫星以及它们的名字"]], 24) == "a  维尔马克有几颗卫星以…"


def test_a_rendered_report_has_no_links_within_itself() -> None:
    text = r"It rose [\[1a\]](#ref-1a). See [the site](https://a.example/#x). <a id=\"ref-1a\"></a>Source".replace(
        '\\"', '"'
    )
    assert without_places(text) == r"It rose \[1a\]. See [the site](https://a.example/#x). Source"
