"""What is computed on paper is what small models need when they are run."""

import pytest

pytest.importorskip("torch")

import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from benchmarks.arithmetic import QWEN_7B, QWEN_32B, Shape, cache_bytes, cost
from deepresearch.training.packing import Batch
from deepresearch.training.supervised import Objective, SupervisedOptions, make_optimizer

SIZES = {
    "vocab_size": 70, "hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2,
}  # fmt: skip
LENGTH = 96


def models():
    return [
        Qwen2ForCausalLM(Qwen2Config(**SIZES, tie_word_embeddings=True)),
        LlamaForCausalLM(LlamaConfig(**SIZES, tie_word_embeddings=False)),
    ]


def batch():
    ids = [index % 70 for index in range(LENGTH)]
    return Batch.of([(ids, [1.0] * LENGTH), (ids, [1.0] * LENGTH)])


@pytest.mark.parametrize("model", models(), ids=lambda model: type(model).__name__)
def test_parameters_and_states(model) -> None:
    shape = Shape.of(model.config)
    assert shape.parameters == sum(weight.numel() for weight in model.parameters())
    objective = Objective(model)
    optimizer = make_optimizer(objective, SupervisedOptions())
    objective(batch()).backward()
    optimizer.step()
    held = list(model.parameters()) + [weight.grad for weight in model.parameters()]
    held += [moment for state in optimizer.state.values() for moment in state.values() if moment.ndim]
    assert sum(part.numel() * part.element_size() for part in held) == 16 * shape.parameters
    assert cost(shape, LENGTH, 4).states == 4 * shape.parameters / 1e9


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("model", models(), ids=lambda model: type(model).__name__)
def test_memory_of_activations(model, again) -> None:
    """Counted in what the gradient keeps, each piece of memory once, weights aside."""
    if again:
        model.activation_checkpointing_enable({"use_reentrant": False})
    model.train()
    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if tensor.is_floating_point() and storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = Objective(model)(batch())
    shape = Shape.of(model.config)
    expected = shape.activations(2 * LENGTH, 4, again)
    if again:  # what is computed again exists later
        expected -= shape.activations(2 * LENGTH, 4, again=False) / shape.layers
    logits = 2 * LENGTH * shape.vocab * 4
    assert sum(kept.values()) - logits == pytest.approx(expected, rel=0.15)
    assert loss.requires_grad


@pytest.mark.parametrize("model", models(), ids=lambda model: type(model).__name__)
def test_operations_of_an_update(model) -> None:
    shape = Shape.of(model.config)
    with FlopCounterMode(display=False) as counter:
        Objective(model)(batch()).backward()
    matrices = shape.flops(2 * LENGTH, 0)
    names = {str(name): value for name, value in counter.get_flop_counts()["Global"].items()}
    attention = sum(value for name, value in names.items() if "attention" in name)
    assert counter.get_total_flops() - attention == pytest.approx(matrices, rel=0.02)


def test_models_of_the_size_of_the_recipes() -> None:
    assert pytest.approx(7.62e9, rel=0.01) == QWEN_7B.parameters
    assert pytest.approx(32.8e9, rel=0.01) == QWEN_32B.parameters
    assert cache_bytes(QWEN_32B, 2**17) / 1e9 == pytest.approx(34.4, rel=0.01)
    alone, shared = cost(QWEN_32B, 2**17, 64), cost(QWEN_32B, 2**17, 64, context_processes=8)
    assert alone.gigabytes > 80 > shared.gigabytes
    assert "tokens/s" in str(shared)
