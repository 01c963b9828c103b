"""Work that would block the event loop, done in a few threads.

Few, because Python lets one thread compute at a time: each further one that computes makes the event loop wait longer
for its turn. Preparing runs, which can take minutes, has threads of its own, so that it holds no step up.
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_STEPS = ThreadPoolExecutor(2, "deepresearch-step")
_PREPARING = ThreadPoolExecutor(1, "deepresearch-prepare")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The outcome of a step of a run: seconds at most."""
    return await _run(_STEPS, function, *args, **kwargs)


async def in_background(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The outcome of what may take minutes, such as indexing; several wait for one another."""
    return await _run(_PREPARING, function, *args, **kwargs)


async def _run(pool: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(pool, lambda: context.run(function, *args, **kwargs))
