"""Work in threads: off the event loop, few at once, and preparing runs never holds steps up."""

import asyncio
import contextvars
import subprocess
import sys
import threading

from deepresearch.threads import MOST, in_background, in_thread, on_disk


async def test_the_event_loop_stays_free_and_the_context_comes_along() -> None:
    name = contextvars.ContextVar("name", default="")
    name.set("run 1")
    release = threading.Event()
    waiting = asyncio.ensure_future(in_thread(lambda: (release.wait(5), name.get())))
    await asyncio.sleep(0)
    release.set()
    assert await waiting == (True, "run 1")


async def test_long_work_has_threads_of_its_own() -> None:
    release = threading.Event()
    long = [asyncio.ensure_future(in_background(release.wait, 5)) for _ in range(3 * MOST["prepare"])]
    assert await asyncio.wait_for(in_thread(threading.get_ident), 2) != threading.get_ident()
    release.set()
    assert all(await asyncio.gather(*long))


async def test_an_event_is_written_while_something_computes() -> None:
    release = threading.Event()
    computing = [asyncio.ensure_future(in_thread(release.wait, 5)) for _ in range(3 * MOST["compute"])]
    assert await asyncio.wait_for(on_disk(threading.get_ident), 2) != threading.get_ident()
    release.set()
    assert all(await asyncio.gather(*computing))


def test_a_forked_process_has_threads_too() -> None:
    code = """
import asyncio, os
from deepresearch.threads import in_thread
asyncio.run(in_thread(print, "parent", flush=True))
if os.fork() == 0:
    asyncio.run(asyncio.wait_for(in_thread(print, "child", flush=True), 5))
    os._exit(0)
os.wait()
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], check=False, capture_output=True, text=True, timeout=20
    )
    assert done.stdout.split() == ["parent", "child"], done.stderr
