import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.errors import SettingsError
from deepresearch.library import authority
from deepresearch.library.authority import (
    COLUMNS,
    KINDS,
    MARGIN,
    OWN,
    TIERS,
    Authority,
    SiteVerdict,
    country_names,
    explain,
    in_words,
    read_table,
    rerank,
)
from deepresearch.library.ranking import without_repeats
from deepresearch.trajectory import Passage
from deepresearch.web.search import Hit

FILE = Path(authority.__file__).with_suffix(".csv")
LINES = FILE.read_text(encoding="utf-8").splitlines()[1:]
TABLE = read_table(FILE)
BUILT_IN = Authority.load()
ONLY_PRIMARY = {"government", "international", "central-bank"}
NEVER_GOOD = {
    "user-content",
    "content-farm",
    "predatory",
    "satire",
    "misinformation",
    "tabloid",
    "partisan",
    "commercial",
}
HOSTS = {1: "stats.gov.cn", 2: "nature.com", 3: "nytimes.com", 4: "shop.example", 5: "medium.com", 6: "naturalnews.com"}


def test_every_line_is_a_plain_row_in_order() -> None:
    names = [line.split(",")[0] for line in LINES]
    assert list(TABLE) == names, "each name stands as the table keeps it: small letters, no www, punycode"
    assert names == sorted(names)
    for line in LINES:
        assert '"' not in line and line.count(",") == len(COLUMNS) - 1, line
        reason = line.split(",")[-1]
        assert 3 <= len(reason) <= 120 and reason == reason.strip() and not reason.endswith("."), line
    assert BUILT_IN._tables == [("built-in", TABLE)], "the quick way of reading gives the same table"


def test_every_line_tells_something_that_those_above_it_do_not() -> None:
    for name, row in TABLE.items():
        rest = name.removeprefix("*.")
        while "." in rest:
            rest = rest.partition(".")[2]
            above = TABLE.get(f"*.{rest}") or TABLE.get(rest)
            if above:
                assert above[:2] != row[:2], f"{name} is said by {rest} already"
                break


def test_kinds_and_tiers_agree() -> None:
    assert {row[1] for row in TABLE.values()} == KINDS
    for name, (tier, kind, *_) in TABLE.items():
        assert tier == 1 or kind not in ONLY_PRIMARY, name
        assert tier >= 4 or kind not in NEVER_GOOD, name
        assert tier <= 4 or kind in NEVER_GOOD, name
    weights = [tier.weight for tier in TIERS.values()]
    assert weights == sorted(weights, reverse=True) and weights[0] - weights[-1] == 1


def test_the_table_is_large_and_speaks_of_both_worlds() -> None:
    domains = {name: row for name, row in TABLE.items() if not name.startswith("*.")}
    assert len(domains) >= 1000
    assert sum(row[3] == "zh" for row in domains.values()) >= 250
    assert len({row[2] for row in domains.values()}) >= 60


@pytest.mark.parametrize(
    ("reference", "match", "tier"),
    [
        ("https://www.stats.gov.cn/sj/ndsj/2024/indexch.htm", "stats.gov.cn", 1),
        ("http://yjj.beijing.gov.cn/", "*.gov.cn", 1),
        ("https://www.gov.cn", "gov.cn", 1),
        ("cs.stanford.edu/~somebody", "*.edu", 2),
        ("https://www.bristol.ac.uk/", "*.ac.uk", 2),
        ("HTTPS://WWW.WHO.INT:443/News", "*.int", 1),
        ("ec.europa.eu.", "europa.eu", 1),
        ("http://政务.政务/", "*.xn--zfr164b", 1),
        ("https://en.wikipedia.org/wiki/Gov.cn?x=@evil.example", "wikipedia.org", 3),
        ("https://zhuanlan.zhihu.com/p/1", "zhihu.com", 5),
        ("https://www.naturalnews.com/x", "naturalnews.com", 6),
    ],
)
def test_finds_the_longest_match(reference: str, match: str, tier: int) -> None:
    verdict = BUILT_IN.verdict(reference)
    assert (verdict.match, verdict.tier, verdict.origin) == (match, tier, "built-in")


