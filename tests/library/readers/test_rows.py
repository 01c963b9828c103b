import json
from email.message import EmailMessage
from pathlib import Path

import pytest

from deepresearch.errors import DocumentError
from deepresearch.library.documents import Block, Document
from deepresearch.library.passages import make_passages
from deepresearch.library.readers.rows import Cell, spread
from deepresearch.library.reading import read
from tests.library.readers.test_office import archive, only


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "utf-16"])
@pytest.mark.parametrize(("name", "mark"), [("a.csv", ","), ("a.csv", ";"), ("a.tsv", "\t")])
def test_csv(docs: Path, encoding: str, name: str, mark: str) -> None:
    rows = [["名前", "住所"], ["佐藤太郎", "東京"], ["三木英子", '"大阪\n北"']]
    path = docs / name
    path.write_bytes("\n".join(mark.join(row) for row in rows).encode(encoding))
    (block,) = only(path).blocks
    assert block == Block("table", "| 名前 | 住所 |\n| --- | --- |\n| 佐藤太郎 | 東京 |\n| 三木英子 | 大阪 北 |")


def test_every_passage_of_a_long_table_names_the_columns(docs: Path) -> None:
    path = docs / "a.csv"
    path.write_text("City,Count\n" + "\n".join(f"city number {n},{n}" for n in range(300)))
    made = make_passages(only(path))
    assert len(made) > 3
    assert all(passage.text.startswith("| City | Count |\n") for passage in made)


def test_a_cell_without_end(docs: Path) -> None:
    path = docs / "a.csv"
    path.write_text('a,b\n"' + "x" * 200_000)
    with pytest.raises(DocumentError, match="valid CSV"):
        list(read(path))


def test_notebook(docs: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "Text."]},
        {"cell_type": "code", "source": "x = 1\n", "outputs": [{"text": "hidden"}]},
        {"cell_type": "raw", "source": "raw"},
        "no cell",
    ]
    path = docs / "a.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {"kernelspec": {"language": "python"}}}))
    document = only(path)
    assert document.title == "Title"
    assert document.blocks == [
        Block("heading", "Title", 1),
        Block("paragraph", "Text."),
        Block("code", "```python\nx = 1\n```"),
    ]


@pytest.mark.parametrize("text", ["{", "[]", '{"cells": 3}', "[" * 100_000])
def test_no_notebook(docs: Path, text: str) -> None:
    path = docs / "a.ipynb"
    path.write_text(text)
    with pytest.raises(DocumentError, match=r"a\.ipynb"):
        list(read(path))


RSS = """<?xml version="1.0"?><rss xmlns:content="http://purl.org/rss/1.0/modules/content/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>News</title>
<item><title>One &amp; two</title><link>https://a.example/1</link><guid>1</guid><dc:creator>Ada</dc:creator>
<pubDate>Tue, 05 Mar 2024 10:00:00 GMT</pubDate><description>short</description>
<content:encoded><![CDATA[<h3>Part</h3><p>The <b>long</b> text.</p>]]></content:encoded></item>
<item><title>Other</title><guid>1</guid><description>Only this.</description></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Log</title><entry><title>Entry</title>
<link rel="self" href="https://a.example/feed"/><link href="https://a.example/e"/><id>e</id>
<updated>2024-03-05T10:00:00Z</updated><author><name>Bo</name></author>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Words <i>here</i>.</p></div></content>
</entry></feed>"""


def test_rss(docs: Path) -> None:
    path = docs / "a.rss"
    path.write_text(RSS)
    first, second = read(path)
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert first.id != second.id
    assert (first.title, first.url, first.date) == ("One & two", "https://a.example/1", "2024-03-05")
    assert first.blocks == [
        Block("heading", "News", 1),
        Block("heading", "One & two", 2),
        Block("paragraph", "Author: Ada"),
        Block("heading", "Part", 3),
        Block("paragraph", "The long text."),
    ]
    assert second.blocks[-1] == Block("paragraph", "Only this.")


def test_atom(docs: Path) -> None:
    path = docs / "a.xml"
    path.write_text(ATOM)
    document = only(path)
    assert (document.title, document.url, document.date) == ("Entry", "https://a.example/e", "2024-03-05")
    assert document.blocks[2:] == [Block("paragraph", "Author: Bo"), Block("paragraph", "Words here.")]


@pytest.mark.parametrize("text", ["<other/>", "<rss", '<!DOCTYPE x [<!ENTITY a SYSTEM "/etc/passwd">]><x>&a;</x>'])
def test_no_feed(docs: Path, text: str) -> None:
    path = docs / "a.xml"
    path.write_text(text)
    with pytest.raises(DocumentError, match=r"a\.xml"):
        list(read(path))


