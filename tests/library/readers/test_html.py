from pathlib import Path

import pytest

from deepresearch.errors import DocumentError
from deepresearch.library.documents import Block
from deepresearch.library.readers.html import parse_html
from deepresearch.library.reading import read

MANUAL = """<?xml version="1.0" encoding="UTF-8"?>
<html lang="en-GB"><head><title>Tasks — Manual</title>
<meta name="generator" content="Docutils 0.19"><meta name="DC.date" content="2023-02-08">
<link rel="canonical" href="https://docs.example/tasks.html"><script>var hidden = 1</script></head>
<body><nav><a href="/">Home</a></nav>
<div class="sphinxsidebar"><p>Sidebar text</p></div>
<main>
<h1>Tasks<a class="headerlink" href="#tasks">¶</a></h1>
<p>Intro with <code>run()</code>
over two lines.</p>
<dl class="py function"><dt>gather(<em>*aws</em>)<a class="headerlink" href="#g">¶</a></dt>
<dd><p>Runs things.</p><pre>x = 1
  y = 2</pre>
<dl><dt>limit</dt><dd>How many.</dd></dl></dd></dl>
<p>After the definition.</p>
<ol><li>first</li><li><p>second</p><p>more</p></li></ol>
<table><tr><th>Name</th><th>Use</th></tr><tr><td rowspan="2">a</td><td>b|c</td></tr>
<tr><td>d</td></tr></table>
<table><tr><td><p>Layout only.</p></td></tr></table>
<table><tr><td rowspan="2"><img src="i.png"></td><th>Note</th></tr><tr><td>Take care.</td></tr></table>
<p style="display: none">Not shown</p><p hidden>Nor this</p>
<ul><li><a href="#a">a</a></li><li><a href="#b">b</a></li><li><a href="#c">c</a></li><li><a href="#d">d</a></li>
<li><a href="#e">contents</a></li></ul>
</main><footer>Copyright line</footer></body></html>"""


def test_manual() -> None:
    document = parse_html(MANUAL, "m.html", "m")
    assert (document.title, document.url, document.date) == (
        "Tasks — Manual",
        "https://docs.example/tasks.html",
        "2023-02-08",
    )
    assert document.language == "en-GB"
    assert document.blocks == [
        Block("heading", "Tasks", 1),
        Block("paragraph", "Intro with run() over two lines."),
        Block("term", "gather(*aws)", 7),
        Block("paragraph", "Runs things."),
        Block("code", "```\nx = 1\n  y = 2\n```"),
        Block("term", "limit", 8),
        Block("paragraph", "How many."),
        Block("heading", "", 8),
        Block("heading", "", 7),
        Block("paragraph", "After the definition."),
        Block("item", "1. first"),
        Block("item", "2. second"),
        Block("item", "more"),
        Block("table", "| Name | Use |\n| --- | --- |\n| a | b\\|c |\n| a | d |"),
        Block("paragraph", "Layout only."),
        Block("paragraph", "Note"),
        Block("paragraph", "Take care."),
    ]


def test_article_without_its_surroundings() -> None:
    paragraphs = "".join(
        f"<p>Paragraph {n} of the story tells at some length what happened in the town that day, and why.</p>"
        for n in range(8)
    )
    page = f"""<html lang="en"><head><title>Story - The Paper</title>
    <meta property="article:published_time" content="2021-07-01T10:00:00Z"></head><body>
    <div class="menu"><ul><li><a href="/a">Sport</a></li><li><a href="/b">Weather</a></li></ul></div>
    <article><h1>Story</h1>{paragraphs}</article><div class="footer">All rights reserved</div></body></html>"""
    document = parse_html(page, "s.html", "s")
    text = "\n".join(block.text for block in document.blocks)
    assert text.count("of the story") == 8
    assert "Weather" not in text and "rights" not in text
    assert document.date and document.date.startswith("2021-07-01")


