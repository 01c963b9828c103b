"""Prompt tokens that the previous request's prefix does not cover, over 50 search-heavy steps and the report.

Those are what a server with a prompt cache has to re-read, and what is paid in full. Every step brings 4,000 to 6,000
tokens of passages. Tokens are counted with one estimator for all, over the tools and the messages as JSON.

Run: python -m benchmarks.prefix
"""

import json

from deepresearch.agent.tokens import estimate_tokens

from .harness import Log, Server, machine

ROWS = {
    "ours, 80K to 60K": ("ours", {"store": "memory"}),
    "ours, results shown whole": ("ours", {"store": "memory", "context": {"observation": 20_000}}),
    "openai loop, nothing cut": ("openai_loop", {}),
    "openai loop, last 60K tokens": ("openai_loop", {"keep": 60_000}),
    "openai loop, 80K cut to last 60K": ("openai_loop", {"keep": 60_000, "limit": 80_000}),
    "smolagents": ("smolagents_loop", {}),
}


def prompt(body: str) -> str:
    """The request as one text, in the order in which a server lays it out for the model."""
    request = json.loads(body)
    parts = [*request.get("tools", ()), *request["messages"]]
    return "\n".join(json.dumps(part, ensure_ascii=False) for part in parts)


def shared_prefix(one: str, other: str) -> int:
    """Length of the beginning that two texts have in common."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def count(log: Log) -> tuple[int, int, int, int]:
    """Requests, tokens not covered, tokens in all, tokens of the largest request."""
    before, new, lengths = "", 0, []
    for body in log.bodies:
        text = prompt(body)
        new += estimate_tokens(text[shared_prefix(before, text) :])
        lengths.append(estimate_tokens(text))
        before = text
    return len(lengths), new, sum(lengths), max(lengths)


def main() -> None:
    print(f"Prompt tokens, thousands. {machine()}")
    print(f"{'':34} {'requests':>8} {'not covered':>12} {'in all':>8} {'largest':>8}")
    with Server(heavy=True, keep=True) as server:
        for number, (label, (name, options)) in enumerate(ROWS.items()):
            _, log = server.client(name, str(number), **options)
            requests, new, total, largest = count(log)
            print(f"{label:34} {requests:8} {new / 1000:12.0f} {total / 1000:8.0f} {largest / 1000:8.0f}", flush=True)


if __name__ == "__main__":
    main()