def test_entities_of_a_feed_stay_unresolved(docs: Path) -> None:
    secret = docs / "secret.txt"
    secret.write_text("the secret")
    path = docs / "a.xml"
    path.write_text(f'<!DOCTYPE x [<!ENTITY a SYSTEM "{secret}">]>' + ATOM.replace("Words", "Words &a;"))
    assert "the secret" not in repr(only(path))


def test_epub(docs: Path) -> None:
    package = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">
    <metadata><dc:title>Book</dc:title><dc:creator>Ada</dc:creator><dc:creator>Bo</dc:creator>
    <dc:date>2020-05-06</dc:date><dc:language>en-GB</dc:language></metadata>
    <manifest><item id="b" href="two%20b.xhtml" media-type="application/xhtml+xml"/>
    <item id="a" href="one.xhtml" media-type="application/xhtml+xml"/>
    <item id="n" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/></manifest>
    <spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/><itemref idref="x"/></spine></package>"""
    page = '<?xml version="1.0" encoding="utf-8"?><html><body><h1>{0}</h1><p>Text {0}.</p></body></html>'
    container = '<container xmlns="c"><rootfiles><rootfile full-path="in/p.opf"/></rootfiles></container>'
    entries = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "in/p.opf": package,
        "in/two b.xhtml": page.format("Two"),
        "in/one.xhtml": page.format("One"),
        "in/nav.xhtml": page.format("Contents"),
    }
    path = docs / "a.epub"
    path.write_bytes(archive({name: text.encode() for name, text in entries.items()}))
    document = only(path)
    assert (document.title, document.date, document.language) == ("Book", "2020-05-06", "en")
    assert [block.text for block in document.blocks] == ["Author: Ada, Bo", "One", "Text One.", "Two", "Text Two."]


def test_epub_without_its_parts(docs: Path) -> None:
    path = docs / "a.epub"
    path.write_bytes(archive({"mimetype": b"application/epub+zip"}))
    with pytest.raises(DocumentError, match=r"no META-INF/container\.xml"):
        list(read(path))


@pytest.mark.parametrize("html", [False, True])
def test_mail(docs: Path, html: bool) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Grüße", "Ada <ada@a.example>", "bo@a.example"
    message["Date"] = "Tue, 05 Mar 2024 10:00:00 +0000"
    if html:
        message.set_content("<p>See <a href='https://x.example'>the page</a>.</p>", subtype="html")
    else:
        message.set_content("See the page.\n", charset="iso-8859-1")
    message.add_attachment(b"data", maintype="application", subtype="x-data", filename="plan.bin")
    path = docs / "a.eml"
    path.write_bytes(bytes(message))
    document = only(path)
    assert (document.title, document.date) == ("Grüße", "2024-03-05")
    head, body = document.blocks
    assert head.text.split("\n") == [
        "From: Ada <ada@a.example>",
        "To: bo@a.example",
        "Date: 2024-03-05",
        "Subject: Grüße",
        "Attachments: plan.bin",
    ]
    assert body.text == "See the page."


def test_mail_of_too_many_parts(docs: Path) -> None:
    path = docs / "a.eml"
    path.write_text("Subject: x\nContent-Type: multipart/mixed; boundary=a\n\n--a\n" * 2000)
    with pytest.raises(DocumentError, match="1000 parts"):
        list(read(path))


def test_no_mail(docs: Path) -> None:
    path = docs / "a.eml"
    path.write_text("just some text\n")
    with pytest.raises(DocumentError, match="not an e-mail"):
        list(read(path))


@pytest.mark.parametrize(
    ("table", "rows", "wide"),
    [
        ([[Cell("a", 2), Cell("b", 1, 2)], [Cell("c"), Cell("d")]], [["a", "b", "b"], ["a", "c", "d"]], {0}),
        ([[Cell("a"), Cell("b"), Cell("c", 2)], [Cell("d")]], [["a", "b", "c"], ["d", "", "c"]], set()),
        ([[Cell("a", 9, 2)], [], [Cell("b")]], [["a", ""], ["a", ""], ["a", "", "b"]], set()),
        ([[Cell("Head", 1, 2)], [Cell("a"), Cell("b")]], [["Head", ""], ["a", "b"]], set()),
        ([[Cell("a", 1, 10**9)]], [["a", *[""] * 199]], set()),
    ],
)
def test_merged_cells_are_spread(table: list[list[Cell]], rows: list[list[str]], wide: set[int]) -> None:
    assert spread(table) == (rows, wide)
