import asyncio
import bz2
import random
from pathlib import Path

import pytest

from deepresearch.errors import UserError
from deepresearch.library import LibraryProvider
from deepresearch.synthesis.data_files import read_tasks
from deepresearch.synthesis.page_readers import read_pages, wikitext_paragraphs
from deepresearch.synthesis.pages import PageLink, PageStore
from deepresearch.synthesis.walk_route import WalkOptions, WalkRoute, make_walk_tasks
from deepresearch.synthesis.walk_wording import definition_of, resemble, shape_of
from tests.support.shared import DATA
from tests.synthesis.world import library_of

PAGES = {
    "Tin": "'''Tin''' is a soft silvery metal that was mined in Cornwall since antiquity. [[Tin]] is alloyed with "
    "[[copper]] and [[lead]] in [[pewter|pewters]].\n\nIn bronze it is joined by [[copper]], [[zinc]] and [[Arsenic]].",
    "Organ": "An '''organ''' is a keyboard instrument of pipes that are sounded by wind under pressure. "
    "Its pipes are of [[Tin]], [[lead]], [[oak]] and [[brass]].<ref>A [[note]].</ref>",
    "Roof": "A '''roof''' is the top covering of a building that keeps out rain, snow and sun. Old ones are covered "
    "with [[oak]] shingles, [[slate]], [[Lead (metal)|lead]] or [[thatch]].",
    "Lead": "#REDIRECT [[Lead (metal)]]",
    "Lead (metal)": "'''Lead''' is a heavy metal.{{cite}} It melts early, [[Solder|as plumbers know]].",
}


def dump(path: Path, pages: dict[str, str], tail: str = "</mediawiki>") -> Path:
    rows = []
    for title, text in pages.items():
        to = text.removeprefix("#REDIRECT [[").removesuffix("]]") if text.startswith("#REDIRECT") else ""
        redirect = f'<redirect title="{to}"/>' if to else ""
        escaped = text.replace("<", "&lt;")
        rows.append(
            f"<page><title>{title}</title><ns>0</ns>{redirect}<revision><text>{escaped}</text></revision></page>"
        )
    talk = "<page><title>Talk:Tin</title><ns>1</ns><revision><text>Chat about [[Tin]].</text></revision></page>"
    text = f'<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/">{"".join(rows)}{talk}{tail}'
    path.write_bytes(bz2.compress(text.encode()))
    return path


def test_markup_becomes_text_with_the_places_of_its_links() -> None:
    [part] = wikitext_paragraphs(
        "{{Box|a=[[x]]}}\n== Light ==\n'''Albedo''' is a [[ratio]] of [[Sun light#Spectrum|sun's light]]&nbsp;"
        "[[File:a.png|thumb|[[y]]]] that <b>[[snow]]</b> throws back.<ref>[[z]]</ref>"
    )
    assert (part.text, part.heading) == ("Albedo is a ratio of sun's light that snow throws back.", "Light")
    assert [(part.text[k.start : k.end], k.target) for k in part.links] == [
        ("ratio", "Ratio"), ("sun's light", "Sun light"), ("snow", "Snow"),
    ]  # fmt: skip


def test_a_dump_is_read_with_its_redirects(tmp_path: Path) -> None:
    store = read_pages(dump(tmp_path / "wiki.xml.bz2", PAGES), tmp_path / "pages")
    assert store.titles() == ["Tin", "Organ", "Roof", "Lead (metal)"]
    page = store.page("Tin")
    assert (
        page is not None
        and definition_of(page, "en") == "a soft silvery metal that was mined in Cornwall since antiquity"
    )
    assert store.sentences(page)[1].links == ("Copper", "Lead (metal)", "Pewter")
    assert store.resolve("Lead") == "Lead (metal)" and store.resolve("Nowhere") == "Nowhere"
    assert store.linking("Oak") == ["Organ", "Roof"]
    store.close()


