"""Rollouts and tasks in the forms that trainers read: one table, a function a form.

Loss masks come from the record of the run: a turn is learnt in exactly the view in which it was made. Token ids are
those that were sampled; text is never tokenised again.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from ..agent.export import to_sft
from ..errors import ExportError
from ..plugins import Registry
from ..trajectory import Turn, parse_event
from .data_files import Card, read_records, source_of, write_whole
from .records import DataCard
from .samples import Sample

EXPORTS: Registry[Callable[[Sample], Iterator[Sample]]] = Registry(
    "training_formats",
    {name: f"deepresearch.synthesis.exports:as_{name}" for name in ("chat", "sharegpt", "trl", "verl", "ids")},
)


def as_chat(record: Sample) -> Iterator[Sample]:
    """Messages, each with `loss`, and tools: a sample for each stretch between two compactions."""
    if "messages" in record:
        yield {"task": record["id"], "messages": record["messages"], "tools": []}
        return
    for sample in to_sft([parse_event(event) for event in record["events"]]):
        yield {"task": record["task"], **sample}


def as_trl(record: Sample) -> Iterator[Sample]:
    """TRL's conversational prompt and completion with tools; its SFTTrainer takes the loss on the assistant's part of
    the completion with `assistant_only_loss=True`."""
    for sample in as_chat(record):
        messages = sample["messages"]
        first = next(number for number, message in enumerate(messages) if message["loss"])
        plain = [{key: value for key, value in message.items() if key != "loss"} for message in messages]
        yield {"prompt": plain[:first], "completion": plain[first:], "tools": sample["tools"]}


def as_sharegpt(record: Sample) -> Iterator[Sample]:
    """Conversations from system, human, gpt, function_call and observation, tools as text; `loss` beside each turn."""
    for sample in as_chat(record):
        turns: list[Sample] = []
        for message in sample["messages"]:
            role, text = message["role"], message.get("content") or ""
            if role == "assistant":
                calls = [call["function"] for call in message.get("tool_calls", [])]
                if text or not calls:
                    turns.append({"from": "gpt", "value": text, "loss": message["loss"]})
                if calls:
                    value = json.dumps(
                        [{"name": c["name"], "arguments": c["arguments"]} for c in calls], ensure_ascii=False
                    )
                    turns.append({"from": "function_call", "value": value, "loss": message["loss"]})
            else:
                name = {"user": "human", "tool": "observation"}.get(role, role)
                turns.append({"from": name, "value": text, "loss": False})
        yield {"conversations": turns, "tools": json.dumps(sample["tools"], ensure_ascii=False)}


def as_verl(record: Sample) -> Iterator[Sample]:
    """verl's rows: of a task a prompt with its ground truth for RL, of a rollout messages and tools for SFT."""
    if "events" in record or "messages" in record:
        for sample in as_chat(record):
            masked = [{k: v for k, v in m.items() if k != "loss"} for m in sample["messages"]]
            yield {"messages": masked, "tools": sample["tools"], "loss": [m["loss"] for m in sample["messages"]]}
        return
    yield {
        "data_source": f"step-deepresearch/{record['provenance']['route']}",
        "prompt": [{"role": "user", "content": record["question"]}],
        "ability": "deep-research",
        "reward_model": {"style": "rule", "ground_truth": [record["answer"], *record["aliases"]]},
        "extra_info": {
            "id": record["id"],
            "language": record["language"],
            "rubrics": record["rubrics"],
            "distractors": record["distractors"],
            "hops": record["hops"],
            "level": record["level"],
        },
    }


def as_ids(record: Sample) -> Iterator[Sample]:
    """Token ids exactly as sampled, with the mask of what was sampled; nothing for a run without them."""
    for event in (parse_event(event) for event in record["events"]):
        if isinstance(event, Turn) and event.sample:
            prompt, completion = event.sample.prompt_ids, event.sample.completion_ids
            yield {
                "run": event.run,
                "turn": event.seq,
                "input_ids": prompt + completion,
                "loss_mask": [0] * len(prompt) + [1] * len(completion),
                "logprobs": [0.0] * len(prompt) + event.sample.logprobs,
            }


def export_file(source: Path, out: Path, form: str) -> DataCard:
    """Write `source` in a form, as JSON lines or, where `out` ends in .parquet, as Parquet.

    Raises SettingsError for an unknown form, ExportError where nothing could be written.
    """
    convert = EXPORTS.get(form)
    card = Card(out, f"export {form}", None, [source_of(source)])

    def samples() -> Iterator[Sample]:
        for record in read_records(source):
            try:
                converted = list(convert(record))
            except KeyError as error:
                raise ExportError(f"{source}: a record has no {error}.", f"The form {form} is for rollouts.") from error
            if not converted:
                card.dropped["nothing to learn from"] += 1
            for sample in converted:
                card.add(sample)
                yield sample

    write_whole(samples(), out)
    if not card.card.records:
        out.unlink(missing_ok=True)
        hint = "Only runs of a model that returns its token ids have them." if form == "ids" else "Is the file empty?"
        raise ExportError(f"{source} gives no sample in the form {form}.", hint)
    return card.write()
