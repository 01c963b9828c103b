import gzip
import json
import random
from pathlib import Path

import pytest

from deepresearch.errors import UserError
from deepresearch.synthesis.graph import KnowledgeGraph
from deepresearch.synthesis.patterns import PatternQuery
from deepresearch.synthesis.questions import QuestionWriter
from deepresearch.synthesis.records import Clue, Pattern
from deepresearch.synthesis.relations import kind_word, wording
from deepresearch.synthesis.triples import build_graph, form_of
from tests.support.shared import DATA
from tests.synthesis.world import write_triples


def entity_of(graph: KnowledgeGraph, key: str) -> int:
    return next(entity for entity in range(graph.entities) if graph.key(entity) == key)


def edges_of(graph: KnowledgeGraph, key: str) -> set[tuple[str, str]]:
    entity = entity_of(graph, key)
    relations, others = graph.edges(entity, True)
    return {(graph.relations[r], graph.key(int(o))) for r, o in zip(relations, others, strict=True)}


def test_a_table_of_triples(tmp_path: Path) -> None:
    graph = build_graph([write_triples(tmp_path / "towns.tsv")], tmp_path / "graph")
    assert (graph.entities, graph.triples) == (18, 52)
    assert edges_of(graph, "Brosk") == {
        ("instance of", "town"), ("borders", "Celm"), ("river", "Nire"), ("twin town", "Ilmen"),
    }  # fmt: skip
    assert graph.number(entity_of(graph, "Brosk"), graph.relation("population")) == 1731
    assert [graph.key(int(e)) for e in graph.within(graph.relation("population"), 1700, 2500)] == ["Brosk", "Celm"]


def test_broken_lines_are_counted_and_named_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "bad.tsv"
    path.write_bytes(b"a\tr\tb\nonly two\tfields\n\na\tr\t\n\xff\xfe\tr\tb\nb\tr\tc\n")
    graph = build_graph([path], tmp_path / "graph")
    assert graph.triples == 2
    assert graph.about["problem_count"] == 3
    assert [p.split(": ")[0] for p in graph.about["problems"]] == ["bad.tsv:2", "bad.tsv:4", "bad.tsv:5"]


def test_nothing_usable_is_a_clear_end(tmp_path: Path) -> None:
    (tmp_path / "bad.tsv").write_text("one field\n")
    with pytest.raises(UserError, match=r"no triple.*bad\.tsv:1"):
        build_graph([tmp_path / "bad.tsv"], tmp_path / "graph")
    assert not (tmp_path / "graph").exists()
    with pytest.raises(UserError, match="cannot be read"):
        build_graph([tmp_path / "none"], tmp_path / "graph")


def test_wikidata5m_with_aliases(tmp_path: Path) -> None:
    folder = tmp_path / "kg"
    folder.mkdir()
    with gzip.open(folder / "wikidata5m_all_triplet.txt.gz", "wt") as file:
        file.write("Q1\tP36\tQ2\nQ2\tP17\tQ1\nQ1\tP36\tQ2\n")
    (folder / "wikidata5m_entity.txt").write_text("Q1\tFrance\tFrench Republic\nQ2\tParis\nQ9\tElsewhere\n")
    (folder / "wikidata5m_entity.zh.txt").write_text("Q1\t法国\n")
    (folder / "wikidata5m_relation.txt").write_text("P36\tcapital\tseat\n")
    assert form_of(folder) == "wikidata5m"
    graph = build_graph([folder], tmp_path / "graph")
    assert graph.triples == 2, "a triple counts once"
    france = entity_of(graph, "Q1")
    assert graph.names(france) == [("en", "France"), ("en", "French Republic"), ("zh", "法国")]
    assert (graph.name(france, "zh"), graph.relation_labels["P36"]) == ("法国", "capital")
    assert graph.about["skipped"] == {"names of entities without triples": 1}


def test_n_triples(tmp_path: Path) -> None:
    (tmp_path / "a.nt").write_text(
        "# comment\n<x:a> <x:r> <x:b> .\n"
        '<x:a> <http://www.w3.org/2000/01/rdf-schema#label> "A\\u00e9 \\"q\\""@en-GB .\n'
        '<x:a> <x:area> "3.5"^^<http://www.w3.org/2001/XMLSchema#decimal> .\n<x:a> <x:note> "text" .\n<x:a> broken .\n'
    )
    graph = build_graph([tmp_path / "a.nt"], tmp_path / "graph")
    assert graph.names(entity_of(graph, "x:a")) == [("en", 'Aé "q"')]
    assert graph.number(entity_of(graph, "x:a"), graph.relation("x:area")) == 3.5
    assert graph.about["problems"] == ["a.nt:6: not a triple"]


