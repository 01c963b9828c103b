"""What a page shows in other ways than by its text: it is read, beside what it belongs to."""
# ruff: noqa: E501  pages are easier to read on one line

import pytest

from deepresearch.library.readers.html import fragment_blocks, parse_html

FILLER = (
    "<p>The reservoir was built between the wars, and the house at its foot is still lived in by the keepers.</p>" * 4
)


def article(html: str) -> str:
    """The text of an article with `html` in its middle."""
    page = f"<html><head><title>T</title></head><body><main><article><h1>R</h1>{FILLER}{html}{FILLER}</article></main>"
    return "\n".join(block.text for block in parse_html(page, "x", "x").blocks)


def fragment(html: str) -> str:
    return "\n".join(block.text for block in fragment_blocks(html))


SHOWN = [
    # raised and lowered text
    ("<p>It has 3.2 × 10<sup>6</sup> m<sup>3</sup> of water.</p>", "3.2 × 10⁶ m³ of water"),
    ("<p>About 2,500<sup>4</sup> tonnes of CO<sub>2</sub> and x<sub>max</sub>.</p>", "2,500⁴ tonnes of CO₂ and x_max."),
    ("<p>A half-life of 10<sup>−12</sup> s at e<sup>−x/2</sup>.</p>", "10⁻¹² s at e^(−x/2)."),
    ("<p>In 1998.<sup><a href='#fn12'>12</a></sup> Then more.</p>", "In 1998.[12] Then more."),
    ("<p>It grew to 450<sup class='reference'>[3]</sup> houses.</p>", "It grew to 450[3] houses."),
    ("<p>Open since the 21<sup>st</sup> of May<sup>*</sup>.</p>", "the 21st of May[*]."),
    # formulas
    ("<p>Law <math><mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup></math>.</p>", "Law E=mc^2."),
    ("<p>At most <math><mfrac><mn>1</mn><mn>4</mn></mfrac></math> of it.</p>", "At most 1/4 of it."),
    (
        "<p>So <span class='katex'><span class='katex-mathml'><math><semantics><mi>x</mi><annotation encoding="
        "'application/x-tex'>\\frac{1}{2}x^{2}</annotation></semantics></math></span><span class='katex-html' "
        "aria-hidden='true'>21x2</span></span> it is.</p>",
        "So 1/2x^2 it is.",
    ),
    (
        "<p>Law <span><span style='display: none'><math alttext='{\\displaystyle a^{2}}'><mi>a</mi></math></span>"
        "<img class='mwe-math-fallback-image-inline' alt='{\\displaystyle a^{2}}'></span> here.</p>",
        "Law a^2 here.",
    ),
    (
        "<p>So <span class='MathJax_Preview'></span><span class='MathJax'>x 2</span><script type='math/tex'>x^{2}</script> holds.</p>",
        "So x^2 holds.",
    ),
    ("<p>The size is <img class='tex' src='f.png' alt='$10^{6}$'> units.</p>", "The size is 10^6 units."),
    # lists
    (
        "<ol start='4'><li>Dogs</li><li>Fires<ol type='a'><li>Stoves</li></ol></li></ol>",
        "4. Dogs\n5. Fires\n  a. Stoves",
    ),
    ("<ol reversed><li>Gold</li><li>Silver</li><li>Bronze</li></ol>", "3. Gold\n2. Silver\n1. Bronze"),
    ("<ol type='I'><li>One</li><li value='4'>Four</li><li>Five</li></ol>", "I. One\nIV. Four\nV. Five"),
    # tables
    (
        "<table><tr><th rowspan=2>Region</th><th rowspan=2>Station</th><th colspan=2>Output</th></tr>"
        "<tr><th>Spring</th><th>Autumn</th></tr><tr><td rowspan=2>North</td><td>Alder</td><td>12</td><td>14</td></tr>"
        "<tr><td>Birch</td><td>15</td><td>18</td></tr></table>",
        "| North | Birch | 15 | 18 |",
    ),
    (
        "<table><tr><th>Year</th><th>A</th><th>B</th></tr><tr><td>2020</td><td colspan=2>none</td></tr>"
        "<tr><td>2021</td><td>1</td><td>2</td></tr></table>",
        "| 2020 | none | none |",
    ),
    (
        "<table><tr><th>Town</th><th>Sort</th></tr><tr><td rowspan=0>Ely</td><td>a</td></tr><tr><td>b</td></tr></table>",
        "| Ely | b |",
    ),
    # forms
    (
        "<form><label>Name <input value='Ingrid Solberg'></label><label>Size <select><option>1<option selected>2 ha"
        "</select></label><label>Why <textarea>To mend the roof.</textarea></label></form>",
        "Name Ingrid Solberg Size 2 ha Why To mend the roof.",
    ),
    ("<p>Grant amount: <input type='text' value='12,750'> euro</p>", "Grant amount: 12,750 euro"),
    (
        "<form><p>Kind: <input type=radio checked> house <input type=radio> barn, of <input name=y aria-label=Year value=1998></p></form>",
        "☑ house ☐ barn",
    ),
    (
        "<p>Was <del>50 €</del> now <s>45 €</s> 40 €, from <time>2 May 2021</time> on.</p>",
        "Was ~~50 €~~ now ~~45 €~~ 40 €, from 2 May 2021 on.",
    ),
    (
        "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td><ul><li>oak</li><li>ash</li></ul></td></tr></table>",
        "oak; ash",
    ),
    (
        "<figure><svg><title>Output</title><text>12 t</text></svg><figcaption>By year.</figcaption></figure>",
        "[Output; 12 t]",
    ),
    # pictures, readings, fonts
    (
        "<figure><img src=a.png alt='Map of the old harbour'><figcaption>The harbour in 1904.</figcaption></figure>",
        "1904.",
    ),
    ("<p><img alt='Bar chart: output rose from 12 to 18 tonnes'></p>", "output rose from 12 to 18 tonnes"),
    (
        "<p>At 5 mg <font face='Symbol'>\u00a3</font> x <span style='font-family: Wingdings'>\u00fc</span> done.</p>",
        "5 mg ≤ x ✓ done.",
    ),
    ("<p>Read <ruby>漢字<rt>かんじ</rt></ruby> so.</p>", "Read 漢字(かんじ) so."),
]


