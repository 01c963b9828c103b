"""The Markdown report, read again by a renderer that lets everything through."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from deepresearch.report import make_report, render_markdown
from deepresearch.report.markdown import body
from deepresearch.trajectory import Citation, Uncited, Verified

from .conftest import MakeRun, make_run, passage
from .test_citations import MARKDOWN

OURS = re.compile(r'<a id="ref-\d+[a-z]*">|</a>|<br>|</?su[bp]>')
LINK = re.compile(r'href="#(ref-\d+[a-z]*)"')


def rendered(markdown: str) -> str:
    """As a program shows it that allows HTML and any scheme."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    reader.validateLink = lambda url: True  # type: ignore[method-assign]
    html = reader.render(markdown)
    assert isinstance(html, str)
    return html


def foreign_html(markdown: str) -> list[str]:
    """HTML in the Markdown that is not the report's own."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown)
    parts = [part for token in tokens for part in [token, *(token.children or [])]]
    return [p.content for p in parts if p.type in ("html_block", "html_inline") and not OURS.fullmatch(p.content)]


def test_the_whole(run: MakeRun) -> None:
    text = "# Water\n\nIt boils \\cite{p1}, floats \\cite{p2} and flows \\cite{q1, zz}."
    verified = Verified(citations=[Citation(passage="q1", level="partly")])
    markdown = render_markdown(run(text, settings={"budget": {"turns": 9}}, after=[verified], partial=True))
    assert markdown.startswith("# Water\n\n**Question**: How does water behave?\n\nAsked: 2026-11-20 · ")
    assert "> **Partial report**: " in markdown
    assert r"It boils [\[1a, unverified\]](#ref-1a), floats [\[1b, unverified\]](#ref-1b)" in markdown
    assert r"and flows [\[2, in part\]](#ref-2)*\[unverified" in markdown
    assert (
        '1. <a id="ref-1"></a>**Title of a.md** · own document · a.md\n   - <a id="ref-1a"></a>**a** “Water boils'
        in markdown
    )
    assert (
        "2. [**Title of b.md**](https://b.test/x) · 2024-05 · source not rated · <https://b.test/x>\n   - <a id="
        in markdown
    )
    assert "*supports in part*" in markdown
    assert "| Turns | 2 | 9 |" in markdown and "| Cost | $0.5 | none |" in markdown
    assert "zz" not in markdown


def test_in_chinese(run: MakeRun) -> None:
    shown = [passage("p1", "水.md", "水在 100 摄氏度沸腾。", title="水的性质", heading=["第一章", "沸点"], page=3)]
    markdown = render_markdown(
        run("水会沸腾\\cite{p1}。另见\\cite{假}。", shown, language="zh", question="水？", cost=None)
    )
    assert "水会沸腾[\\[1\\]](#ref-1)。另见*\\[已删除未经核实的引用\\]*。" in markdown
    assert "“水在 100 摄氏度沸腾。”（第一章 › 沸点 · 第 3 页）" in markdown
    assert "## 参考文献" in markdown and "| 费用 | 价格未知 | 无 |" in markdown


@pytest.mark.parametrize(
    "text",
    [
        "<script>X(1)</script>",
        "<div>\n**x**",
        "a <img src=x onerror=X(1)> b",
        "<!-- hidden",
        "| a |\n|---|\n| <b>x</b> |",
        "<https://a.test/<script>>",
        "\\<b>",
        "<?php",
    ],
)
def test_html_of_the_policy_is_text(run: MakeRun, text: str) -> None:
    assert foreign_html(render_markdown(run(text))) == []


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:X(1))",
        "[x](\n javascript:X(1))",
        "[x](<javascript:X(1)>)",
        "[x](java&#115;cript:X(1))",
        "[x][y]\n\n[y]: javascript:X(1)",
        "[x][y]\n\n[y]: javascript:X(1)\n[Y]: javascript:X(2)",
        "> [x][y]\n> \n> [y]: javascript:X(1)",
        "![x](https://evil.test/a.png)",
        "![x](data:image/svg+xml,x)",
        "[![x](https://evil.test/a.png)](javascript:X(1))",
        "<javascript:X(1)>",
        "[1](#ref-1)",
    ],
)
def test_links_of_the_policy_lead_nowhere_bad(run: MakeRun, text: str) -> None:
    html = rendered(render_markdown(run(text)))
    assert not re.search(r'(href|src)="(javascript|data|#ref)|<img', html)


def test_good_links_and_code_stay(run: MakeRun) -> None:
    text = "[a](https://a.test/x?y=1) <https://b.test/> <mailto:a@b.test> `<b> ![x](y)`\n\n```\n<script>\n```"
    assert text in render_markdown(run(text))


def test_a_definition_cannot_take_a_mark_over(run: MakeRun) -> None:
    html = rendered(render_markdown(run("A \\cite{p1}.\n\n[1]: https://evil.test/\n[\\[1\\]]: https://evil.test/")))
    assert '<a href="#ref-1">[1]</a>' in html


def test_an_open_fence_does_not_swallow_the_references(run: MakeRun) -> None:
    for text in ("A \\cite{p1}.\n\n~~~~\ncode", "A \\cite{p1}.\n\n```", "[^1]: x\n\nA \\cite{p1}[^1]\n\n```py\ncode\n"):
        assert "<h2>References</h2>" in rendered(render_markdown(run(text)))


def test_fields_of_sources_are_text(run: MakeRun) -> None:
    hostile = "<script>X</script> [x](javascript:X) `a` **b** &lt; \u202e # | \n- y"
    shown = [
        passage("p1", hostile, hostile, title=hostile, heading=[hostile], date=hostile, url="javascript:X(1)"),
        passage("p2", "x", "y", url="https://a.test/'><img src=x onerror=X(1)>"),
    ]
    markdown = render_markdown(run("A \\cite{p1, p2}.", shown, question=hostile))
    assert foreign_html(markdown) == []
    html = rendered(markdown)
    assert not re.search(r'href="(?!#ref-|https://a\.test/)', html)
    assert "<strong>b" not in html and "\u202e" not in html


def test_the_marks_of_a_source_are_not_quoted(run: MakeRun) -> None:
    shown = [passage("p1", text="- **Same again.** `append` adds.\n\n| a | b |\n|---|---|\n| 1 | 2 |")]
    assert "“Same again. append adds. a b 1 2” (paragraph 1)" in render_markdown(run("A \\cite{p1}.", shown))


@given(MARKDOWN, st.text(max_size=30))
def test_any_text_renders_inert_with_each_link_at_home(text: str, title: str) -> None:
    shown = [passage("p1", text=text, title=title), passage("p2"), passage("q1", "b.md", url=title, heading=[title])]
    markdown = render_markdown(make_run(text, shown, question=title))
    assert foreign_html(markdown) == []
    html = rendered(markdown)
    targets = re.findall(r'id="(ref-\d+[a-z]*)"', html)
    assert len(targets) == len(set(targets))
    assert set(LINK.findall(html)) <= set(targets)


def test_tags_without_attributes_are_kept_or_written_in_markdown(run: MakeRun) -> None:
    markdown = render_markdown(
        run("H<sub>2</sub>O is <b>wet</b><br>and <i>old</i> <sup>unclosed <sub onclick=X>x</sub>")
    )
    assert "H<sub>2</sub>O is **wet**<br>and *old* &lt;sup>unclosed &lt;sub onclick=X>x&lt;/sub>" in markdown


def test_verdicts_and_what_cites_nothing(run: MakeRun) -> None:
    check = Verified(
        citations=[
            Citation(passage="p1", mark=0, level="supports"),
            Citation(passage="p1", mark=1, level="partly", claim="It boils.", reason="Only at sea level."),
        ],
        uncited=[Uncited(claim="Ice | is <b>cold</b>.", suggestion="p2")],
    )
    markdown = render_markdown(run("A \\cite{p1}. B \\cite{p1}.", after=[check]))
    assert r"A [\[1\]](#ref-1). B [\[1, in part\]](#ref-1)." in markdown
    assert "1 of 2 citations support their sentence (supports in part: 1)" in markdown
    assert "supports in part. “It boils.” Only at sea level." in markdown
    assert "- Ice | is &lt;b&gt;cold&lt;/b&gt;. (may be supported by: Title of a.md)" in markdown


def test_a_style_of_references(run: MakeRun) -> None:
    markdown = render_markdown(run("A \\cite{q1}."), "apa")
    assert "1. *Title of b.md*. (2024, May). <https://b.test/x>" in markdown


def test_underscores_within_words_need_no_escape(run: MakeRun) -> None:
    markdown = render_markdown(run("A \\cite{p1}.", [passage("p1", "my_docs/a_b.md", title="_a_ b_c __d")]))
    assert "my_docs/a_b.md" in markdown and r"\_a\_ b_c \_\_d" in markdown
    assert "<em>" not in rendered(markdown)


SHAPES = (
    "[t](%s)",
    "[t](<%s>)",
    "[t]( %s )",
    "[t](\n%s)",
    "[a\\]b]: %s\n\n[a\\]b]",
    "[l]:\n%s\n\n[t][l]",
    "- [l]: %s\n\n[l]",
    "![i](%s)",
    "<%s>",
    "[^n]: %s\n\n[^n]",
    "> [t](%s)",
    "[[t](%s)](https://a.test)",
    "| a |\n|-|\n| [t](%s) |",
)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "target",
    ["JaVaScript:x", "&#106;avascript:x", "https://u@evil.test", "https://good&#64;evil.test", "//evil.test"],
)
def test_no_program_finds_a_link_that_may_not_be_followed(shape: str, target: str) -> None:
    html = rendered(body(make_report(make_run(f"x\n\n{shape % target}"))))
    assert set(re.findall(r'(?:href|src)="([^"]*)"', html)) <= {"https://a.test"}


def test_links_that_may_be_followed_stay() -> None:
    text = "[a](https://a.test:80/x(1)) [b](mailto:b@a.test) [c](#part)\n\n[l]: http://b.test\n\n[^n]: Note: it is.\n"
    assert body(make_report(make_run(text))) == text.strip()