def test_cn_dbpedia_tells_namesakes_apart(tmp_path: Path) -> None:
    (tmp_path / "baike_triples.txt").write_text("红楼梦（小说）\t作者\t曹雪芹\n红楼梦（电影）\t导演：\t谢铁骊\n")
    graph = build_graph([tmp_path / "baike_triples.txt"], tmp_path / "graph")
    assert graph.relations == ["作者", "导演"]
    assert graph.name(entity_of(graph, "红楼梦（小说）"), "zh") == "红楼梦"
    assert graph.is_ambiguous("红楼梦") and not graph.is_ambiguous("曹雪芹")


def test_wordnet_tells_verbs_from_nouns_and_leaves_out_keys_with_several_meanings(tmp_path: Path) -> None:
    folder = tmp_path / "words"
    folder.mkdir()
    glosses = {
        "1": "dog, a domestic animal", "2": "animal, a living thing", "3": "hop, jump lightly",
        "4": "jump, move forward by leaps", "5": "sport, an active diversion", "6": "run, a score   move fast",
        "7": "tail, the hind part of an animal", "8": "skip, bound off one point after another",
    }  # fmt: skip
    rows = [
        ("1", "_hypernym", "2"), ("3", "_hypernym", "4"), ("8", "_hypernym", "4"), ("6", "_hypernym", "4"),
        ("1", "_has_part", "7"), ("3", "_synset_domain_topic_of", "5"), ("8", "_synset_domain_topic_of", "2"),
    ]  # fmt: skip
    (folder / "entity2text.txt").write_text("".join(f"{key}\t{text}\n" for key, text in glosses.items()))
    (folder / "train.txt").write_text("".join("\t".join(row) + "\n" for row in rows))
    for part in ("valid", "test"):
        (folder / f"{part}.txt").write_text("")
    graph = build_graph([folder], tmp_path / "graph")
    assert ("_hypernym", "2") in edges_of(graph, "1") and ("_verb_hypernym", "4") in edges_of(graph, "3")
    assert graph.triples == 6 and graph.about["skipped"]["triples of keys with several meanings"] == 1
    query = PatternQuery(graph, [wording(key) for key in graph.relations])
    dog, animal, hop, jump, tail = (query.key(entity_of(graph, key)) for key in "12347")
    clue = Clue(relation="_has_part", value=Pattern(entity=tail, name="tail"))
    writer = QuestionWriter(query, "en")
    question = writer.question(Pattern(entity=dog, kind=animal, clues=[clue]), random.Random(0))
    assert "kind of animal" in question and "has tail as a part" in question
    assert "verb for a way to jump" in writer.question(Pattern(entity=hop, kind=jump, clues=[clue]), random.Random(0))
    assert (
        kind_word("animal", "kind of {}") == "kind of animal"
        and kind_word("plant genus", "kind of {}") == "plant genus"
    )


def test_a_language_that_countries_call_differently_has_the_name_of_the_unicode_project(tmp_path: Path) -> None:
    rows = [
        {"cca3": key, "independent": True, "region": "Europe", "subregion": "East", "area": 1,
         "languages": {"ron": name}, "name": {"common": key.title(), "official": key}}
        for key, name in (("MDA", "Moldavian"), ("ROU", "Romanian"))
    ]  # fmt: skip
    (tmp_path / "countries.json").write_text(json.dumps(rows))
    graph = build_graph([tmp_path / "countries.json"], tmp_path / "graph")
    language = entity_of(graph, "lang:ron")
    assert (graph.name(language, "en"), graph.name(language, "zh")) == ("Romanian", "罗马尼亚语")
    assert "Moldavian" in graph.all_names(language)


@pytest.mark.skipif(not DATA.is_dir(), reason="no shared data")
def test_real_graphs(tmp_path: Path) -> None:
    graph = build_graph([DATA / "kg_countries"], tmp_path / "countries")
    assert (graph.about["problem_count"], len(graph.relations)) == (0, 11)
    assert ("borders", "FRA") in edges_of(graph, "BEL") and graph.name(entity_of(graph, "BEL"), "zh") == "比利时"
    graph = build_graph([DATA / "kg_wn18rr"], tmp_path / "wordnet")
    assert (graph.entities, graph.triples) == (40_683, 91_519)
