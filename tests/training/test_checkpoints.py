"""Tokenizers and checkpoints: text never becomes a mark, and what does not belong together is named."""

import json

import pytest

pytest.importorskip("torch")

import torch

from deepresearch.cli import main
from deepresearch.errors import CheckpointError, DeepResearchError, TrainingError
from deepresearch.training.checkpoints import load_checkpoint, new_model, save_checkpoint
from deepresearch.training.compact import MARKS
from deepresearch.training.records import TokenSample, write_samples
from deepresearch.training.tokenizer import PAD, mark_ids, text_ids, train_tokenizer

TEXTS = ["The capital of Norway is Oslo, with 717,710 people."] * 3


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, 300, MARKS)


@pytest.fixture
def folder(tokenizer, tmp_path):
    model = new_model(len(tokenizer), width=16, layers=1, heads=2, context=64)
    save_checkpoint(tmp_path / "model", model, tokenizer, {"name": "compact"})
    return tmp_path / "model"


@pytest.mark.parametrize("text", ["a <|report|> b", "<|pad|>", "法国 1999 é \n\n  x", "it 's n't . a"])
def test_any_text_is_written_and_none_becomes_a_mark(tokenizer, folder, text) -> None:
    for version in (tokenizer, load_checkpoint(folder).tokenizer):
        ids = text_ids(version, text)
        assert version.decode(ids) == text
        assert not set(ids) & set(mark_ids(version, [PAD, *MARKS]).values())


def test_each_digit_is_a_token(tokenizer) -> None:
    assert len(text_ids(tokenizer, "717710")) == 6


def test_a_vocabulary_without_room_is_refused() -> None:
    with pytest.raises(TrainingError, match="too small"):
        train_tokenizer(TEXTS, 200, MARKS)


def test_a_checkpoint_is_loaded_as_saved_and_replaced_whole(folder, tokenizer) -> None:
    checkpoint = load_checkpoint(folder)
    assert checkpoint.dialect.name == "compact"
    other = new_model(len(tokenizer), width=16, layers=1, heads=2, context=64, seed=1)
    save_checkpoint(folder, other, tokenizer, checkpoint.dialect)
    loaded = load_checkpoint(folder).model.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in other.state_dict().items())
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_new_models_are_determined_by_their_seed() -> None:
    first, second, other = (new_model(20, 16, 1, 2, seed=seed).lm_head.weight for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    with pytest.raises(CheckpointError, match="width of 15"):
        new_model(20, 15, 1, 2)


def spoil_shape(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 32}))


def spoil_layers(folder):
    config = json.loads((folder / "config.json").read_text())
    layers = {"num_hidden_layers": 2, "layer_types": ["full_attention"] * 2}
    (folder / "config.json").write_text(json.dumps(config | layers))


def spoil_tokenizer(folder):
    train_tokenizer(TEXTS, 300, ()).save_pretrained(folder)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_shape, "model"),
        (spoil_layers, "missing or of another shape"),
        (spoil_tokenizer, r"lacks <\|question\|>"),
        (lambda folder: (folder / "config.json").unlink(), "no config.json"),
        (lambda folder: (folder / "dialect.json").write_text("{"), "is not JSON"),
        (lambda folder: (folder / "dialect.json").write_text('{"name": "klingon"}'), "klingon"),
    ],
)
def test_what_does_not_belong_together_is_named(folder, spoil, message) -> None:
    spoil(folder)
    with pytest.raises(DeepResearchError, match=message):
        load_checkpoint(folder)


def test_from_documents_to_a_checkpoint_on_the_command_line(tmp_path, capsys) -> None:
    documents, samples = tmp_path / "documents.jsonl", tmp_path / "samples.jsonl"
    documents.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    write_samples([TokenSample([1, 2, 3], [0, 1, 1]), TokenSample([1] * 50, [1] * 50)], samples)
    small = "--vocabulary 290 --width 16 --layers 1 --heads 2 --context 64"
    new, mid, sft = (str(tmp_path / name) for name in ("new", "mid", "sft"))
    assert main(["train", "tokenizer", str(documents), "--out", new, *small.split()]) == 0
    assert main(["train", "mid", new, str(documents), "--out", mid, "--context", "8", "--long", "split"]) == 0
    flags = ["--context", "32", "--precision", "bfloat16", "--held-out", str(samples)]
    assert main(["train", "sft", f"{mid}/checkpoint", str(samples), "--out", sft, *flags]) == 0
    shown = capsys.readouterr()
    assert "left out: 1 too long" in shown.out
    assert "held_out_loss" in shown.err
    assert (tmp_path / "sft" / "curve.svg").exists()
    assert load_checkpoint(tmp_path / "sft" / "checkpoint").dialect.name == "compact"
    assert main(["train", "sft", new, str(tmp_path / "none"), "--out", sft]) == 2