@pytest.mark.parametrize(("html", "shown"), SHOWN)
def test_an_article_shows_it(html: str, shown: str) -> None:
    assert shown in article(html).replace(" |\n", "|\n") or shown in article(html)


@pytest.mark.parametrize(("html", "shown"), SHOWN)
def test_a_page_read_element_by_element_shows_it(html: str, shown: str) -> None:
    assert shown.replace("\n  ", "\n") in fragment(html).replace("\n  ", "\n")


def test_column_labels_over_several_columns_are_part_of_each_name() -> None:
    html = SHOWN[15][0]
    assert "| Region | Station | Output / Spring | Output / Autumn |" in fragment(html)


@pytest.mark.parametrize(
    "html",
    [
        "<form role=search><label>Find <input type=text value='Search this site'></label></form>",
        "<form><input type=hidden name=token value=abc123xyz><input type=submit value=Send></form>",
        "<form><input type=password value=secret1><button>Log in</button></form>",
        "<a href=/next><img alt='Read our other long story of 12 towns'></a>",
    ],
)
def test_what_only_asks_for_something_is_no_content(html: str) -> None:
    for word in ("Search this site", "abc123xyz", "Send", "secret1", "other long story"):
        assert word not in article(f"<p>Text here.</p>{html}") + fragment(html)


def test_a_page_within_one_form_is_read() -> None:
    page = f"<body><form id=aspnetForm>{FILLER * 3}<input type=submit value=Go></form>"
    assert parse_html(page, "x", "x").blocks[0].text.startswith("The reservoir was built")
