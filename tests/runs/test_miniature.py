"""The miniature: what is held out stays held out, tasks have one answer, the teacher works in the real loop."""

import random

import pytest

pytest.importorskip("numpy")

from runs.miniature_lessons import InventedWeb, atomic, copying, reading, text_of
from runs.miniature_measure import Arena, arena_settings, interval, recovery, rows_of, table, verdicts_of
from runs.miniature_tasks import TaskMaker, held_out_paths, hops_of, make_tasks, passages_of
from runs.miniature_teacher import Teacher
from runs.miniature_world import RELATIONS, Fact, Lexicon, build_library, make_world, write_authority

from deepresearch.library import LibraryProvider
from deepresearch.library.authority import Authority


@pytest.fixture(scope="module")
def world():
    return make_world(None, 40)


@pytest.fixture(scope="module")
def web(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    library = build_library(world, ("train", "dev", "test"), folder, "web")
    yield folder, library, TaskMaker(world, library, folder)
    library.close()


def test_the_web_of_training_has_no_word_of_what_is_held_out(world, tmp_path):
    library = build_library(world, ("train",), tmp_path, "school")
    _, pages = passages_of(world, library)
    library.close()
    held = {country.name for country in world.of(["dev", "test"])}
    assert held
    assert len(pages) > 100
    for page in pages.values():
        assert page.title.split(" (")[0] not in held
        assert not {name for fact in page.states for name in (fact.country, fact.value)} & held


def test_groups_are_on_their_side(world, web):
    sides = held_out_paths()
    for group, split, side in (("train", "train", "train"), ("entities", "test", "train"), ("paths", "train", "test")):
        tasks = list(make_tasks(web[2], world, group, 12, 0))
        assert tasks
        for task in tasks:
            assert {world.countries[hop.country].split for hop in hops_of(task)} == {split}
            assert sides[tuple(task.provenance.notes["path"])] == side


def test_a_question_of_the_test_is_none_of_training(world, web):
    trained = {task.question for task in make_tasks(web[2], world, "train", 400, 0)}
    assert not trained & {task.question for task in make_tasks(web[2], world, "seen", 20, 0)}


def test_lessons_state_nothing_that_is_true():
    world = make_world(None, 0)
    lexicon = world.lexicon()
    few = Lexicon(lexicon.words[:40], lexicon.true)  # so few that chance would find what is true
    country = next(c for c in world.countries.values() if c.name in few.words)
    few = Lexicon(few.words, {(country.name, relation, word) for word in few.words for relation in RELATIONS})
    rng = random.Random(0)
    for web in (InventedWeb(rng, 4, few) for _ in range(20)):
        assert country.name not in web.countries or not web.countries[country.name].facts
    lessons = [*copying(rng, 20, lexicon.words), *reading(rng, 24, 4, lexicon)]
    lessons += atomic(rng, 24, 4, lexicon, list(held_out_paths()), 0.1)
    text = "\n".join(map(text_of, lessons))
    assert not [fact for fact in lexicon.true if Fact(*fact).sentence() in text]


def test_the_teacher_is_right_and_recovers_in_the_real_loop(world, web):
    folder, library, maker = web
    authority = Authority.load(write_authority(folder / "authority.csv"))
    arena = Arena(LibraryProvider(library, authority), authority, arena_settings(folder), errors=0.3)
    tasks = list(make_tasks(maker, world, "entities", 9, 0))
    outcomes = arena.run(tasks, lambda task, tools, settings: Teacher(task, maker.pages, 4), lambda events: 0)
    assert sum(outcome.all_rubrics for outcome in outcomes) >= 8
    assert sum(outcome.failed_searches for outcome in outcomes) > 0
    right, runs = recovery(outcomes)
    assert right >= runs - 1 > 0
    assert sum(outcome.citations for outcome in outcomes) > 0.8 * right
    stubborn = arena.run(tasks, lambda task, tools, s: Teacher(task, maker.pages, 4, recovers=False), lambda e: 0)
    assert recovery(stubborn)[0] < right


def test_rubrics_want_answer_fact_and_source(world, web):
    task = next(t for t in make_tasks(web[2], world, "entities", 9, 0) if t.hops == 2 and t.distractors)
    first, last = hops_of(task)
    sources = [task.evidence[0].passage, task.evidence[1].passage]
    lines = [f"{hop.sentence()[:-1]} \\cite{{{source}}}." for hop, source in zip((first, last), sources, strict=True)]
    good = "\n\n".join([f"It is {last.found} \\cite{{{sources[1]}}}.", *lines])
    assert all(verdicts_of(task, good).values())
    assert not verdicts_of(task, good.replace(sources[0], sources[1]))["hop1"]
    assert not verdicts_of(task, good.replace(f"It is {last.found}", f"It is {task.distractors[0]}"))["answer"]
    half = verdicts_of(task, lines[0])
    assert (half["hop1"], half["hop2"], half["answer"]) == (True, False, False)


def test_intervals_and_table():
    assert interval([[1.0] * 50]) == (1.0, 0.0)
    mean, half = interval([[0.0, 1.0], [1.0, 1.0], [0.5, 0.5]])
    assert mean == pytest.approx(2 / 3)
    assert half == pytest.approx(4.30 * 0.28867 / 3**0.5, abs=1e-3)
    assert rows_of("none", [[]]) == []
    assert table([]).startswith("stage")
