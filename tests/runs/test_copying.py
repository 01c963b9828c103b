"""Copying: what comes next can only be copied, and names that are exchanged stay consistent."""

import random

import pytest

pytest.importorskip("torch")

from runs.copying import COPIED, free_words, name_ids, renamed, repeated, word_tokenizer

from deepresearch.training.checkpoints import load_checkpoint, new_model, save_checkpoint
from deepresearch.training.compact import MARKS
from deepresearch.training.records import TokenSample
from deepresearch.training.tokenizer import PAD, mark_ids, text_ids

TEXTS = ["The capital of Norway is Oslo, with 717,710 people."]


def test_repeated_tokens_can_only_be_copied():
    tokenizer = word_tokenizer(["Kenya has Nairobi"], MARKS)
    [sample] = repeated(1, free_words(tokenizer), 0)
    period = sample.weights.index(1.0)
    assert len(sample.ids) == COPIED
    assert all(sample.ids[place] == sample.ids[place - period] for place in range(period, COPIED))
    assert not set(sample.ids) & set(tokenizer.convert_tokens_to_ids(list(MARKS)))


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


@pytest.mark.parametrize(
    "text", ["a <|report|> b", "<|pad|>", "法国 1999 é \n\n  x", "\n\nOslo", " Oslo", "", "Oslo\n"]
)
def test_words_are_the_same_token_everywhere_and_any_text_is_written(text, tmp_path) -> None:
    words = word_tokenizer(TEXTS, MARKS)
    save_checkpoint(tmp_path, new_model(len(words), 16, 1, 2, 64), words, {"name": "compact"})
    for version in (words, load_checkpoint(tmp_path).tokenizer):
        ids = text_ids(version, text)
        assert version.decode(ids) == text
        assert not set(ids) & set(mark_ids(version, [PAD, *MARKS]).values())
    [oslo] = text_ids(words, "Oslo")
    assert text_ids(words, "is\n\nOslo, Oslo").count(oslo) == 2
