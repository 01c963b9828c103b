"""The reader of ONNX models, on a real model of a few words."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from deepresearch.errors import LibraryError
from deepresearch.library.dense.onnx import OnnxEmbedder
from tests.support.tiny_model import WORDS, write_json, write_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


def expected(*words: str) -> np.ndarray:
    """The mean of the tokens, the two special ones among them, as a vector of length 1."""
    mean = np.mean([WORDS[word] for word in ("[CLS]", *words, "[SEP]")], axis=0)
    return mean / np.linalg.norm(mean)


def test_the_mean_of_the_tokens(folder: Path) -> None:
    texts = ["car", "the automobile", "tea coffee the car", "car"]
    found = OnnxEmbedder(folder).embed(texts, "passage")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [expected(*text.split()) for text in texts], rtol=1e-5)


def test_what_means_the_same_is_near(folder: Path) -> None:
    car, automobile, tea = OnnxEmbedder(folder).embed(["car car", "automobile automobile", "tea tea"], "passage")
    assert car @ automobile > car @ tea


def test_many_texts_of_all_lengths_keep_their_order(folder: Path) -> None:
    texts = [" ".join(["car"] * (1 + 7 * number % 30) + ["tea"] * (number % 3)) for number in range(100)]
    found = OnnxEmbedder(folder).embed(texts, "passage")
    np.testing.assert_allclose(found, [expected(*text.split()) for text in texts], rtol=1e-4)


def test_a_text_is_read_up_to_the_longest(folder: Path) -> None:
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 4})
    (found,) = OnnxEmbedder(folder).embed(["car tea coffee coffee"], "passage")
    np.testing.assert_allclose(found, expected("car", "tea"), rtol=1e-5)


def test_the_first_token_where_the_folder_says_so(folder: Path) -> None:
    write_json(folder / "1_Pooling" / "config.json", {"pooling_mode_cls_token": True})
    (found,) = OnnxEmbedder(folder).embed(["car"], "passage")
    np.testing.assert_allclose(found, [0, 0, 1])


def test_what_is_put_before_queries(folder: Path) -> None:
    write_json(folder / "config_sentence_transformers.json", {"prompts": {"query": "query: "}})
    embedder = OnnxEmbedder(folder)
    np.testing.assert_allclose(embedder.embed(["car"], "query")[0], expected("query:", "car"), rtol=1e-5)
    np.testing.assert_allclose(embedder.embed(["car"], "passage")[0], expected("car"), rtol=1e-5)


def test_texts_in_a_language_that_it_does_not_know_are_zeros(folder: Path) -> None:
    found = OnnxEmbedder(folder).embed(["北京 car 是 首都", "car tea coffee 茶", ""], "passage")
    assert found.any(axis=1).tolist() == [False, True, True]


def test_models_with_token_types(tmp_path: Path) -> None:
    folder = write_model(tmp_path, inputs=("input_ids", "attention_mask", "token_type_ids"))
    np.testing.assert_allclose(OnnxEmbedder(folder).embed(["car"], "query")[0], expected("car"), rtol=1e-5)


def test_the_name_changes_with_the_model(folder: Path, tmp_path: Path) -> None:
    same, other = write_model(tmp_path / "same"), write_model(tmp_path / "other", car=(5, 5, 5))
    assert OnnxEmbedder(folder).name == OnnxEmbedder(same).name != OnnxEmbedder(other).name


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json"])
def test_a_file_is_missing(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(LibraryError, match=missing) as caught:
        OnnxEmbedder(folder)
    assert "library.dense_model" in caught.value.hint


@pytest.mark.parametrize("spoiled", ["model.onnx", "tokenizer.json", "sentence_bert_config.json"])
def test_a_file_is_spoiled(folder: Path, spoiled: str) -> None:
    (folder / spoiled).write_bytes(b"{ nothing")
    with pytest.raises(LibraryError, match=str(folder)):
        OnnxEmbedder(folder).embed(["car"], "query")


def test_a_model_that_gives_no_numbers(tmp_path: Path) -> None:
    folder = write_model(tmp_path, car=(float("nan"), 0, 0))
    with pytest.raises(LibraryError, match="finite"):
        OnnxEmbedder(folder).embed(["car"], "query")


def test_a_package_is_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "deepresearch.library.dense.onnx.find_spec", lambda name: None if name == "tokenizers" else find(name)
    )
    with pytest.raises(LibraryError, match="tokenizers") as caught:
        OnnxEmbedder(folder)
    assert "step-deepresearch[dense]" in caught.value.hint


def test_half_characters_do_no_harm(folder: Path) -> None:
    assert OnnxEmbedder(folder).embed(["car \ud800 tea car tea"], "passage").shape == (1, 3)
    assert json.loads((folder / "tokenizer.json").read_text())["padding"]
