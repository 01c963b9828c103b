"""One-pass writing beside synthesis-driven drafting, with a served model: which report is better, and what it costs.

    python -m benchmarks.drafting --model M --base-url URL --docs FOLDER "QUESTION" ["QUESTION" ...]

Both modes research each question on their own; the same model then compares the two reports in both orders, and only
what both orders say counts. A judge of the same family as the writer is a weak judge: name another with --judge.
"""

import argparse
import asyncio
import statistics
import tempfile
from pathlib import Path

from deepresearch.agent.setup import new_run
from deepresearch.derived import answer, find, total_cost, total_usage
from deepresearch.errors import DeepResearchError
from deepresearch.judge import Comparison, compare
from deepresearch.models.client import chat_client
from deepresearch.settings import Settings
from deepresearch.store import Store
from deepresearch.trajectory import Event, Task, Verified

from .pairwise import tally

MODES = ("once", "synthesis")


def main() -> None:
    options = _options()
    asyncio.run(_compare_modes(options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("questions", nargs="+")
    parser.add_argument("--model", required=True)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--judge", help="model that compares, at the same endpoint; default: the writer")
    return parser.parse_args()


async def _compare_modes(options: argparse.Namespace) -> None:
    found: list[Comparison] = []
    rows: dict[str, list[tuple[int, float | None, float]]] = {mode: [] for mode in MODES}
    with tempfile.TemporaryDirectory() as folder:
        for question in options.questions:
            reports = []
            for mode in MODES:
                events = await _run(_settings(options, mode, folder), question, options.docs)
                report = answer(events)
                if report is None:
                    raise SystemExit(f"{mode}: no report on {question!r}")
                reports.append(report.text)
                usage = total_usage(events)
                rows[mode].append((usage.input + usage.output, total_cost(events), _supported(events)))
            found.append(await _judge(options, folder, question, reports))
    _print(rows, found)


def _settings(options: argparse.Namespace, mode: str, folder: str) -> Settings:
    flags = {"model.name": options.model, "model.base_url": options.base_url, "report.draft": mode, "plan": "off"}
    return Settings.load({**flags, "store.folder": folder})


async def _run(settings: Settings, question: str, docs: Path) -> list[Event]:
    store = Store(settings.data_folder())
    run = new_run(store, settings, Task(question=question, attachments=[str(docs.absolute())]))
    try:
        await run.go()
        return list(run.log.events)
    finally:
        await run.close()
        store.close()


async def _judge(options: argparse.Namespace, folder: str, question: str, reports: list[str]) -> Comparison:
    settings = _settings(options, "once", folder)
    client = chat_client(settings, name=options.judge or options.model, temperature=0.0)
    try:
        return await compare(client, question, *reports)
    finally:
        await client.close()


def _supported(events: list[Event]) -> float:
    """Share of the citations that support their claims."""
    verdicts = [c.level == "supports" for check in find(events, Verified)[-1:] for c in check.citations]
    return statistics.fmean(verdicts) if verdicts else 0.0


def _print(rows: dict[str, list[tuple[int, float | None, float]]], found: list[Comparison]) -> None:
    print(f"{'mode':<10} {'runs':>4} {'tokens':>9} {'dollars':>8} {'citations that support':>22}")
    for mode, runs in rows.items():
        costs = [cost for _, cost, _ in runs if cost is not None]
        dollars = f"{statistics.fmean(costs):.4f}" if len(costs) == len(runs) else "unknown"
        tokens = statistics.fmean(tokens for tokens, _, _ in runs)
        print(f"{mode:<10} {len(runs):>4} {tokens:>9.0f} {dollars:>8} {statistics.fmean(s for _, _, s in runs):>22.3f}")
    count = tally([{"a": "b", "b": "a"}.get(c.better or "", c.better) for c in found])  # type: ignore[misc]
    print(f"synthesis against once: {count.win} wins, {count.tie} ties, {count.loss} losses, of {count.n} usable")
    print(f"deeper and no less complete: {sum(c.deeper_and_no_less_complete for c in found)} of {len(found)}")


if __name__ == "__main__":
    try:
        main()
    except DeepResearchError as error:
        raise SystemExit(str(error)) from error
