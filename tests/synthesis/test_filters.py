import json
import random
from pathlib import Path
from typing import Any

import pytest

from deepresearch.errors import UserError
from deepresearch.synthesis.data_files import LineFile, read_card, read_records
from deepresearch.synthesis.filters import FILTERS, FOR_ROLLOUTS, FOR_TASKS, FilterOptions, filter_file

SUITE = (
    "Which of the two bridges that the engineer of the old harbour crane built before the flood still carries trains?",
    "在一八九〇年以前由同一位工程师设计并且至今仍然通车的两座铁路桥当中哪一座更长一些",
)
WORDS = (
    "river stone bridge harbour engine copper valley winter market tower glass paper forest signal orchard canal mill "
    "lantern quarry anchor meadow barrel clock ladder needle pepper rocket saddle thunder velvet walnut yellow zebra "
    "basket candle dragon eagle falcon garden hammer island jacket kettle lemon magnet napkin onion pigeon quilt"
).split()


def rollout(number: int, **changes: Any) -> dict[str, Any]:
    """A sound run with words of its own."""
    rng = random.Random(number)
    some = [" ".join(rng.sample(WORDS, 12)) for _ in range(6)]
    passage = {"id": f"p{number}", "document": "d", "title": "T", "text": f"{some[0]}."}
    call = {"id": "c2-1", "tool": "batch_web_surfer", "arguments": {"action": "batch_search", "queries": [some[1]]}}
    answer = f"It is the {WORDS[number % len(WORDS)]} \\cite{{p{number}}}."
    report = f"## Short answer\n\n{answer}\n\n## More\n\n{some[4]}.\n\n{some[5]}."
    events = [
        {"type": "run.started", "task": {"question": some[3], "language": "en"}},
        {"type": "turn", "text": f"First {some[2]}."},
        {"type": "turn", "text": "", "calls": [call]},
        {"type": "observation", "call": "c2-1", "status": "ok", "shown": some[0], "passages": [passage]},
        {"type": "turn", "text": report},
        {"type": "answered", "text": report},
    ]
    record = {
        "task": f"t{number}", "attempt": 0, "run": f"r{number}", "question": f"What is told of {some[3]}?",
        "answer": "x", "report": report, "state": "finished", "correct": True, "cited": True, "turns": 3, "calls": 1,
        "errors": 0, "events": events,
    }  # fmt: skip
    return {**record, **changes}


def rewritten(number: int, text: str) -> dict[str, Any]:
    record = rollout(number)
    record["events"][4]["text"] = record["report"] = record["report"] + "\n\n" + text
    return record


def planted(kind: str, n: int) -> dict[str, Any]:
    """A run with one flaw."""
    other = " ".join(random.Random(n + 77).sample(WORDS, 11))
    match kind:
        case "loops" if n % 2:
            return rewritten(n, f"{other} and so on. " * 5)
        case "loops":
            record = rollout(n)
            record["events"][2]["calls"] *= 3
            return record
        case "language" if n % 2:
            return rewritten(n, "这条河流经过三座城市，" * 2 + "最后在北方的港口注入大海，这就是它的全部历程。")
        case "language":
            return rewritten(n, "Эта река протекает через три города и впадает в море на севере страны.")
        case "year":
            record = rollout(n)
            record["events"][2]["calls"][0]["arguments"]["queries"] = [f"{other} {1950 + n}"]
            return record
        case "private":
            secret = [
                f"Write to {WORDS[n % len(WORDS)]}.{n}@mail-{n}.com.",
                f"Call +44 20 7946 {1000 + n}.",
                f"The key is sk-{'a1B2' * 6}{n}.",
                "The card is 4539 5787 6362 1486.",
                f"身份证号 1101011990030{n % 10}1234。",
            ]
            return rewritten(n, secret[n % 5])
        case "contamination":
            question = SUITE[n % 2]
            shift = n % 5
            part = question[shift:] if n % 2 else " ".join(question.split()[shift : shift + 13])
            record = rollout(n)
            record["events"][3]["shown"] += f" {part}"
            return record
        case "duplicates":
            record = rollout(n)
            record["events"][4]["text"] = record["events"][4]["text"].replace(".", " .", 1)
            return {**record, "run": f"copy-{n}", "task": f"copy-{n}"}
        case "citations" if n % 2:
            return rollout(n, cited=False)
        case "citations":
            return rollout(n, report="## Short answer\n\nIt is so.\n\n## More\n\nIt is \\cite{p}.")
        case "correct":
            return rollout(n, correct=n % 2 == 0, state="finished" if n % 2 else "partial")
        case "shortest":
            return rollout(n, task="one", turns=9 + n)
        case _:
            raise AssertionError(kind)


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    return path


@pytest.fixture
def options(tmp_path: Path) -> FilterOptions:
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "dev.json").write_text(json.dumps({"items": [{"question": SUITE[0], "answer": "x"}]}))
    (folder / "zh.jsonl").write_text(json.dumps({"query": SUITE[1]}, ensure_ascii=False) + "\n")
    (folder / "broken.json").write_text("{")
    return FilterOptions(suites=[folder])


KINDS = ["correct", "shortest", "citations", "loops", "language", "year", "private", "contamination", "duplicates"]


