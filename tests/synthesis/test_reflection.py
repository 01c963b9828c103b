import asyncio
import json
from pathlib import Path

import pytest

from deepresearch.errors import UserError
from deepresearch.library import LibraryProvider
from deepresearch.policy import View
from deepresearch.settings import Settings
from deepresearch.synthesis.data_files import read_card, read_records
from deepresearch.synthesis.records import Provenance, SupportingPassage, SyntheticTask
from deepresearch.synthesis.reflection import Reflecting, hint_traces, reflect
from deepresearch.synthesis.rollouts import RolloutOptions, is_correct
from deepresearch.trajectory import Call, RunStarted, Sample, Task, Turn, UserSteered
from tests.synthesis.test_rollouts import tasks

__all__ = ["tasks"]
TASK = SyntheticTask(
    id="t",
    question="Which town is it?",
    answer="Arlen",
    plan=["Find the river.", "Find the town on the river that borders Brosk."],
    evidence=[SupportingPassage(passage="p", document="d", fact="Arlen is on the Moss.")],
    distractors=["Brosk"],
    provenance=Provenance(route="graph"),
)
WRONG, RIGHT = "The answer is **Brosk**.", "The answer is **Arlen**."


def quiet(done: int, wanted: int, what: str) -> None:
    """No progress."""


def kept(tasks: Path, out: Path, library: LibraryProvider, policy: str) -> list[dict]:
    options = RolloutOptions(policy=policy, at_once=3, library="towns")
    asyncio.run(reflect(tasks, out, [library], Settings(), options, quiet))
    return list(read_records(out))


def test_wrong_turns_recover_and_no_trace_of_the_hint_is_left(
    tasks: Path, library: LibraryProvider, tmp_path: Path
) -> None:
    found = kept(tasks, tmp_path / "kept.jsonl", library, "slips")
    hinted = [record for record in found if record["hints"]]
    assert hinted and all(record["correct"] and record["state"] == "finished" for record in found)
    for record in hinted:
        turns = [event for event in record["events"] if event["type"] == "turn"]
        [slip] = [turn for turn in turns if record["wrong"][0].splitlines()[0][:20] in turn["text"] and turn["calls"]]
        searches = [turn for turn in turns if turn.get("calls")]
        assert slip in searches and searches[0] is not slip and turns[-1]["text"] == record["report"]
        assert "upervisor" not in json.dumps(record["events"])
    assert read_card(tmp_path / "kept.jsonl").counts["hints"]["1"] == len(hinted)


def test_a_killed_reflection_is_continued(tasks: Path, library: LibraryProvider, tmp_path: Path) -> None:
    out = tmp_path / "kept.jsonl"
    whole = [record["report"] for record in kept(tasks, out, library, "slips")]
    with out.open("ab") as file:
        file.write(b'{"half":')
    assert [record["report"] for record in kept(tasks, out, library, "slips")] == whole


def test_without_a_right_end_nothing_is_kept(tasks: Path, library: LibraryProvider, tmp_path: Path) -> None:
    lines = [{**record, "answer": "Atlantis", "aliases": []} for record in read_records(tasks)]
    tasks.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(UserError, match="not right"):
        kept(tasks, tmp_path / "kept.jsonl", library, "one-search")


class Script:
    name, revises = "script", False

    def __init__(self, *turns: Turn) -> None:
        self.turns, self.views = list(turns), []

    async def decide(self, view: View) -> Turn:
        self.views.append(view)
        return self.turns.pop(0)

    async def close(self) -> None:
        """Nothing is open."""


SEARCH = Call(id="", tool="batch_web_surfer", arguments={"queries": ["Moss"]})
SAMPLED = Sample(prompt_ids=[1], completion_ids=[2], logprobs=[0.0])


def view(*events: object, messages: tuple = (), phase: str = "work") -> View:
    opening = RunStarted(task=Task(question=TASK.question))
    return View(opening.task, [opening, *events], list(messages), frozenset({"batch_web_surfer"}), phase)


async def test_the_teacher_sees_the_hint_in_its_place_and_the_record_does_not() -> None:
    again = Turn(text="Not proved yet.", calls=[SEARCH], sample=SAMPLED)
    script = Script(Turn(text=WRONG, sample=SAMPLED), again, Turn(text=RIGHT, sample=SAMPLED))
    teacher = Reflecting(script, TASK)
    turn = await teacher.decide(view())
    assert turn.text == f"{WRONG}\n\nNot proved yet." and turn.calls and turn.sample is None
    assert [m["role"] for m in script.views[1].messages] == ["assistant", "user"]
    recorded = {"role": "assistant", "content": turn.text, "tool_calls": [{}]}
    last = await teacher.decide(view(turn, messages=(recorded, {"role": "tool", "content": "x"})))
    seen = script.views[2]
    assert [m["content"] for m in seen.messages] == [WRONG, teacher.hints[0], "Not proved yet.", "x"]
    assert isinstance(seen.events[1], UserSteered) and last.text == RIGHT and last.sample is None
    assert is_correct(last.text, TASK) and teacher.wrong_reports == [WRONG]


async def test_at_most_three_tries_and_a_guess_after_a_hint_is_no_recovery() -> None:
    wrong = Turn(text=WRONG)
    search = Turn(text="On.", calls=[SEARCH])
    teacher = Reflecting(Script(wrong, search, wrong, search, wrong), TASK)
    assert (await teacher.decide(view())).calls and (await teacher.decide(view())).calls
    assert (await teacher.decide(view())).text == WRONG and len(teacher.hints) == 2
    guess = Reflecting(Script(wrong, Turn(text=RIGHT)), TASK)
    assert (await guess.decide(view())).text == RIGHT and guess.guessed


HINT = "Hint from the supervisor: the answer in your report is not right. Compare it with each condition."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Since you said so, I look again.", "en"),
        ("OK. I compare it with each condition now.", "en"),
        ("Following the hint, I search again.", "en"),
        ("根据提示，我再查一次。", "zh"),
        ("You said that it is wrong.", "en"),
        ("你说报告不对。", "zh"),
    ],
)
def test_what_repeats_or_mentions_a_hint_is_found(text: str, language: str) -> None:
    def record(said: str, sample: dict | None = None) -> dict:
        turn = {"type": "turn", "text": said, "run": "r", "seq": 2} | ({"sample": sample} if sample else {})
        opening = {"type": "run.started", "run": "r", "seq": 1, "task": {"question": "Which town?"}}
        return {"question": "Which town?", "events": [opening, turn]}

    assert hint_traces(record(text), [HINT], language, text)
    assert hint_traces(record("Moss first."), [HINT], language, "Moss first.") == []
    assert hint_traces(record("Moss first.", SAMPLED.model_dump()), [HINT], language, "Moss first.") == [
        "token ids sampled after a hint"
    ]
    assert hint_traces(record(text), [], language, "") == []
