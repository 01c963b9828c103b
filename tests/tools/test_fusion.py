"""One ranking out of several: fused, the same thing once, and authority among the comparably relevant."""

from hypothesis import given, settings
from hypothesis import strategies as st

from deepresearch.library.authority import TIERS, Authority
from deepresearch.tools.fusion import RANK_MARGIN, RRF_K, FusedHit, fuse, text_scores
from deepresearch.trajectory import Passage
from deepresearch.web.search import Hit, SearchResult

HOSTS = {1: "stats.gov.cn", 2: "nature.com", 3: "nytimes.com", 4: "shop.example", 5: "medium.com", 6: "naturalnews.com"}


def passage(name: str, title: str = "", text: str = "", tier: int = 0, excerpt: bool = False) -> Passage:
    url = f"https://{HOSTS[tier]}/{name}" if tier else None
    return Passage(
        id=name, document=url or name, title=title or name, text=text or f"About {name}.", url=url, excerpt=excerpt
    )


def result(provider: str, *passages: Passage, weighed: bool = False) -> SearchResult:
    return SearchResult([Hit(p, 10.0 - i) for i, p in enumerate(passages)], provider, weighed=weighed)


def order(ranked: list[FusedHit]) -> list[str]:
    return [r.passage.id for r in ranked]


def test_a_document_that_the_query_names_comes_first() -> None:
    ranked = fuse([result("a", passage("x"), passage("asyncio queues"))], "asyncio queues")
    assert order(ranked) == ["asyncio queues", "x"]


def test_a_title_made_to_fit_does_not_help_the_unreliable() -> None:
    stuffed = passage("f", "vaccine safety", "Elsewhere entirely.", tier=6)
    assert order(fuse([result("a", passage("x"), stuffed)], "vaccine safety")) == ["x", "f"]


def test_providers_count_alike_and_the_same_text_once() -> None:
    shared = passage("s", text="The same words.")
    copy = passage("t", text="The same words.")
    ranked = fuse([result("a", passage("x"), shared), result("b", copy, passage("y"))], "q")
    assert order(ranked) == ["s", "x", "y"]
    assert ranked[0].score == round(1 / 62 + 1 / 61, 6)
    assert (ranked[0].providers, ranked[0].copies) == (("a", "b"), (copy,))


def test_copies_do_not_add_up_within_one_provider() -> None:
    text = "The consumer price index rose by two per cent in the year to October, as figures of today show."
    copies = [passage(f"c{n}", text=f"{text} Share {n}!", tier=4) for n in range(3)]
    ranked = fuse([result("a", *copies, passage("x"))], "q")
    assert order(ranked) == ["c0", "x"]
    assert [r.score for r in ranked] == [round(1 / 61, 6), round(1 / 62, 6)]


def test_of_a_text_and_its_copies_the_best_source_stands_for_all() -> None:
    text = "The consumer price index rose by two per cent in the year to October, as figures of today show."
    farm, office = passage("f", text=f"{text} Read more!", tier=6), passage("o", text=text, tier=1)
    (only,) = fuse([result("a", farm), result("b", office)], "q")
    assert (only.passage, only.copies) == (office, (farm,))


def test_excerpts_of_one_page_are_one_hit() -> None:
    one = passage("e1", text="The index rose.", tier=1, excerpt=True)
    other = passage("e2", text="By two per cent it rose, the office says.", tier=1, excerpt=True)
    other = other.model_copy(update={"url": "http://www.stats.gov.cn/e1/#top", "document": "x"})
    (only,) = fuse([result("a", one), result("b", other)], "q")
    assert (only.passage, only.providers) == (other, ("a", "b"))


def test_short_excerpts_of_two_pages_are_two_hits() -> None:
    pages = [passage(name, "Editorial", "Editorial", tier=2, excerpt=True) for name in ("a", "b")]
    assert order(fuse([result("x", *pages)], "q")) == ["a", "b"]


def test_equal_places_are_ordered_by_the_text() -> None:
    fits, other = passage("fits", text="Solid state batteries last."), passage("other", text="Cats sleep.")
    assert order(fuse([result("a", other), result("b", fits)], "solid state batteries")) == ["fits", "other"]


def test_at_equal_relevance_authority_decides() -> None:
    texts = {6: "Prices of bread rose in May.", 4: "Prices of milk rose in June.", 1: "Prices of eggs rose in July."}
    placed = [passage(str(tier), title="p", text=text, tier=tier) for tier, text in texts.items()]
    assert order(fuse([result("a", *placed)], "prices rose")) == ["1", "4", "6"]
    assert order(fuse([result("a", *placed, weighed=True)], "prices rose")) == ["6", "4", "1"], (
        "decided by scores there"
    )


def test_authority_does_not_help_what_is_less_relevant() -> None:
    good = passage("good", title="p", text="Prices of bread rose in May.", tier=6)
    poor = passage("poor", title="p", text="Milk of other kinds is sold.", tier=1)
    assert order(fuse([result("a", good, poor)], "prices of bread in May")) == ["good", "poor"]
    between = [passage(f"x{n}", title="p", text=f"Prices of bread rose in May {n}.", tier=6) for n in range(12)]
    far = passage("far", title="p", text="Prices of bread rose in May too.", tier=1)
    ranked = order(fuse([result("a", *between, far)], "prices of bread in May"))
    assert ranked.index("far") > 0, "so many places authority does not make up for"


def test_a_users_table_decides_too() -> None:
    one, other = passage("1", text="Bread is one.", tier=6), passage("2", text="Milk is two.", tier=4)
    mine = Authority([("mine", {"naturalnews.com": (1, "news", "us", "en", "ours")})])
    assert order(fuse([result("a", other, one)], "is", authority=mine)) == ["1", "2"]
    assert order(fuse([result("a", one, other)], "is")) == ["2", "1"]


def test_a_wanted_title_leaves_nothing_else() -> None:
    hits = passage("x"), passage("f", "Dark River (2017 film)"), passage("e", "Dark River")
    assert order(fuse([result("a", *hits)], "drama", "Dark River")) == ["e", "f"]


def test_text_scores() -> None:
    texts = ["bread and milk", "bread", "", "完全不同的文字", "milk"]
    scores = text_scores("bread", [passage(str(n), title="t", text=text) for n, text in enumerate(texts)])
    assert scores[1] > scores[0] > 0 == scores[2] == scores[3] == scores[4]
    assert text_scores("anything", []) == []


PLACED = st.lists(st.tuples(st.sampled_from(sorted(TIERS)), st.integers(0, 3)), min_size=1, max_size=10)


@settings(deadline=None)
@given(st.lists(PLACED, max_size=3))
def test_nothing_passes_what_is_clearly_better(lists: list[list[tuple[int, int]]]) -> None:
    words = ["bread", "bread milk", "bread milk eggs", "none"]
    results = [
        result(f"p{n}", *(passage(f"{n}-{i}", text=f"{words[w]} {n} {i}", tier=t) for i, (t, w) in enumerate(placed)))
        for n, placed in enumerate(lists)
    ]
    ranked = fuse(results, "bread milk eggs")
    assert sorted(order(ranked)) == sorted(hit.passage.id for one in results for hit in one.hits)
    trusted = Authority.load()
    for place, first in enumerate(ranked):
        for later in ranked[place + 1 :]:
            assert first.score >= later.score * (1 - RANK_MARGIN) - 1e-5
            better = trusted.of(first.passage).tier < trusted.of(later.passage).tier
            assert better or first.score >= later.score - 2e-6
    assert all(one.score <= len(lists) / (RRF_K + 1) + 1e-6 for one in ranked)
