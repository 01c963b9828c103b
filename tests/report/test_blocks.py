"""A report's text as blocks: gigantic tables are cut, with a sentence that says so, wherever they stand."""

import pytest

from deepresearch.report.blocks import (
    MOST_COLUMNS,
    MOST_ROWS,
    Block,
    BlockQuote,
    Items,
    Paragraph,
    Table,
    TextRun,
    blocks,
    plain_text,
)
from deepresearch.text.labels import labels_for


def read(text: str, language: str = "en") -> tuple[Block, ...]:
    return blocks(text, labels_for(language))


def table(rows: int, columns: int, cell: str = "x") -> str:
    line = "|" + "|".join([cell] * columns) + "|"
    return "\n".join([line, "|" + "|".join(["---"] * columns) + "|", *[line] * rows]) + "\n"


def test_rows_and_columns_are_cut() -> None:
    before, cut, told, after = read(f"before\n\n{table(1000, 30)}\nafter", "zh")
    assert isinstance(cut, Table) and isinstance(told, Paragraph)
    assert len(cut.rows) == MOST_ROWS + 1 and {len(row) for row in cut.rows} == {MOST_COLUMNS}
    assert "仅显示 200 行、24 列" in plain_text(told.inlines)
    assert [type(block) for block in (before, after)] == [Paragraph, Paragraph]
    assert [type(block) for block in read(table(MOST_ROWS, MOST_COLUMNS))] == [Table]


@pytest.mark.parametrize("lead", ["- ", "> "])
def test_tables_in_lists_and_quotations_are_cut_too(lead: str) -> None:
    text = lead + table(MOST_ROWS + 5, 2).replace("\n", "\n" + (" " if lead == "- " else "") + lead.replace("-", " "))
    [block] = read(text)
    found = block.items[0] if isinstance(block, Items) else block.blocks if isinstance(block, BlockQuote) else ()
    assert [type(inner) for inner in found] == [Table, Paragraph]


@pytest.mark.parametrize(
    "text",
    [
        "1. First\n2. Second\n| Year | Event |\n|------|-------|\n| 1873 | fire |\n| 1951 | corn |\n",
        "- point\n  - inner\n| Year | Event |\n|:--|--:|\n| 1873 | fire |\n| 1951 | corn |\n",
        "* 要点\n|年份|事件|\n|---|---|\n|1873|火灾|\n|1951|停产|\n",
    ],
)
def test_a_table_right_behind_a_list_is_a_table(text: str) -> None:
    listed, found = read(text)
    assert isinstance(listed, Items) and isinstance(found, Table)
    assert [plain_text(row[0]) for row in found.rows[1:]] == ["1873", "1951"]


def test_a_table_within_an_item_is_a_table() -> None:
    [listed] = read("- Prices:\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n")
    assert isinstance(listed, Items) and isinstance(listed.items[0][1], Table)
    [listed] = read("1. Prices:\n   | a | b |\n   |---|---|\n   | 1 | 2 |\n2. End")
    assert isinstance(listed, Items) and isinstance(listed.items[0][1], Table) and len(listed.items) == 2


def test_a_line_with_a_pipe_behind_a_list_is_no_table() -> None:
    [listed] = read("- point\na | b\nc | d")
    assert isinstance(listed, Items)


def test_lines_of_chinese_are_joined_without_a_blank() -> None:
    [paragraph] = read("水价\n为三元\nand more\n文字")
    assert isinstance(paragraph, Paragraph) and plain_text(paragraph.inlines) == "水价为三元 and more 文字"


def test_headings_start_below_the_title_and_have_names_of_their_own() -> None:
    found = read("### A b!\n\n#### A b\n\n### A b")
    assert [(b.level, b.id) for b in found] == [(2, "h-a-b"), (3, "h-a-b-2"), (2, "h-a-b-3")]  # type: ignore[union-attr]


def test_links_that_may_not_be_followed_are_unwrapped() -> None:
    [paragraph] = read("[a](https://u@evil.test/) [b](#nowhere) [c](https://a.test/x) 见 https://a.test/水，另见")
    runs = [i for i in paragraph.inlines if isinstance(i, TextRun)]  # type: ignore[union-attr]
    assert [(r.text, r.url) for r in runs if r.url or r.text in "ab"] == [
        ("a", None),
        ("b", None),
        ("c", "https://a.test/x"),
        ("https://a.test/水", "https://a.test/%E6%B0%B4"),
    ]
