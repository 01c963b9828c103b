import json

from deepresearch.judge import (
    CriterionVerdict,
    Judgement,
    Rubric,
    RubricSet,
    draft_mechanically,
    quality_card,
    quality_json,
)
from deepresearch.judge.judging import summarise
from deepresearch.judge.verdicts import Evidence

RUBRICS = RubricSet(
    origin="mine.json",
    rubrics=(
        Rubric(id="a", criterion="Says | so <script>.", weight=5),
        Rubric(id="b", criterion="Invents [x](http://evil.test).", weight=-2, fatal=True),
        Rubric(id="c", criterion="Other.", weight=1),
    ),
)


def judgement(fatal: str = "not") -> Judgement:
    trial = [
        CriterionVerdict(
            rubric="a", level="fully", reason="It\nis.", evidence=(Evidence(quote="**bold** quote", found=False),)
        ),
        CriterionVerdict(rubric="b", level=fatal),  # type: ignore[arg-type]
        CriterionVerdict(rubric="c", level="undecided"),
    ]
    return summarise("m", "Q", RUBRICS, [trial, trial])


def test_the_card_tells_all() -> None:
    card = quality_card(judgement())
    assert "fully met): 1.000" in card
    assert "2 undecided, 0 unusable replies of 6 verdicts" in card
    assert "2 verdicts rest on words that the report does not hold" in card
    assert "fully fully" in card and "-2 †" in card and "(?)" in card


def test_strangers_words_do_nothing() -> None:
    card = quality_card(judgement())
    assert "\\<script\\>" in card and "Says \\| so" in card and "\\[x\\](" in card and "\\*\\*bold" in card
    rows = [line for line in card.splitlines() if line.startswith("| a")]
    assert len(rows) == 1 and "It is." in rows[0]


def test_a_fatal_flaw_is_named() -> None:
    card = quality_card(judgement("partially"))
    assert "A fatal flaw was found: b" in card and "fully met): 0.000" in card


def test_chinese_labels() -> None:
    assert "质量卡" in quality_card(judgement(), "zh-CN")


def test_mechanical_criteria_are_called_what_they_are() -> None:
    rubrics = draft_mechanically("Q about lithium?")
    card = quality_card(summarise("mechanical", "Q", rubrics, [[]]))
    assert "say nothing about whether the report is right" in card and "none (no criterion has a verdict)" in card


def test_the_data_is_the_whole_judgement() -> None:
    found = judgement()
    assert Judgement.model_validate(json.loads(quality_json(found))) == found