@pytest.mark.parametrize(
    "reference",
    [
        "http://gov.cn.evil.example/",
        "http://www.gov.cn-news.example/",
        "notgov.cn",
        "http://xgov.cn/",
        "https://stats.gov.cn@evil.example/",
        "https://stats.gov.cn:pw@evil.example/",
        "https://user:pw@stats.gov.cn/",
        "https://stats.gov.cn\\@evil.example/",
        "https://stats.gov.cn%2eevil.example/",
        "https://evil.example#@stats.gov.cn",
        "https://evil.example/stats.gov.cn",
        "https://evil.example?stats.gov.cn",
        "http://gоv.cn/",  # a Cyrillic letter
        "http://ßrn.com/",  # would be ssrn.com in an older reading
        "http://stats..gov.cn/",
        "http://1.2.3.4/",
        "http://[2001:db8::1]:80/",
        "http://2130706433/",
        "javascript:alert('stats.gov.cn')",
        "mailto:someone@stats.gov.cn",
        "edu",
        "http://edu/",
        "http://ac.uk/",
        "http://",
        "a host.gov.cn",
    ],
)
def test_what_only_looks_trustworthy_is_not(reference: str) -> None:
    assert BUILT_IN.verdict(reference).tier == 4


@pytest.mark.parametrize(
    ("reference", "tier"),
    [
        ("https://blogs.harvard.edu/x", 5),
        ("https://sites.google.com/view/x", 5),
        ("https://someone.github.io/", 5),
        ("https://bucket.s3.amazonaws.com/report.pdf", 5),
        ("https://academia.edu/123", 5),
        ("https://baike.baidu.com/item/x", 5),
    ],
)
def test_what_users_publish_under_a_known_name_ranks_lower(reference: str, tier: int) -> None:
    assert BUILT_IN.verdict(reference).tier == tier


@pytest.mark.parametrize(
    "reference",
    ["/home/me/who.int", "docs/gov.cn.md", "./who.int", "~/who.int", "C:\\who.int", "file:///who.int", "7", ""],
)
def test_a_path_is_ones_own_document(reference: str) -> None:
    assert BUILT_IN.verdict(reference) == OWN


def test_a_passage_goes_by_its_url_alone() -> None:
    own = passage("x", None).model_copy(update={"document": "stats.gov.cn"})
    assert BUILT_IN.of(own) == OWN
    assert BUILT_IN.of(passage("x", "https://stats.gov.cn/x")).tier == 1


LABELS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)


@given(st.sampled_from(sorted(TABLE)), LABELS)
def test_whatever_stands_under_a_line_is_judged_by_it_or_a_longer_one(name: str, label: str) -> None:
    bare = name.removeprefix("*.")
    match = BUILT_IN.verdict(f"http://{label}.{bare}/").match
    assert match.removeprefix("*.").endswith(bare)


@given(st.sampled_from(sorted(TABLE)), LABELS)
def test_nothing_is_judged_by_a_name_that_it_only_contains(name: str, label: str) -> None:
    bare = name.removeprefix("*.")
    assert not BUILT_IN.verdict(f"http://{bare}.{label}.example/").match
    glued = BUILT_IN.verdict(f"http://{label}{bare}/").match
    assert glued.removeprefix("*.") != bare and not glued.removeprefix("*.").endswith(f".{bare}")


@given(st.text())
def test_anything_gets_a_verdict(reference: str) -> None:
    assert BUILT_IN.verdict(reference).tier in TIERS
    assert explain(BUILT_IN.verdict(reference))


def test_the_users_file_is_asked_first(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(
        "# what our group has agreed on\n\n"
        '*.edu,4,university,us,en,"Too many, too different"\n'
        "WWW.Example.COM,1,documentation,us,en,our product\n"
        "例子.cn,6,content-farm,cn,zh,copies of others\n"
    )
    mine = Authority.load(file)
    assert mine.verdict("http://mit.edu/").tier == 4
    assert mine.verdict("http://blogs.harvard.edu/").tier == 4, "what the user says is final"
    assert mine.verdict("http://docs.example.com/").origin == str(file)
    assert mine.verdict("http://xn--fsqu00a.cn/").tier == 6
    assert mine.verdict("http://stats.gov.cn/").origin == "built-in"
    assert BUILT_IN.verdict("http://mit.edu/").tier == 2


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("example.com,1,news,us,en", "5 fields"),
        ("example.com,7,news,us,en,x", "tier is '7'"),
        ("example.com,,news,us,en,x", "tier is ''"),
        ("example.com,1,gossip,us,en,x", "kind is 'gossip'"),
        ("example.com,1,news,USA,en,x", "country is 'USA'"),
        ("example.com,1,news,us,english,x", "language is 'english'"),
        ("example.com,1,news,us,en, ", "no reason"),
        ("example.com/blog,1,news,us,en,x", "more than a domain"),
        ("https://example.com,1,news,us,en,x", "more than a domain"),
        ("com,1,news,us,en,x", "not a domain"),
        ("exa mple.com,1,news,us,en,x", "not a domain"),
        ("*.*.com,1,news,us,en,x", "not a domain"),
        ("first.example,2,news,us,en,y", "is there twice"),
        ('"example.com,1,news,us,en,x', "unexpected end of data"),
        ("\0", ""),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(f"{','.join(COLUMNS)}\nfirst.example,1,news,us,en,x\n{line}\n")
    with pytest.raises(SettingsError, match=rf"mine\.csv, line 3: .*{re.escape(complaint)}"):
        Authority.load(file)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone\.csv cannot be read"):
        Authority.load(tmp_path / "gone.csv")
    (tmp_path / "latin.csv").write_bytes(b"a.example,1,news,us,en,caf\xe9\n")
    with pytest.raises(SettingsError, match=r"latin\.csv, line 1"):
        Authority.load(tmp_path / "latin.csv")


def test_explains_a_verdict() -> None:
    known = explain(BUILT_IN.verdict("https://data.stats.gov.cn/x"))
    assert known.startswith("data.stats.gov.cn: tier 1 of 6, primary (statistics, cn, zh)\n")
    assert "line stats.gov.cn of the built-in table" in known and "weight +0.50" in known
    assert "in no table" in explain(BUILT_IN.verdict("shop.example"))
    assert "your own document" in explain(OWN)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("https://data.stats.gov.cn/x", "statistics, China"),
        ("www.who.int", "international body"),
        ("https://cs.stanford.edu/", "university, United States"),
        ("https://zhuanlan.zhihu.com/p/1", "weak: anyone can publish there, China"),
        ("https://foodbabe.com/", "unreliable: known misinformation, United States (Unsupported claims on food)"),
        ("https://www.shop.example/", "unlisted site"),
        ("/home/me/notes.md", ""),
    ],
)
def test_a_verdict_in_a_few_words(reference: str, words: str) -> None:
    assert in_words(BUILT_IN.verdict(reference)) == words


