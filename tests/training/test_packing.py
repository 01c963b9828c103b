"""Packed documents are as alone: nothing leaks, nothing is lost, and what cannot be learnt from is named or counted."""

import pytest

pytest.importorskip("torch")

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

from deepresearch.errors import CheckpointError, TrainingError
from deepresearch.training import packing
from deepresearch.training.checkpoints import new_model
from deepresearch.training.packing import Batch, check_model, find_pieces, hidden_states, plan_rows, store_samples
from deepresearch.training.records import TokenSample

SMALL = {"vocab_size": 50, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


def documents(*lengths, seed=0):
    random = np.random.default_rng(seed)
    return [(random.integers(0, 50, length), np.ones(length)) for length in lengths]


def models():
    yield new_model(50, width=32, layers=2, heads=4)
    yield LlamaForCausalLM(LlamaConfig(**SMALL, num_key_value_heads=2))  # grouped heads
    yield MistralForCausalLM(MistralConfig(**SMALL, num_key_value_heads=2, sliding_window=5))


@pytest.mark.parametrize("model", list(models()), ids=lambda model: type(model).__name__)
def test_logits_of_packed_documents_are_those_of_each_alone(model) -> None:
    parts = documents(7, 1, 12, 4)
    batch = Batch.of(parts)
    alone = torch.cat([model(input_ids=torch.tensor(ids)[None]).logits[0] for ids, _ in parts])
    packed = model.lm_head(hidden_states(model, batch))
    assert torch.allclose(packed, alone, atol=1e-5)


def test_no_document_has_an_influence_on_another() -> None:
    model = new_model(50, width=32, layers=2, heads=4)
    before = hidden_states(model, Batch.of(documents(9, 6, 8)))
    other = [documents(9, seed=1)[0], documents(9, 6)[1], documents(8, seed=2)[0]]
    after = hidden_states(model, Batch.of(other))
    assert torch.equal(before[9:15], after[9:15])
    assert not torch.allclose(before[15:], after[15:])


def test_targets_end_with_their_document() -> None:
    batch = Batch.of([([5, 6, 7], [0, 1, 0.5]), ([8, 9], [0, 2])])
    assert batch.positions.tolist() == [0, 1, 2, 0, 1]
    assert batch.targets.tolist() == [6, 7, 8, 9, 5]
    assert batch.weights.tolist() == [1, 0.5, 0, 2, 0]


def test_logits_in_chunks_give_the_same_gradient(monkeypatch) -> None:
    model = new_model(50, width=32, layers=1, heads=4)
    batch = Batch.of(documents(9, 6))

    def gradient():
        model.zero_grad()
        hidden = hidden_states(model, batch)
        found = packing.token_logprobs(model.lm_head, hidden, batch.targets)
        found.sum().backward()
        return found, model.lm_head.weight.grad.clone()

    whole, chunked = gradient(), (monkeypatch.setattr(packing, "LOGITS", 4 * 50), gradient())[1]
    assert torch.allclose(whole[0], chunked[0], atol=1e-6)
    assert torch.allclose(whole[1], chunked[1], atol=1e-5)


def test_after_packed_training_the_model_generates_as_before() -> None:
    model = new_model(50, width=32, layers=2, heads=4).eval()
    prompt = torch.tensor([[0, 0, 3, 4], [1, 2, 3, 4]])
    mask = torch.tensor([[0, 0, 1, 1], [1, 1, 1, 1]])
    settings = {"attention_mask": mask, "max_new_tokens": 6, "do_sample": False, "pad_token_id": 0}
    before = model.generate(prompt, **settings)
    hidden_states(model, Batch.of(documents(4)))
    assert model.config._attn_implementation == packing.ATTENTION
    assert model.generate(prompt, **settings).tolist() == before.tolist()


def test_an_architecture_whose_logits_are_not_its_head_alone_is_refused() -> None:
    from transformers import CohereConfig, CohereForCausalLM

    check_model(new_model(50, width=32, layers=1, heads=4))
    scaled = CohereForCausalLM(CohereConfig(**SMALL, logit_scale=0.1, pad_token_id=0))
    with pytest.raises(CheckpointError, match="CohereForCausalLM"):
        check_model(scaled)


def test_rows_hold_every_sample_once_and_are_full_in_the_mean() -> None:
    random = np.random.default_rng(0)
    ends = np.cumsum(random.integers(5, 200, 1000))
    spans = list(zip([0, *ends[:-1]], ends, strict=True))
    rows = plan_rows(spans, 256, seed=1, epoch=0)
    assert sorted(span for row in rows for span in row) == sorted(spans)
    sizes = [sum(end - start for start, end in row) for row in rows]
    assert max(sizes) <= 256
    assert sum(sizes) / len(sizes) > 0.97 * 256
    assert rows == plan_rows(spans, 256, seed=1, epoch=0)
    assert rows != plan_rows(spans, 256, seed=1, epoch=1)


def test_pieces_of_a_shared_stream_see_their_whole_document() -> None:
    assert find_pieces([3, 5]) == ((0, 3, 0, 3), (3, 8, 3, 8))
    assert find_pieces([3, 5], [(2, 4), (6, 8)]) == ((0, 1, 0, 3), (1, 2, 3, 4), (2, 4, 3, 8))


def test_samples_are_left_out_and_counted_or_split(tmp_path) -> None:
    samples = [
        TokenSample([1, 2, 3], [0, 1, 1]),
        TokenSample([1] * 9, [1] * 9),
        TokenSample([4, 5], [1, 0]),  # nothing predicts a first token
        TokenSample([], []),
    ]
    kept = store_samples(samples, 4, 50)
    assert kept.spans == [(0, 3)]
    assert kept.skipped == {"too long": 1, "no own tokens": 2}
    split = store_samples(samples, 4, 50, "split", tmp_path)
    assert split.spans == [(0, 3), (3, 7), (7, 11)]
    assert split.weights.tolist() == [0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1]
    assert {file.name for file in tmp_path.iterdir()} == {"ids.bin", "weights.bin"}


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (TokenSample([1, 50], [1, 1], run="r7"), r"run r7.*token 50.*0 to 49"),
        (TokenSample([1, -2], [1, 1]), "token -2"),
        (TokenSample([1, 2], [1, float("nan")]), "no number"),
        (TokenSample([1, 2], [1]), "2 ids and 1 weights"),
        (TokenSample([1, 2], [0, 0]), "1 no own tokens"),
    ],
)
def test_impossible_samples_are_named(sample, message) -> None:
    with pytest.raises(TrainingError, match=message):
        store_samples([sample], 4, 50)
