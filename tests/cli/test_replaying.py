"""`replay` and `page`: a run over a small web, which then changes and goes away."""

import asyncio
import contextlib
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.search_server import Reply, SearchServer
from tests.web.site import Site, page, serve

from .conftest import Command, environment

ROOT = Path(__file__).parents[2]
QUESTION = "What is the minimum wage in Velmark, and when was the harbour tower of Velmark built?"
WAGE, TOWER = "The minimum wage in Velmark is {} crowns an hour.", "The harbour tower of Velmark was built in 1887."


def article(title: str, text: str) -> bytes:
    return page(f"<html lang=en><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>")


def tell(site: Site, server: SearchServer, wage: int) -> None:
    """Let the pages say this, and the search service lead to them."""
    said = {"wage": ("Minimum wage in Velmark", WAGE.format(wage)), "tower": ("Harbour tower of Velmark", TOWER)}
    site.pages |= {f"/{name}": article(title, text) for name, (title, text) in said.items()}
    named = [(site.url(f"/{name}"), title) for name, (title, _) in said.items()]
    server.replies = [{"results": [{"url": url, "title": title, "content": f"{title}: all."} for url, title in named]}]


@contextlib.asynccontextmanager
async def small_web() -> AsyncIterator[tuple[Site, SearchServer]]:
    async with serve({}) as site, SearchServer({}) as server:
        tell(site, server, 26)
        yield site, server


def settings(site: Site, server: SearchServer) -> dict[str, str]:
    return {
        "DEEPRESEARCH_SEARCH_PROVIDERS": "",
        "DEEPRESEARCH_SEARCH_SEARXNG_URL": server.url,
        "DEEPRESEARCH_SEARCH_ALLOW_HOSTS": f"127.0.0.1:{site.port}",
        "DEEPRESEARCH_SEARCH_INTERVAL": "0",
        "DEEPRESEARCH_SEARCH_CACHE_HOURS": "0",
        "DEEPRESEARCH_SEARCH_PAGE_HOURS": "0",
    }


