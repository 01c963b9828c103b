from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from deepresearch.library.documents import Document
from deepresearch.library.readers.markdown import markdown_blocks
from deepresearch.library.reading import read

TEXT = """---
title: "The Manual"
date: 2024-03-05
lang: zh-CN
---
# First *heading*

A paragraph with a [link](https://a.example/x "title") and an ![image](i.png)
over two lines, an escaped \\_underscore\\_ and <b>HTML</b>.

Second heading
--------------

- one
- two
  with more
  - nested

| a | b |
| --- | --- |
| 1 | 2 |

```python
# not a heading
x = [1](2)
```

> quoted
"""


def test_blocks() -> None:
    blocks = markdown_blocks(TEXT.split("---\n", 2)[2])
    assert [(block.kind, block.level) for block in blocks] == [
        ("heading", 1),
        ("paragraph", 0),
        ("heading", 2),
        ("item", 0),
        ("item", 0),
        ("table", 0),
        ("code", 0),
        ("paragraph", 0),
    ]
    assert blocks[0].text == "First heading"
    assert blocks[1].text == ("A paragraph with a link and an image\nover two lines, an escaped _underscore_ and HTML.")
    assert blocks[4].text == "- two\n  with more\n  - nested"
    assert blocks[5].text.splitlines()[2] == "| 1 | 2 |"
    assert blocks[6].text == "```python\n# not a heading\nx = [1](2)\n```"


def test_front_matter(docs: Path) -> None:
    path = docs / "a.md"
    path.write_text(TEXT)
    (document,) = read(path)
    assert isinstance(document, Document)
    assert (document.id, document.title, document.date, document.language) == (
        str(path),
        "The Manual",
        "2024-03-05",
        "zh",
    )


def test_title_without_front_matter(docs: Path) -> None:
    (docs / "b.md").write_text("Intro.\n\n## The heading\n\nText.")
    (docs / "c.md").write_text("Text only.")
    (docs / "d.md").write_text("# The title\n\nText.\n\n# Part")
    titles = [document.title for name in ("b.md", "c.md", "d.md") for document in read(docs / name)]  # type: ignore[union-attr]
    assert titles == ["b", "c", "The title"]  # a heading further down names only its part


@given(st.text(st.sampled_from("abc #-*>`|\n12.") | st.characters(codec="utf-8", categories=["L"]), max_size=300))
def test_words_are_not_lost(text: str) -> None:
    kept = "".join(block.text for block in markdown_blocks(text))
    assert {c for c in text if c.isalpha()} <= set(kept)


def test_what_is_written_as_html_is_read_as_shown() -> None:
    text = (
        "Of 10<sup>6</sup> m<sup>3</sup> CO<sub>2</sub>.\n\n<table>\n<tr><th>Town</th><th>Sort</th></tr>\n"
        "<tr><td rowspan=2>Ely</td><td>a</td></tr>\n<tr><td>b</td></tr>\n</table>\n"
    )
    first, second = markdown_blocks(text)
    assert first.text == "Of 10⁶ m³ CO₂."
    assert (second.kind, second.text) == ("table", "| Town | Sort |\n| --- | --- |\n| Ely | a |\n| Ely | b |")
