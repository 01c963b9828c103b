"""Copying: what comes next can only be copied, and names that are exchanged stay consistent."""

import random

import pytest

pytest.importorskip("torch")

from runs.copying import COPIED, free_words, name_ids, renamed, repeated

from deepresearch.training.records import TokenSample
from deepresearch.training.tokenizer import text_ids, word_tokenizer

MARKS = ["<|a|>", "<|b|>"]


def test_repeated_tokens_can_only_be_copied():
    tokenizer = word_tokenizer(["Kenya has Nairobi"], MARKS)
    [sample] = repeated(1, free_words(tokenizer), 0)
    period = sample.weights.index(1.0)
    assert len(sample.ids) == COPIED
    assert all(sample.ids[place] == sample.ids[place - period] for place in range(period, COPIED))
    assert not set(sample.ids) & set(tokenizer.convert_tokens_to_ids(MARKS))


def test_names_are_exchanged_everywhere_the_same_and_nothing_else_is():
    tokenizer = word_tokenizer(["Kenya has the capital Nairobi in Atlas"], MARKS)
    names = name_ids(tokenizer, ["Kenya", "Nairobi", "Atlas", "has", "Unknown"], {"Atlas"})
    assert len(names) == 2
    text = text_ids(tokenizer, "Kenya has Nairobi in Kenya Atlas")
    other = {tuple(renamed(TokenSample(text, [1.0] * 6), names, random.Random(n)).ids) for n in range(9)}
    assert {tokenizer.decode(ids) for ids in other} == {
        "Kenya has Nairobi in Kenya Atlas",
        "Nairobi has Kenya in Nairobi Atlas",
    }