def test_a_torn_dump_is_named_and_what_is_whole_is_kept(tmp_path: Path) -> None:
    whole = dump(tmp_path / "wiki.xml.bz2", PAGES).read_bytes()
    (tmp_path / "torn.xml.bz2").write_bytes(whole[: len(whole) - 40])
    with pytest.raises(UserError, match=r"no page.*torn\.xml\.bz2"):
        read_pages(tmp_path / "torn.xml.bz2", tmp_path / "torn")
    cut = dump(tmp_path / "cut.xml.bz2", PAGES, tail="<page><title>Half</title><ns>0</ns><revis")
    store = read_pages(cut, tmp_path / "cut")
    assert store.titles() == ["Tin", "Organ", "Roof", "Lead (metal)"]
    store.close()
    assert not list(tmp_path.glob("*.part"))


def test_a_folder_of_pages(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    (folder / "sub").mkdir(parents=True)
    links = "It leads to <a href='sub/b.md#x'>the other</a> one, <a href='sub/b.md'>the other</a>."
    (folder / "a.html").write_text(f"<h1>First page</h1><p>{links}</p>")
    (folder / "sub" / "b.md").write_text("Leads [back](../a.html), [out](https://x.org) and [up](../../etc).\n")
    (folder / "empty.html").write_text("")
    store = read_pages(folder, tmp_path / "pages")
    assert store.titles() == ["First page", "the other"]
    page = store.page("the other")
    assert page is not None and page.paragraphs[0].links[0] == PageLink(6, 10, "a.html")
    assert store.sentences(page)[0].links == ("First page",)
    assert store.problem_count == 1
    store.close()


def provider_of(store: PageStore, folder: Path, language: str = "en") -> LibraryProvider:
    store.write_corpus(folder / "corpus.jsonl", language)
    return library_of(folder, "wiki", folder / "corpus.jsonl")


def test_a_question_joins_two_pages_and_is_left_out_where_one_page_answers_it(tmp_path: Path) -> None:
    store = read_pages(dump(tmp_path / "wiki.xml.bz2", PAGES), tmp_path / "pages")
    provider = provider_of(store, tmp_path)
    asyncio.run(make_walk_tasks(store, provider.search, tmp_path / "tasks.jsonl", WalkOptions(count=2, seed=1)))
    tasks = list(read_tasks(tmp_path / "tasks.jsonl"))
    assert tasks
    for task in tasks:
        assert task.answer.casefold() not in task.question.casefold()
        assert len({e.title for e in task.evidence}) == len(task.evidence) >= 2
        assert all(task.answer.casefold() in e.text.casefold() for e in task.evidence)
    route = WalkRoute(store, provider.search, WalkOptions())
    mention = route._mention("Organ", "Lead (metal)", [], random.Random(0))
    assert mention is not None
    copied = {**PAGES, "Copy": f"Tin, wind. [[Lead]] is named with {mention.place.name} on Roof, Organ and Tin."}
    store.close()
    other = read_pages(dump(tmp_path / "copy.xml.bz2", copied), tmp_path / "copied")
    route = WalkRoute(other, provider.search, WalkOptions())
    assert route._single_page("Lead (metal)", [mention], ["Organ", "Copy"]) == "Copy"
    other.close()


MANUAL = {
    "intro.html": "<h1>3. Installing¶</h1><nav><a href='tools.html'>Next</a></nav><div class='para'>Files are copied "
    "by <code>dd</code>, <code>cp</code>, <code>tar</code> and <code>mv</code>; see "
    "<a href='tools.html'>Tools</a>.</div>"
    "<h2>3.1. After it</h2><p>In 1998 came <code>cp</code>, <code>ln</code>, <code>awk</code> and <code>sed</code>."
    "</p>",
    "tools.html": "<h1>Tools</h1><dl><dt>archive</dt><dd>It is made by <code>tar</code>, <code>cpio</code>, "
    "<code>zip</code> or <code>awk</code>.</dd><dt>copy</dt><dd>This is what <code>cp</code>, <code>rsync</code>, "
    "<code>scp</code> and <code>dd</code> do.</dd></dl><pre>tar cf x</pre>"
    "<p>What it needs is under <a href='intro.html'>this</a>.</p>",
}


def test_a_manual_names_things_in_code_under_headings_and_in_entries(tmp_path: Path) -> None:
    folder = tmp_path / "manual"
    folder.mkdir()
    for name, text in MANUAL.items():
        (folder / name).write_text(f"<html><head><title>x</title></head><body>{text}</body></html>")
    store = read_pages(folder, tmp_path / "pages")
    assert store.titles() == ["Installing", "Tools"]
    page = store.page("Tools")
    assert page is not None
    assert [(s.term, s.links) for s in store.sentences(page)] == [
        ("archive", ("tar", "cpio", "zip", "awk")), ("copy", ("cp", "rsync", "scp", "dd")), ("", ("Installing",)),
    ]  # fmt: skip
    there = {
        "the same sentence as “dd” on the page “Installing”": {"cp", "tar", "mv"},
        "a sentence with the year 1998 on the page “Installing”": {"cp", "ln", "awk", "sed"},
        "the heading “After it” on the page “Installing”": {"cp", "ln", "awk", "sed"},
        "the entry that explains “archive” on the page “Tools”": {"tar", "cpio", "zip", "awk"},
        "the entry that explains “copy” on the page “Tools”": {"cp", "rsync", "scp", "dd"},
    }
    out = tmp_path / "tasks.jsonl"
    provider = provider_of(store, tmp_path)
    seen: set[str] = set()
    for seed in range(4):
        asyncio.run(make_walk_tasks(store, provider.search, out, WalkOptions(count=3, seed=seed)))
        for task in read_tasks(out):
            places = [names for words, names in there.items() if words in task.question]
            seen |= {words for words in there if words in task.question}
            assert all(len(names) >= 3 for names in places)
            if len(places) == len(task.evidence):
                assert set.intersection(*places) == {task.answer}
        for file in tmp_path.glob("tasks.jsonl*"):
            file.unlink()
    assert len(seen) >= 2
    route = WalkRoute(store, provider.search, WalkOptions())
    forms = {
        place.form for t in store.titles() for s in route.sentences_of(t) for place in route._places(s, t, "cp", [])
    }
    assert forms == {"company", "year", "heading", "entry"}
    store.close()


def test_pages_that_share_nothing_end_clearly(tmp_path: Path) -> None:
    store = read_pages(
        dump(tmp_path / "w.xml.bz2", {"A": "Alone in the [[world]], so it is.", "B": "Words, many."}), tmp_path / "p"
    )
    with pytest.raises(UserError, match="Nothing came of"):
        asyncio.run(
            make_walk_tasks(store, provider_of(store, tmp_path).search, tmp_path / "t.jsonl", WalkOptions(count=1))
        )
    assert not (tmp_path / "t.jsonl").exists()
    store.close()


@pytest.mark.skipif(not DATA.is_dir(), reason="no shared data")
@pytest.mark.slow
def test_the_real_sample(tmp_path: Path) -> None:
    [source] = (DATA / "wiki_links_en").glob("*.bz2")
    store = read_pages(source, tmp_path / "pages")
    assert (len(store), store.problem_count) == (106, 0)
    assert store.resolve("AccessibleComputing") == "Computer accessibility"
    store.close()


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [(".deb", "package.deb", True), ("Kennedy", "U.S. President Kennedy", True), ("Alphabets", "alphabetical", True),
     ("欧拉函数", "欧拉定理", True), ("ar", "archive", False), ("Lead", "Gold", False)],
)  # fmt: skip
def test_names_that_resemble_each_other(one: str, other: str, alike: bool) -> None:
    assert resemble(one, other) == alike == resemble(other, one)


def test_a_domain_is_no_file_name() -> None:
    assert shape_of("falcot.com") == ("domain name", "域名") and shape_of("sources.list") == ("file name", "文件名")