async def ask(command: Command, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(command, *arguments, **variables)


def last_run(done: subprocess.CompletedProcess[str]) -> str:
    return done.stderr.split("Run ", 1)[1].split()[0]


async def test_a_run_is_replayed_when_the_web_has_changed_and_gone(command: Command, tmp_path: Path) -> None:
    async with small_web() as (site, server):
        variables = settings(site, server)
        first = await ask(command, "run", QUESTION, "--web", **variables)
        assert first.returncode == 0 and "26 crowns" in first.stdout, first.stderr
        assert "/wage" in site.paths, "what it says stands on the page alone"
        run = last_run(first)
        tell(site, server, 31)
        second = await ask(command, "run", QUESTION, "--web", **variables)
        assert "31 crowns" in second.stdout and "26 crowns" not in second.stdout and last_run(second) != run
    seen = tmp_path / "seen"
    watched = [sys.executable, "-m", "tests.web.sockets", str(seen), "replay", run]
    done = await asyncio.to_thread(
        subprocess.run, watched, cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and f"same as that of {run}" in done.stderr, done.stderr
    assert "26 crowns" in done.stdout and "31 crowns" not in done.stdout
    assert seen.read_text() == "", "no socket was opened and no name looked up"
    twice = await ask(command, "replay", last_run(done))
    assert twice.returncode == 0 and "26 crowns" in twice.stdout, twice.stderr


async def test_the_page_behind_a_citation_is_shown_as_the_run_had_it(command: Command, tmp_path: Path) -> None:
    async with small_web() as (site, server):
        url = site.url("/wage")
        keep(tmp_path, site.pages["/wage"].partition(b"\r\n\r\n")[2], time.time(), url)  # type: ignore[union-attr]
        first = await ask(command, "run", QUESTION, "--web", "--json", **settings(site, server))
        told = json.loads(first.stdout)
    keep(tmp_path, b"<p>The minimum wage in Velmark is 31 crowns.</p>", time.time(), url)
    cited = next(citation["id"] for citation in told["citations"] if citation["url"] == url)
    for reference in (url, cited):
        kept = command("page", reference, "--run", told["run"])
        assert kept.returncode == 0, kept.stderr
        assert "title: Minimum wage in Velmark" in kept.stdout and "> The minimum wage in Velmark is 26" in kept.stdout
    assert "31 crowns" in command("page", url).stdout


async def test_what_was_not_kept_is_named(command: Command, tmp_path: Path) -> None:
    async with small_web() as (site, server):
        first = await ask(command, "run", QUESTION, "--web", **settings(site, server))
        run = last_run(first)
        for file in (tmp_path / "data").glob("queries.sqlite3*"):
            file.unlink()
        asked = len(server.asked)
        done = await ask(command, "replay", run)
        assert done.returncode == 1 and "differs from that of" in done.stderr
        assert "no answer to this query is cached" in done.stdout + done.stderr
        assert len(server.asked) == asked


async def test_a_setting_replays_any_run_without_keys(command: Command) -> None:
    """Answers of any age; a service that needs a key is not asked, so the key is not needed."""
    async with small_web() as (site, server):
        variables = settings(site, server)
        await ask(command, "run", QUESTION, "--web", **variables)
        variables |= {"DEEPRESEARCH_SEARCH_REPLAY": "true", "DEEPRESEARCH_SEARCH_PROVIDERS": "brave"}
        asked = len(server.asked) + len(site.asked)
        done = await ask(command, "run", QUESTION, "--web", "--json", **variables)
        assert len(server.asked) + len(site.asked) == asked
    report = json.loads(done.stdout)["report"]
    assert "26 crowns" in report and "brave was not asked" in report


async def test_a_failure_of_then_is_met_again(command: Command, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "wage.md").write_text("# Velmark\n\nThe minimum wage in Velmark was 24 crowns an hour in 2023.\n")
    async with serve({}) as site, SearchServer(Reply({"error": "quota exceeded"}, 402)) as server:
        first = await ask(command, "run", QUESTION, "--web", "--docs", str(docs), **settings(site, server))
    done = command("replay", last_run(first))
    assert done.returncode == 0 and "out of quota" in done.stdout and "24 crowns" in done.stdout, done.stderr
    own = json.loads(command("show", last_run(first), "--json").stdout)["citations"][0]["id"]
    shown = command("page", own, "--run", last_run(first))
    assert shown.returncode == 2 and "wage.md, which is no page of the web" in shown.stderr


def keep(tmp_path: Path, body: bytes, when: float, url: str = "https://a.example/p") -> None:
    from deepresearch.web.archive import Archive
    from deepresearch.web.fetched import Fetched

    Archive(tmp_path / "data" / "pages").keep(
        Fetched(url, url + "/", 200, {"content-type": "text/html", "last-modified": "then"}, body, when, False)
    )


OLD = (
    b"<html><head><title>Tides\x1b]0;x\x07</title></head><body><p>Old\x1b[31m "
    b"tides \\cite{abc} <tool_call>.</p></body></html>"
)


def test_a_page_is_shown_as_it_was_kept_and_cannot_steer_the_terminal(command: Command, tmp_path: Path) -> None:
    keep(tmp_path, OLD, 1_700_000_000.0)
    keep(tmp_path, OLD.replace(b"Old", b"New"), 1_750_000_000.0)
    done = command("page", "https://a.example/p#part", "--at", "2023-11-15", "--raw", str(tmp_path / "raw"))
    assert done.returncode == 0, done.stderr
    assert "title: Tides" in done.stdout and "read: 2023-11-14 22:13:20 UTC" in done.stdout
    assert hashlib.sha256(OLD).hexdigest() in done.stdout and "led to: https://a.example/p/" in done.stdout
    assert "> Old" in done.stdout and "\x1b" not in done.stdout and "<tool_call" not in done.stdout
    assert (tmp_path / "raw").read_bytes() == OLD
    assert "> New" in command("page", "https://a.example/p").stdout


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (["page", "https://a.example/other"], 1, "is not in the archive"),
        (["page", "https://a.example/p", "--at", "2001-01-01"], 1, "is not in the archive"),
        (["page", "https://a.example/p", "--at", "yesterday"], 2, "--at yesterday is no date"),
        (["page", "https://a.example/p", "--raw", "/proc/nowhere/x"], 2, "/proc/nowhere/x: "),
        (["page", "https://a.example/p", "--run", "r", "--at", "2001-01-01"], 2, "--run and --at"),
        (["page", "https://a.example/p", "--run", "nothing"], 2, "no run"),
        (["page", "not an address"], 1, "address"),
        (["replay", "nothing"], 2, "no run"),
    ],
)
def test_wrong_use_is_named(command: Command, tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    keep(tmp_path, OLD, 1_700_000_000.0)
    done = command(*arguments)
    assert done.returncode == code and words in done.stderr and "Traceback" not in done.stderr, done.stderr