def test_planted_flaws_are_caught_each_by_its_filter_and_nothing_else_is_dropped(
    tmp_path: Path, options: FilterOptions
) -> None:
    sound = [rollout(n) for n in range(60)]
    bad = [
        (kind, planted(kind, n)) for kind in KINDS for n in range(*((0, 30) if kind == "duplicates" else (100, 130)))
    ]
    for number, (kind, record) in enumerate(bad):
        if kind not in ("shortest", "duplicates"):
            record["task"] = f"{kind}-{number}"
    records = [*sound, rollout(90, task="one", turns=2), *(record for _, record in bad)]
    card = filter_file(write(tmp_path / "in.jsonl", records), tmp_path / "out.jsonl", FOR_ROLLOUTS, options)
    assert card.dropped == dict.fromkeys(KINDS, 30)
    assert (card.records, sum(f.before - f.after for f in card.filters)) == (61, 270)
    by_name = {report.name: report for report in card.filters}
    assert all(len(by_name[kind].examples) == 10 for kind in KINDS)
    assert "dev.json" in json.dumps(by_name["contamination"].examples) or "zh.jsonl" in json.dumps(
        by_name["contamination"].examples
    )
    assert read_card(tmp_path / "out.jsonl") == card
    assert by_name["correct"].before == 331 and by_name["duplicates"].after == 61


def test_tool_errors_up_to_a_share_and_only_with_recovery(tmp_path: Path) -> None:
    records = [rollout(n) for n in range(40)]
    for n in (5, 12, 20, 25, 30):
        failed = {"type": "observation", "call": "c1-1", "status": "error", "shown": "down"}
        records[n] = rollout(n, errors=1)
        records[n]["events"].insert(3 if n != 12 else 4, failed)  # 12 never recovers
    source = write(tmp_path / "in.jsonl", records)
    kept = {
        share: filter_file(source, tmp_path / "out.jsonl", ["errors"], FilterOptions(errors=share))
        for share in (0, 0.05, 0.1)
    }
    assert [card.records for card in kept.values()] == [35, 36, 37]
    assert {"id": "r12", "reason": "a tool error without recovery"} in kept[0.1].filters[0].examples


def test_tasks_have_filters_of_their_own(tmp_path: Path, options: FilterOptions) -> None:
    task = {
        "id": "t",
        "question": "What is it, by the old mill?",
        "language": "en",
        "answer": "x",
        "plan": [],
        "evidence": [],
    }
    records = [
        task | {"id": "easy", "pass_rate": 1.0, "question": "Another question about the bridge?"},
        task | {"id": "hard", "pass_rate": 0.25},
        task | {"id": "zh", "question": "哪一座桥最长？" * 4},
        task | {"id": "seen", "question": SUITE[0]},
    ]
    source = write(tmp_path / "in.jsonl", records)
    card = filter_file(source, tmp_path / "out.jsonl", FOR_TASKS, options)
    assert card.dropped == {"difficulty": 1, "language": 1, "contamination": 1}
    for name in ("correct", "shortest"):
        with pytest.raises(UserError, match="Rollouts and tasks take different filters"):
            filter_file(source, tmp_path / "out.jsonl", [name], options)


def test_parquet_holds_the_same_as_json_lines(tmp_path: Path, options: FilterOptions) -> None:
    records = [rollout(n, supported=None if n % 3 else n / 4, hops=n) for n in range(6)]
    source = write(tmp_path / "in.jsonl", records)
    for name in ("out.jsonl", "out.parquet"):
        filter_file(source, tmp_path / name, ["correct"], options)
        assert list(read_records(tmp_path / name)) == records
    again = filter_file(tmp_path / "out.parquet", tmp_path / "again.parquet", ["correct", "loops"], options)
    assert again.records == 6 and list(read_records(tmp_path / "again.parquet")) == records
    with pytest.raises(UserError, match=r"one by one, which Parquet"):
        LineFile(tmp_path / "lines.parquet", {})


def test_japanese_is_no_chinese_and_a_line_more_in_every_turn_makes_no_new_run(tmp_path: Path) -> None:
    japanese = rewritten(
        1, "この委員会はその年に二度開かれ、問題を各県に委ねたが、その後二度と議論されることはなかった。"
    )
    japanese["events"][0]["task"]["language"] = "zh"
    for event in japanese["events"][1:]:
        event["text"] = event.get("text", "")[-50:] if "この" in event.get("text", "") else ""
    assert FILTERS.get("language")(FilterOptions()).reason(japanese)
    copy = rollout(2)
    for event in copy["events"]:
        event["text"] = f"{event.get('text', '')}\nThat is all."
    duplicates = FILTERS.get("duplicates")(FilterOptions())
    assert [bool(duplicates.reason(record)) for record in (rollout(2), rollout(3), copy)] == [False, False, True]


def test_every_filter_can_be_named() -> None:
    assert set(FILTERS.names()) == {*FOR_ROLLOUTS, *FOR_TASKS}
    with pytest.raises(UserError, match="not among the filters"):
        FILTERS.get("nothing")
    with pytest.raises(UserError, match="does not exist"):
        FILTERS.get("contamination")(FilterOptions(suites=[Path("/nowhere/at/all")]))
