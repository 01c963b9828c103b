"""The miniature's stages: lessons look as the dialect writes runs, and results are read back."""

import random
import re

import pytest

pytest.importorskip("torch")

from runs.miniature_lessons import atomic, reading
from runs.miniature_measure import Arena, Outcome, arena_settings
from runs.miniature_stages import (
    QUICK,
    new_student,
    read_result,
    samples_of,
    training_paths,
    write_result,
)
from runs.miniature_tasks import TaskMaker, make_tasks
from runs.miniature_teacher import Teacher
from runs.miniature_world import build_library, make_world, write_authority

from deepresearch.library import LibraryProvider
from deepresearch.library.authority import Authority

LEXICON = make_world(None, 16).lexicon()


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    return new_student(QUICK, 0, tmp_path_factory.mktemp("student"), LEXICON)


def test_lessons_are_written_as_the_dialect_writes_runs(student, tmp_path):
    """A turn that follows a result in a lesson has the form that it has in the teacher's runs."""
    world = make_world(None, 16)
    library = build_library(world, ("train",), tmp_path, "school")
    maker = TaskMaker(world, library, tmp_path)
    authority = Authority.load(write_authority(tmp_path / "authority.csv"))
    arena = Arena(LibraryProvider(library, authority), authority, arena_settings(tmp_path), errors=0.3)
    tasks = list(make_tasks(maker, world, "train", 12, 0))
    runs = arena.run(tasks, lambda task, tools, settings: Teacher(task, maker.pages, 4), student.tokens)
    library.close()
    decode = student.dialect.tokenizer.decode
    taught = [decode(sample.ids) for run in runs for sample in student.dialect.samples(run.events)]
    lessons = atomic(random.Random(0), 200, 4, LEXICON, training_paths(), 0.3)
    learnt = [decode(sample.ids) for sample in samples_of(lessons, student)]
    assert _forms(taught) <= _forms(learnt)
    assert len(_forms(taught)) >= 5
    assert all(run.tokens > 50 for run in runs)


def _forms(texts):
    """Which marks follow each other in the turns of runs, with what is between them where that is fixed."""
    turn = re.compile(r"<\|(?:think|search|report|plan)\|>.*?<\|end\|>", re.DOTALL)
    turns = [found for text in texts for found in turn.findall(text)]
    free = re.compile(r"(<\|(?:search|report|plan|think)\|>)(?! try again).*?( not found)?(?=<\||$)", re.DOTALL)
    fixed = [free.sub(r"\1\2", found) for found in turns]
    return set(fixed)


def test_what_is_asked_of_pages_can_be_copied_from_them(student):
    for lesson in reading(random.Random(1), 24, 4, LEXICON):
        pages = " ".join(text for mark, text, _ in lesson.parts if mark == "<|passage|>")
        for mark, text, weight in lesson.parts:
            if mark == "<|think|>" and not text.endswith("not found"):
                assert weight == 1.0
                assert re.fullmatch(r"(.+) \[\d+\]", text)[1] in pages


def test_results_are_read_back(tmp_path):
    outcome = Outcome("t", "seen", 2, True, False, 0.5, 3, 100, 1, True, 0)
    write_result(tmp_path / "r.json", {"PPO": [outcome]}, {"seconds": {"PPO": 1.5}})
    found, known = read_result(tmp_path / "r.json")
    assert found["PPO"][0].citations == 0.5
    assert known["seconds"] == {"PPO": 1.5}
