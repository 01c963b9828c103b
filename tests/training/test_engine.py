import asyncio

import pytest

pytest.importorskip("torch")

import torch

from deepresearch.errors import ContextOverflow, ModelUnreachable
from deepresearch.training.engine import Generated, LocalEngine
from tests.training.world import tiny_model

STOP = frozenset({7})


async def ask(engine: LocalEngine, prompt: list[int], **more: object) -> Generated:
    given = {"max_new": 12, "temperature": 1.0, "stop": STOP, "seed": 3, **more}
    return await engine.generate(prompt, **given)  # type: ignore[arg-type]


def expected(model: object, ids: list[int], start: int, temperature: float) -> list[float]:
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([ids])).logits[0, start - 1 : -1].float() / temperature  # type: ignore[operator]
    return torch.log_softmax(logits, -1)[range(len(ids) - start), ids[start:]].tolist()


async def test_many_requests_at_once_give_what_each_gives_alone() -> None:
    model = tiny_model()
    prompts = [[(i * 7 + j) % 300 for j in range(3 + 5 * i)] for i in range(12)]
    many, alone = LocalEngine(model, slots=5, context=128), LocalEngine(model, slots=1, context=128)
    together = await asyncio.gather(*(ask(many, p, seed=n) for n, p in enumerate(prompts)))
    for number, (prompt, made) in enumerate(zip(prompts, together, strict=True)):
        single = await ask(alone, prompt, seed=number)
        assert made.ids == single.ids
        assert made.logprobs == pytest.approx(single.logprobs, abs=1e-4)
        assert made.logprobs == pytest.approx(expected(model, prompt + made.ids, len(prompt), 1.0), abs=1e-4)
    assert len({tuple(made.ids) for made in together}) > 6, "seeds matter"
    await many.close()
    await alone.close()


async def test_log_probabilities_are_those_of_the_tempered_distribution() -> None:
    model = tiny_model()
    engine = LocalEngine(model, slots=2, context=64)
    made = await ask(engine, [1, 2, 3], temperature=0.5)
    assert made.logprobs == pytest.approx(expected(model, [1, 2, 3, *made.ids], 3, 0.5), abs=1e-4)
    greedy = await ask(engine, [1, 2, 3], temperature=0.0, seed=None)
    with torch.inference_mode():
        first = model(input_ids=torch.tensor([[1, 2, 3]])).logits[0, -1].argmax()
    assert greedy.ids[0] == first
    await engine.close()


async def test_a_runs_cache_is_kept_between_turns_and_only_what_is_new_is_read() -> None:
    model = tiny_model()
    engine = LocalEngine(model, slots=3, context=128)
    prompt = list(range(10, 50))
    first = await ask(engine, prompt, key="run")
    longer = [*prompt, *first.ids, 1, 2, 3]
    await asyncio.gather(*(ask(engine, [n], key=f"other {n}", seed=n) for n in range(2)))
    read = engine.read
    second = await ask(engine, longer, key="run")
    assert engine.read - read == 4, "the last sampled token and three new ones"
    fresh = LocalEngine(model, slots=1, context=128)
    assert (await ask(fresh, longer)).ids == second.ids
    engine.forget()
    await ask(engine, longer, key="run")
    assert engine.read - read == 4 + len(longer)
    await engine.close()
    await fresh.close()


async def test_more_runs_than_rows_wait_for_one_instead_of_losing_their_caches() -> None:
    engine = LocalEngine(tiny_model(), slots=3, context=256)

    async def run(number: int) -> None:
        ids = [number + 1] * 20
        for turn in range(4):
            made = await ask(engine, ids, key=f"run {number}", seed=turn, stop=frozenset())
            ids = [*ids, *made.ids, 5]
        engine.release(f"run {number}")

    async with asyncio.timeout(60):
        await asyncio.gather(*(run(number) for number in range(12)))
    assert engine.read == 12 * (20 + 3 * 2), "each token once: the beginning, then the last sampled one and a new one"
    await engine.close()


async def test_runs_that_never_give_their_rows_back_stop_nobody() -> None:
    engine = LocalEngine(tiny_model(), slots=2, context=64)
    async with asyncio.timeout(60):
        await asyncio.gather(*(ask(engine, [n + 1], key=f"run {n}") for n in range(6)))
    await engine.close()


async def test_the_end_is_a_stop_token_or_the_limit() -> None:
    engine = LocalEngine(tiny_model(), slots=1, context=32)
    everything = frozenset(range(300))
    assert (await ask(engine, [1], stop=everything)).finish == "stop"
    cut = await ask(engine, [1] * 28, stop=frozenset())
    assert (cut.finish, len(cut.ids)) == ("length", 4), "no more than the context has room for"
    with pytest.raises(ContextOverflow, match="32"):
        await ask(engine, [1] * 32)
    await engine.close()


async def test_a_model_that_fails_ends_every_request_and_serves_the_next() -> None:
    model = tiny_model()
    engine = LocalEngine(model, slots=2, context=64)
    healthy = model.lm_head.weight.detach().clone()
    with torch.no_grad():
        model.lm_head.weight.fill_(float("nan"))
    results = await asyncio.gather(*(ask(engine, [n]) for n in range(5)), return_exceptions=True)
    assert all(isinstance(result, ModelUnreachable) for result in results)
    with torch.no_grad():
        model.lm_head.weight.copy_(healthy)
    assert (await ask(engine, [1])).ids
    await engine.close()


async def test_a_request_that_nobody_waits_for_gives_its_row_back() -> None:
    engine = LocalEngine(tiny_model(), slots=1, context=512)
    waiting = asyncio.ensure_future(ask(engine, [1], stop=frozenset(), max_new=400))
    await asyncio.sleep(0.01)
    waiting.cancel()
    async with asyncio.timeout(5):
        assert (await ask(engine, [2])).ids
    assert engine.generated < 400
    await engine.close()
