import asyncio
import random
from pathlib import Path

import pytest

from deepresearch.cli import main
from deepresearch.errors import UserError
from deepresearch.synthesis.data_files import read_card, read_records
from deepresearch.synthesis.exports import export_file
from deepresearch.synthesis.filters import FilterOptions, filter_file
from deepresearch.synthesis.report_route import badly_formed, make_report_pairs, markdown
from deepresearch.synthesis.samples import tokens
from deepresearch.synthesis.viewer import write_page

LINE = "Barges carry timber on the northern rivers, and most of these barges are built of steel in the yards of Arlen. "
REPORT = f"""# Rivers of the North

## Introduction

This report examines how northern rivers are used. {LINE}

## 1. Shipping

### Barges

{LINE * 4}

- Timber
- - Salt
  - white
  - grey

1. First
2. Second

## 2. Fish

{LINE * 4}

## 3. Dams

{LINE * 4}

[1]: https://rivers.example/a https://rivers.example/b

## References

- A book that nobody needs here.
"""


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "a.md").write_text(REPORT)
    (folder / "b.md").write_text("# Short\n\n## A\n\nText.\n\n## B\n\nText.\n\n## C\n\nText.\n")
    return folder


def quiet(done: int, wanted: int, what: str) -> None:
    """No progress."""


def pairs(reports: Path, out: Path, seed: int = 0) -> list[dict]:
    asyncio.run(make_report_pairs(reports, out.parent, out, seed, quiet))
    return list(read_records(out))


def test_three_pairs_of_each_report(reports: Path, tmp_path: Path) -> None:
    query, plan, form = pairs(reports, tmp_path / "pairs.jsonl")
    good = query["messages"][1]["content"]
    assert [m["loss"] for m in query["messages"]] == [False, True]
    assert all(pair["messages"][1]["content"] == good for pair in (plan, form))
    assert query["messages"][0]["content"] == query["question"]
    assert "This report examines how northern rivers are used." in query["question"]
    asked = plan["messages"][0]["content"].split("\n")[-4:]
    assert asked == ["1. Introduction", "2. Shipping", "3. Fish", "4. Dams"]
    assert [line for line in good.split("\n") if line.startswith("## ")] == [f"## {line[3:]}" for line in asked]
    assert (
        "### Barges" in good and "\n- Timber\n- Salt\n  - white\n  - grey\n" in good and "1. First\n2. Second" in good
    )
    assert "nobody needs" not in good and "://" not in good
    bad = form["messages"][0]["content"].split("\n\n", 1)[1]
    assert tokens(bad) == tokens(good) and bad.strip() != good.strip()
    assert read_card(tmp_path / "pairs.jsonl").dropped == {"too short or too long": 3}


def test_every_bad_form_has_the_same_words_and_a_seed_gives_the_same(reports: Path, tmp_path: Path) -> None:
    body = [("heading", 2, "Shipping"), ("paragraph", 0, LINE), ("item", 0, "Timber"), ("table", 0, "| a | b |")]
    made = {badly_formed("Rivers", body, random.Random(n)) for n in range(20)}
    assert {tuple(tokens(bad)) for bad in made} == {tuple(tokens(markdown("Rivers", body)))}
    assert {bad[:4] for bad in made} > {"Rive", "**Ri"} and any("\n#" in bad for bad in made)
    assert markdown("Rivers", body) not in made
    assert pairs(reports, tmp_path / "one.jsonl", 3) == pairs(reports, tmp_path / "two.jsonl", 3)


def test_pairs_are_filtered_shown_and_exported_like_other_samples(
    reports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs(reports, tmp_path / "pairs.jsonl")
    suite = tmp_path / "suite.json"
    suite.write_text('[{"question": "most of these barges are built of steel in the yards of Arlen"}]')
    card = filter_file(
        tmp_path / "pairs.jsonl", tmp_path / "kept.jsonl", ["contamination"], FilterOptions(suites=[suite])
    )
    assert card.dropped == {"contamination": 3}
    assert export_file(tmp_path / "pairs.jsonl", tmp_path / "trl.jsonl", "trl").records == 3
    assert main(["synth", "show", str(tmp_path / "pairs.jsonl"), "--hidden"]) == 0
    assert "report-plan" in capsys.readouterr().out
    assert write_page(tmp_path / "pairs.jsonl", tmp_path / "page.html") == 3
    assert "### Barges" in (tmp_path / "page.html").read_text()
    for row in read_records(tmp_path / "trl.jsonl"):
        assert [m["role"] for m in row["prompt"] + row["completion"]] == ["user", "assistant"]


def test_a_folder_without_reports_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="there is no input"):
        pairs(tmp_path / "empty", tmp_path / "pairs.jsonl")
