import re

import pytest

from deepresearch.judge.prompt import template_text

TEMPLATES = ["positive", "negative", "compare", "claim", "draft"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_have_their_slots(name: str) -> None:
    slots = set(re.findall(r"\{\{(\w+)\}\}", template_text(name)))
    assert slots and "JSON object" in template_text(name)


def test_flaws_are_asked_about_in_words_of_their_own() -> None:
    assert template_text("positive") != template_text("negative")
    assert "flaw" in template_text("negative") and "flaw" not in template_text("positive")
