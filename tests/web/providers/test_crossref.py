"""Crossref, by samples of its answers."""

from typing import Any

import pytest

from deepresearch.web.search import Query
from tests.web.providers.conftest import Serve

ITEMS = [
    {
        "DOI": "10.1038/nature12373",
        "URL": "https://doi.org/10.1038/nature12373",
        "title": ["Nanometre-scale thermometry in a living cell"],
        "abstract": "<jats:title>Why</jats:title><jats:p>H<jats:sub>2</jats:sub>O &amp; heat, p &lt; 0.05.</jats:p>",
        "issued": {"date-parts": [[2013, 7, 31]]},
        "container-title": ["Nature"],
        "resource": {"primary": {"URL": "https://www.nature.com/articles/nature12373"}},
    },
    {
        "URL": "https://doi.org/10.1/x",
        "title": ["No abstract"],
        "issued": {"date-parts": [[2013]]},
        "container-title": ["J. Chem."],
    },
    {"URL": "https://doi.org/10.1/y", "title": [], "issued": {"date-parts": [[None]]}, "resource": None},
]
ANSWER = {"status": "ok", "message-type": "work-list", "message": {"total-results": 3, "items": ITEMS}}


async def test_abstracts_lose_their_markup(serve: Serve) -> None:
    crossref, server = await serve("crossref", ANSWER, contact="me@example.org")
    result = await crossref.search(Query("thermometry", k=3, since="2013-01-01", until="2013-12-31"))
    first, second, third = (hit.passage for hit in result.hits)
    assert first.text == "Why H2O & heat, p < 0.05."
    assert (first.title, first.date) == ("Nanometre-scale thermometry in a living cell", "2013-07-31")
    assert (second.text, second.date) == ("Published in J. Chem.", "2013")
    assert (third.title, third.date) == ("doi:10.1/y", None)
    params = server.asked[0].params
    assert server.asked[0].path == "/v1/works"
    assert params["filter"] == "from-pub-date:2013-01-01,until-pub-date:2013-12-31"
    assert (params["query"], params["rows"], params["mailto"]) == ("thermometry", "3", "me@example.org")
    assert result.notes == []


async def test_what_it_cannot_filter_is_said(serve: Serve) -> None:
    crossref, _ = await serve("crossref", ANSWER)
    result = await crossref.search(Query("x", language="zh", site="nature.com"))
    assert [hit.passage.document for hit in result.hits] == ["https://doi.org/10.1038/nature12373"]
    assert "no language filter applied" in result.notes[0]
    assert result.notes[-1] == "2 results outside the site were left out"


@pytest.mark.parametrize(
    ("work", "title"),
    [
        ({"title": None, "container-title": ["Acta &amp;amp; Notes"]},
         "Work without a title in Acta & Notes (doi:10.1/a)"),
        ({"title": ["  "], "container-title": []}, "doi:10.1/a"),
        ({"title": ["On <i>E. coli</i> &amp; H<sub>2</sub>O in 10<sup>6</sup> cells"]},
         "On E. coli & H2O in 10^6 cells"),
        ({"title": ["On &lt;i&gt;E. coli&lt;/i&gt; and AT&amp;amp;T"]}, "On E. coli and AT&T"),
    ],
)  # fmt: skip
async def test_a_work_is_named_as_well_as_it_can_be(serve: Serve, work: dict[str, Any], title: str) -> None:
    items = [{"DOI": "10.1/a", "issued": {"date-parts": [[0]]}, **work}]
    crossref, _ = await serve("crossref", {"message": {"items": items}})
    (hit,) = (await crossref.search(Query("x"))).hits
    assert (hit.passage.title, hit.passage.date, hit.passage.url) == (title, None, "https://doi.org/10.1/a")
