from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.text.markdown import (
    code_ranges,
    is_inside,
    markdown_blocks,
    new_parser,
    plain_line,
    unfenced,
    without_links,
)

TEXT = """# A *title*

A paragraph
over two lines.

- one
  - nested
- two

> quoted
> words

| a | b\\|c |
| --- | --- |
| 1 | 2 |

```
x = 1
```

[^1]: A note.

<!-- hidden

still hidden -->
"""


def test_blocks_and_their_places() -> None:
    found = [(block.kind, TEXT[block.start : block.end]) for block in markdown_blocks(TEXT, html=True)]
    assert found == [
        ("heading", "A *title*"),
        ("paragraph", "A paragraph\nover two lines."),
        ("item", "one"),
        ("item", "nested"),
        ("item", "two"),
        ("quotation", "quoted\n> words"),
        ("table", "| a | b\\|c |\n| --- | --- |\n| 1 | 2 |\n"),
        ("code", "```\nx = 1\n```\n"),
        ("note", "A note."),
        ("paragraph", "<!-- hidden\n\nstill hidden -->\n"),
    ]


def test_what_holds_a_block() -> None:
    blocks = markdown_blocks(TEXT)
    nested = blocks[3]
    assert TEXT[slice(*nested.outer)] == "- one\n  - nested\n" == TEXT[slice(*blocks[2].outer)]
    assert TEXT[slice(*blocks[4].outer)].strip() == "- two"
    assert blocks[0].level == 1


def test_cells() -> None:
    (table,) = [block for block in markdown_blocks(TEXT) if block.rows]
    assert [[TEXT[slice(*cell)] for cell in row] for row in table.rows] == [["a", "b\\|c"], ["1", "2"]]


def test_words_without_markup() -> None:
    assert without_links('a [link](https://x.example/ "t") ![image](i.png) <b>c</b> \\_d\\_') == "a link image c _d_"
    assert plain_line("The *big*\n`code` [link](x)") == "The big code link"


@given(
    st.text(st.sampled_from("abc水 #->|*`\n12.[]()\\^:<!") | st.characters(codec="utf-8"), max_size=200), st.booleans()
)
def test_blocks_are_in_order_and_in_the_text(text: str, html: bool) -> None:
    blocks = markdown_blocks(text, html)
    assert all(one.start <= other.start for one, other in pairwise(blocks))
    assert all(0 <= block.start <= block.end <= len(text) for block in blocks)
    cells = [cell for block in blocks for row in block.rows for cell in row]
    assert all(start <= end for start, end in cells)


@given(
    st.lists(st.sampled_from(["`", "``", "\\", "a", " ", "\n", "```\n", "    ", "- ", "> ", "|"]), max_size=30).map(
        "".join
    )
)
def test_code_spans_agree_with_the_parser(text: str) -> None:
    """Wherever the parser sees code, so does `code_ranges`: each letter in code is in a range."""
    ranges = code_ranges(text)
    assert all(a < b for a, b in ranges) and all(x[1] < y[0] for x, y in pairwise(ranges))
    code = sum(
        part.content.count("a")
        for token in new_parser().parse(text)
        for part in [token, *(token.children or [])]
        if part.type in ("code_inline", "code_block") or (part.type == "fence")
    )
    found = sum(is_inside(ranges, i) for i, char in enumerate(text) if char == "a")
    info = sum(token.info.count("a") for token in new_parser().parse(text) if token.type == "fence")
    assert found == code + info


@pytest.mark.parametrize(
    "text", ["把**“九阶层”**、收入", "他说**“好。”**就走了", "**（注）**后文", "**粗**。", "见**《书》**中"]
)
def test_emphasis_beside_chinese_punctuation(text: str) -> None:
    html = new_parser().render(text)
    assert html.count("<strong>") == 1 and "*" not in html


@pytest.mark.parametrize("text", ["2 * 3 * 4", "a ** b ** c", "snake*", "* *"])
def test_emphasis_is_read_as_ever_elsewhere(text: str) -> None:
    assert "<em>" not in new_parser().render(text) and "<strong>" not in new_parser().render(text)


REPORT = "# Title\n\nText \\cite{a}.\n\n```python\nprint(1)\n```"


@pytest.mark.parametrize(
    "fence, language",
    [("```", "markdown"), ("```", "md"), ("````", ""), ("~~~", "Markdown"), ("````", "markdown"), ("~~~~", "md")],
)
def test_a_fence_around_the_whole_report_is_no_part_of_it(fence: str, language: str) -> None:
    inner = REPORT if fence != "```" else "# Title\n\nText \\cite{a}."
    assert unfenced(f"\n{fence}{language}\n{inner}\n{fence}\n") == inner


@pytest.mark.parametrize(
    "text",
    [
        REPORT,
        "```python\nprint(1)\n```",
        "```\nfirst\n```\n\nText between.\n\n```\nsecond\n```",
        "Here it is:\n```markdown\n# Title\n```",
        "```markdown\n# Never closed",
        "",
    ],
)
def test_other_fences_stay(text: str) -> None:
    assert unfenced(text) == text