def test_every_verdict_has_short_words_and_the_bad_ones_say_so() -> None:
    for tier, kind, country, language, reason in TABLE.values():
        words = in_words(SiteVerdict("x.example", "x.example", tier, kind, country, language, reason, "built-in"))
        assert words and len(words) <= 120
        assert words.startswith(f"{TIERS[tier].name}: ") == (tier > 4)
        assert country == "int" or country_names()[country] in words


def passage(text: str, url: str | None) -> Passage:
    return Passage(id=text, document="d", title="", text=text, url=url)


def hits(*scored: tuple[int, float]) -> list[Hit]:
    """One hit for each (tier, score), named by its place."""
    return [Hit(passage(str(number), f"https://{HOSTS[tier]}/"), score) for number, (tier, score) in enumerate(scored)]


def order(ranked: list[Hit]) -> list[int]:
    return [int(hit.passage.id) for hit in ranked]


def test_authority_decides_among_the_comparably_relevant_only() -> None:
    close, far = 10 * (1 - MARGIN / 2), 10 * (1 - MARGIN) - 0.01
    assert order(rerank(hits((6, 10), (1, close)), BUILT_IN)) == [1, 0]
    assert order(rerank(hits((6, 10), (1, far)), BUILT_IN)) == [0, 1]
    assert order(rerank(hits((4, 10), (1, 10), (5, 10), (3, 10), (2, 10), (6, 10)), BUILT_IN)) == [1, 4, 3, 0, 2, 5]
    assert order(rerank(hits((6, 10), (1, 9.9)), BUILT_IN, margin=0)) == [0, 1]


def test_without_authorities_nothing_changes() -> None:
    ranked = [Hit(passage(str(n), None), score) for n, score in enumerate((3.0, 2.0, 2.0, 0.0))]
    assert rerank(ranked, BUILT_IN) == ranked


SCORED = st.lists(st.tuples(st.sampled_from(sorted(TIERS)), st.floats(0, 1000)), max_size=12)


@given(SCORED, st.floats(0, 0.9))
def test_nothing_passes_what_is_clearly_better(scored: list[tuple[int, float]], margin: float) -> None:
    ranked = order(rerank(hits(*scored), BUILT_IN, margin))
    assert sorted(ranked) == list(range(len(scored)))
    for place, first in enumerate(ranked):
        for later in ranked[place + 1 :]:
            (tier, score), (other_tier, other) = scored[first], scored[later]
            assert score >= other * (1 - margin) * (1 - 1e-9), "authority makes up for no more than the margin"
            assert tier <= other_tier or score >= other, "and never for the worse source"


def test_of_a_text_and_its_copies_the_best_source_stays() -> None:
    text = "The consumer price index rose by two per cent in the year to October."
    copy = Hit(passage(text + " Read more!", f"https://{HOSTS[6]}/"), 10.2)
    original = Hit(passage(text, f"https://{HOSTS[1]}/"), 10.0)
    assert without_repeats([copy, original], 5) == [copy]
    assert [hit.passage.url for hit in without_repeats(rerank([copy, original], BUILT_IN), 5)] == [original.passage.url]