def test_all_visible_text_where_there_is_no_article() -> None:
    document = parse_html(
        "<html><body><div>Opening hours: 9 to 5.</div><div>Closed on Mondays.</div></body></html>", "x", "x"
    )
    assert "Closed on Mondays." in " ".join(block.text for block in document.blocks)


def test_chinese_lines_are_joined_without_spaces() -> None:
    document = parse_html("<pre>x</pre><p>图书馆是\n  保存书籍，\n也是 apt 命令\n的地方。</p>", "x", "x")
    assert document.blocks[-1].text == "图书馆是保存书籍，也是 apt 命令的地方。"


def test_an_index_is_refused() -> None:
    links = "".join(f"<li><a href='p{n}.html'>Entry number {n}</a></li>" for n in range(80))
    with pytest.raises(DocumentError, match="links"):
        parse_html(f"<html><body><main><ul>{links}</ul></main></body></html>", "index.html", "index")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<",
        "<html>",
        "plain words",
        "<div>" * 100_000 + "deep",
        "<p>" + "<b>" * 5000 + "x",
        "<table><tr><td>" * 300 + "x",
        "<pre>&#0;&#xD800;\x01</pre>",
        "<!DOCTYPE html [<!ENTITY a 'b'>]>&a;",
        "<html" + " a=b" * 50_000 + ">x",
        "<p>\ud800</p>",
    ],
)
def test_malformed_pages_do_no_harm(text: str) -> None:
    try:
        parse_html(text, "x.html", "x")
    except DocumentError as error:
        assert "x.html" in error.message


def test_charset_that_lies(docs: Path) -> None:
    path = docs / "a.html"
    path.write_bytes('<html><head><meta charset="iso-8859-1"></head><body><pre>图书馆</pre></body></html>'.encode())
    (document,) = read(path)
    assert "图书馆" in document.blocks[0].text  # type: ignore[union-attr]


def test_a_year_in_the_text_is_no_date_of_the_page() -> None:
    told = "<html><body><article><p>The wage is 26 crowns an hour since May 2024.</p></article></body></html>"
    assert parse_html(told, "t.html", "t").date is None
    dated = told.replace("<article>", "<article><time datetime='2021-03-04'>4 March</time>")
    assert parse_html(dated, "t.html", "t").date == "2021-03-04"


CONTENTS = """<html><body><div><a href="#a">Limits of size</a> <a href="#b">Is it safe?</a>
<a href="#c">Columns</a> <a href="#d">Rows</a> <a href="#e">Pages</a></div>
<h2 id="a">Limits of size</h2><p>There are two limits of the size of a file:</p>
<ol><li>A file has 2 GB at most.</li><li>A name has 255 letters at most.</li></ol>
<a name="b"></a><p><b>(1) Is it safe?</b></p><p>It is, where nobody else writes to it.</p>
<h2><a name="c">Columns</a></h2><p><b>Note:</b> there are 2000 of them.</p></body></html>"""


def test_a_page_with_a_table_of_its_own_contents_keeps_its_headings_and_lists() -> None:
    told = [(block.kind, block.text) for block in parse_html(CONTENTS, "c.html", "c").blocks]
    assert told == [
        ("heading", "Limits of size"),
        ("paragraph", "There are two limits of the size of a file:"),
        ("item", "1. A file has 2 GB at most."),
        ("item", "2. A name has 255 letters at most."),
        ("heading", "(1) Is it safe?"),
        ("paragraph", "It is, where nobody else writes to it."),
        ("heading", "Columns"),
        ("paragraph", "Note: there are 2000 of them."),
    ]


def test_a_paragraph_of_an_article_in_bold_type_is_a_heading() -> None:
    prose = "<p>The geese come to the park in the autumn and stay until the grass has been eaten by all of them.</p>"
    page = f"<html><body><article>{prose * 3}<p><b>Number of geese</b></p>{prose}</article></body></html>"
    kinds = {block.text: block.kind for block in parse_html(page, "g.html", "g").blocks}
    assert kinds["Number of geese"] == "heading"
