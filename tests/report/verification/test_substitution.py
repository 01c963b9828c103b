"""A passage's sentence repeated with one word exchanged."""

import pytest

from deepresearch.report.verification import support

TEXT = (
    "Proteins are unfolded and translocated into the proteolytic chamber in an ATP-dependent process. "
    "The chamber of the protease is closed by a ring. Patients under treatment recovered within six weeks of surgery."
)
CHINESE = "该寺始建于唐代，由一位僧人主持修建，寺内藏有大量经书。寺前的石桥在清代重修，桥长三十米。"
OUTPUT = "Output rose from {} tonnes in 1998 to {} tonnes in 2004."

CASES = [
    (TEXT, "Proteins are unfolded and translocated into the proteolytic chamber in an ATP-dependent shoulder.", "word"),
    (TEXT, "Proteins are unfolded and imported into the proteolytic chamber in an ATP-dependent process.", "word"),
    (TEXT, "Patients under treatment died within six weeks of surgery.", "word"),
    (TEXT, "Patients under observation recovered within six weeks of surgery.", "word"),
    (TEXT, "Proteins are translocated into the proteolytic chamber in an ATP-dependent process.", ""),
    (TEXT, "Proteins are unfolded and translocated into the proteolytic chamber of the protease.", ""),
    (TEXT, "In addition, patients under treatment recovered within six weeks of their surgery.", ""),
    (TEXT, "Patients under treatments recover within six weeks of surgery.", ""),
    (
        "Output rose from 5 tonnes in 1998 to 7 tonnes in 2004.",
        "Output rose from 7 tonnes in 1998 to 5 tonnes in 2004.",
        "number",
    ),
    ("Brazil beat Germany in the final in Rome.", "Germany beat Brazil in the final in Rome.", "word"),
    ("Brazil and Germany met in the final in Rome.", "Germany and Brazil met in the final in Rome.", ""),
    ("Grey cats drink warm milk.", "Grey cats drink warm water.", "word"),
    ("工人比农民早到城里。", "农民比工人早到城里。", "word"),
    (CHINESE, "该寺始建于唐代，由一位僧人主持修建，寺内藏有大量兵器。", "word"),
    (CHINESE, "该寺始建于唐代，由一位商人主持修建，寺内藏有大量经书。", "word"),
    (CHINESE, "寺前的木桥在清代重修，桥长三十米。", "word"),
    (CHINESE, "此外，该寺始建于唐代，由一位僧人主持修建，寺内藏有经书。", ""),
    (CHINESE, "这座寺始建于唐代，由一位僧人主持修建，寺内藏有大量的经书。", ""),
]


@pytest.mark.parametrize(("text", "claim", "kind"), CASES)
def test_an_exchanged_word_is_partly_supported_at_most(text: str, claim: str, kind: str) -> None:
    found = support(claim, text)
    assert (found.level, {f.kind for f in found.faults}) == (("partly", {kind}) if kind else ("supports", set()))


def test_the_reason_names_both_words() -> None:
    [fault] = support(CASES[0][1], TEXT).faults
    assert "shoulder" in fault.reason and "process" in fault.reason
    [fault] = support("该寺始建于唐代，由一位僧人主持修建，寺内藏有大量兵器。", CHINESE).faults
    assert "兵器" in fault.reason and "经书" in fault.reason


def test_a_word_of_the_title_or_the_sentence_before_may_stand_for_another() -> None:
    text = "Orva lies in a narrow valley of the north. The dam was finished by the army in the spring of that year."
    assert support("Orva was finished by the army in the spring of that year.", text, title="Orva").level == "supports"
    claim = "The dam was finished by the navy in the spring of that year."
    assert support(claim, text, title="Orva").level == "partly"


def test_a_word_of_a_sentence_far_away_may_not() -> None:
    text = "The dam was finished by the army in the spring of that year. It rained. It was cold. The navy came by sea."
    assert support("The dam was finished by the navy in the spring of that year.", text).level == "partly"
    near = text.replace("It rained. It was cold. ", "")
    assert support("The dam was finished by the navy in the spring of that year.", near).level == "supports"


def test_another_form_of_a_word_is_the_same_word() -> None:
    text = "The committee's decision to close the old harbour was made in autumn after long talks."
    claim = "The committee's decision to close the old harbor was made in autumn after long talks."
    assert support(claim, text).level == "supports"
