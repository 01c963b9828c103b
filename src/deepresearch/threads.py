"""Work that would block the event loop, done in a few threads.

Few, because Python lets one thread compute at a time: each further one that computes makes the event loop wait longer
for its turn. What waits for the disk has threads of its own, so that it does not queue behind what computes, and so
has the preparation of runs, which can take minutes.
"""

import asyncio
import contextvars
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
MOST = {"compute": 1, "disk": 2, "prepare": 1}
"""Number of threads for each kind of work."""
_pools: dict[str, ThreadPoolExecutor] = {}
os.register_at_fork(after_in_child=_pools.clear)  # a child process has none of its parent's threads


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The outcome of what computes: seconds at most, one at a time."""
    return await _run("compute", function, *args, **kwargs)


async def on_disk(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The outcome of what reads or writes files or a database, and computes little."""
    return await _run("disk", function, *args, **kwargs)


async def in_background(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The outcome of what may take minutes, such as indexing; several wait for one another."""
    return await _run("prepare", function, *args, **kwargs)


async def _run(kind: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    pool = _pools.get(kind) or _pools.setdefault(kind, ThreadPoolExecutor(MOST[kind], f"deepresearch-{kind}"))
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(pool, lambda: context.run(function, *args, **kwargs))
