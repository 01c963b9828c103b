import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

pytest.importorskip("torch")

from deepresearch.agent.rollouts import SharedSource
from deepresearch.errors import ModelUnreachable
from deepresearch.library.authority import Authority
from deepresearch.settings import Settings
from deepresearch.tools import default_tools
from deepresearch.training.engine import Generated
from deepresearch.training.episodes import Episode, EpisodeOptions, roll_out, rows_of, summary
from deepresearch.training.rewards import Reward
from deepresearch.trajectory import Sample, Turn
from tests.training.world import TASK, Facts, run_of, tiny_dialect

SETTINGS = Settings().changed({"plan": "off", "budget.turns": 6})
ONLY_SEARCH = EpisodeOptions(tools=("batch_web_surfer",))
LINES = (
    "<|search|>capital of Avon<|also|>mayor of Brill<|end|>",
    "<|report|>The answer is **Cato** [{Brill}].\n\n- The capital of Avon is Brill [{Avon}].\n"
    "- The mayor of Brill is Cato [{Brill}].<|end|>",
)


class ScriptedEngine:
    """Plays lines of text, filling in the numbers under which passages were shown."""

    context = 1024

    def __init__(self, lines: Sequence[str]) -> None:
        self.dialect = tiny_dialect()
        self.lines = lines
        self.most_at_once = self._now = 0
        self.released: set[str] = set()

    async def generate(self, prompt: Sequence[int], **more: object) -> Generated:
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        await asyncio.sleep(0.001)
        self._now -= 1
        text = self.dialect.tokenizer.decode(list(prompt))
        numbers = {title: n for n, title in re.findall(r"<\|passage\|>(\d+) (\w+) \|", text)}
        line = self.lines[min(text.count("<|end|>"), len(self.lines) - 1)]
        if line == "stop":
            raise ModelUnreachable("The engine has stopped.")
        written = re.sub(r"\{(\w+)\}", lambda m: numbers.get(m[1], "9"), line)
        ids = self.dialect.tokenizer.encode(written, split_special_tokens=False)
        return Generated(ids, [-0.5] * len(ids), "stop")

    def release(self, key: str) -> None:
        self.released.add(key)

    async def close(self) -> None:
        pass


async def episodes_of(lines: Sequence[str], count: int = 1, at_once: int = 50) -> tuple[list, ScriptedEngine]:
    engine = ScriptedEngine(lines)
    options = EpisodeOptions(tools=("batch_web_surfer",), at_once=at_once)
    shared = [SharedSource(Facts())]
    return await roll_out([TASK] * count, engine, engine.dialect, shared, SETTINGS, options), engine


async def test_many_runs_at_once_in_the_real_loop_earn_what_their_reports_deserve() -> None:
    episodes, engine = await episodes_of(LINES, count=30, at_once=20)
    assert 1 < engine.most_at_once <= 20
    assert len(engine.released) == 30, "each run gives its cache back"
    measured = summary(episodes)
    assert (measured["failed"], measured["reward"], measured["whole"], measured["calls"]) == (0, 1.0, 1.0, 1.0)
    assert measured["met_fact"] == 1.0
    [row] = episodes[0].rows
    own = [i for i, mine in zip(row.ids, row.own, strict=True) if mine]
    sampled = [turn.sample.completion_ids for turn in episodes[0].events if isinstance(turn, Turn) and turn.sample]
    assert own == [i for ids in sampled for i in ids], "exactly what was sampled"
    assert {p for p, mine in zip(row.logprobs, row.own, strict=True) if mine} == {-0.5}
    assert episodes[0].ids == row.ids


async def test_a_plan_waits_for_nobody() -> None:
    engine = ScriptedEngine(("<|plan|>1. Find the capital.<|end|>", *LINES))
    settings = SETTINGS.changed({"plan": "ask"})
    [episode] = await roll_out([TASK], engine, engine.dialect, [SharedSource(Facts())], settings, ONLY_SEARCH)
    assert episode.reward.score == 1.0


async def test_a_bad_run_is_kept_and_a_failed_one_told_from_it() -> None:
    [lazy], _ = await episodes_of(["<|report|>Cato<|end|>"])
    assert (lazy.failed, lazy.reward.score) == (False, 0.0), "it never searched"
    [garbled], _ = await episodes_of(["capital<|end|>"])
    assert (garbled.failed, garbled.reward.score) == (False, 0.0)
    assert garbled.rows
    [broken], _ = await episodes_of([LINES[0], "stop"])
    assert broken.failed
    assert "model_unreachable" in broken.problem
    measured = summary([lazy, garbled, broken])
    assert (measured["episodes"], measured["failed"], measured["zero"]) == (2, 1, 1.0)


def test_a_prompt_that_does_not_continue_begins_a_row_of_its_own() -> None:
    def turn(prompt: list[int], new: list[int]) -> Turn:
        return Turn(sample=Sample(prompt_ids=prompt, completion_ids=new, logprobs=[-1.0] * len(new)))

    first, second = rows_of(
        run_of(turn([1, 2], [3]), turn([1, 2, 3, 4], [5, 6]), Turn(text="other"), turn([1, 9], [7]))
    )
    assert first.ids == [1, 2, 3, 4, 5, 6]
    assert first.own == [False, False, True, False, True, True]
    assert first.logprobs == [0.0, 0.0, -1.0, 0.0, -1.0, -1.0]
    assert (second.ids, second.own) == ([1, 9, 7], [False, False, True])


def test_a_report_without_its_flaws_is_whole_whatever_they_are_called() -> None:
    clean = Episode(TASK, [], [], Reward(1.0, {"answer": 1.0, "vague": 0.0}, True, frozenset({"vague"})))
    flawed = Episode(TASK, [], [], Reward(1.0, {"answer": 1.0, "vague": 1.0}, True, frozenset({"vague"})))
    assert (summary([clean])["whole"], summary([flawed])["whole"]) == (1.0, 0.0)


async def test_sources_are_ranked_by_the_authority_given(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def tools(sources: object, authority: object = None) -> list:
        given.append(authority)
        return default_tools(sources, authority)

    monkeypatch.setattr("deepresearch.training.episodes.default_tools", tools)
    authority = Authority.load()
    engine, options = ScriptedEngine(LINES), EpisodeOptions(tools=("batch_web_surfer",), authority=authority)
    await roll_out([TASK], engine, engine.dialect, [SharedSource(Facts())], SETTINGS, options)
    assert given == [authority]


async def test_an_episode_can_have_sources_of_its_own() -> None:
    asked: list[str] = []

    def own(episode: str) -> list[SharedSource]:
        asked.append(episode)
        return [SharedSource(Facts())]

    engine = ScriptedEngine(LINES)
    options = replace(ONLY_SEARCH, name="try")
    await roll_out([TASK, TASK], engine, engine.dialect, own, SETTINGS, options)
    assert sorted(asked) == ["try-0", "try-1"]
