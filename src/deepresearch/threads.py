"""Work that would block the event loop, done in a few threads.

Few, because Python lets one thread compute at a time: each further one that computes makes the event loop wait longer
for its turn. Preparing runs, which can take minutes, has threads of its own, so that it delays no step.
"""

import asyncio
import contextvars
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
MOST = {"step": 2, "prepare": 1}
"""Number of threads for each kind of work."""
_pools: dict[str, ThreadPoolExecutor] = {}
os.register_at_fork(after_in_child=_pools.clear)  # a child process has none of its parent's threads


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The outcome of a step of a run: seconds at most."""
    return await _run("step", function, *args, **kwargs)


async def in_background(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The outcome of what may take minutes, such as indexing; several wait for one another."""
    return await _run("prepare", function, *args, **kwargs)


async def _run(kind: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    pool = _pools.get(kind) or _pools.setdefault(kind, ThreadPoolExecutor(MOST[kind], f"deepresearch-{kind}"))
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(pool, lambda: context.run(function, *args, **kwargs))
