"""The loop over a canned web of real pages, English and Chinese: what it cites, whom it trusts, what it survives.

Run: python -m benchmarks.canned [-v]

The pages are HTML manuals that Debian packages put under /usr/share/doc. Nothing is downloaded: where fewer than LEAST
pages are there, it says which packages to install and stops. -v prints the reports.

The web's results are excerpts of EXCERPT characters, one a page, as a search engine's; pages must be opened. Some pages
are made for the purpose: the same statement at a content farm's address and at an authority's, word for word and in
other words. The providers that die are real: a SearXNG server in a process of its own on loopback, killed with SIGKILL
after its second answer, and a canned web whose folder is moved away in mid-run.
"""

import asyncio
import logging
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepresearch.agent.control import Handlers
from deepresearch.agent.loop import Run
from deepresearch.agent.sources import open_sources
from deepresearch.derived import answer, find, registered
from deepresearch.extractive import ExtractivePolicy
from deepresearch.library.pages import read_page
from deepresearch.settings import Settings
from deepresearch.store import MemoryStore
from deepresearch.text.terms import tokenise
from deepresearch.tools import default_tools
from deepresearch.trajectory import Event, Observation, Passage, RunFinished, RunStarted, Task, Turn, Verified
from deepresearch.web.providers.canned import CannedWeb
from deepresearch.web.search import Query, SearchResult, Source

LEAST = 300
EXCERPT = 300
SHARE = Path("/usr/share")
MANUALS = (
    ("doc/python3.11/html", "*.html", "docs.python.org/3"),
    ("debian-reference", "*.en.html", "www.debian.org/doc/manuals/debian-reference"),
    ("debian-reference", "*.zh-cn.html", "www.debian.org/doc/manuals/debian-reference"),
    ("doc/debian-handbook/html/en-US", "*.html", "debian-handbook.info/browse/en-US"),
    ("doc/debian-handbook/html/zh-CN", "*.html", "debian-handbook.info/browse/zh-CN"),
    ("doc/installation-guide-amd64/en", "*.html", "www.debian.org/releases/stable/amd64/en"),
    ("doc/installation-guide-amd64/zh_CN", "*.html", "www.debian.org/releases/stable/amd64/zh_CN"),
    ("doc/debian/FAQ", "*.en.html", "www.debian.org/doc/manuals/debian-faq"),
)
PACKAGES = (
    "python3.11-doc debian-reference-en debian-reference-zh-cn debian-handbook installation-guide-amd64 debian-faq"
)
BILINGUAL = "What does the asyncio event loop do? Debian 的软件包管理工具 apt 和 dpkg 有什么区别？"
IN_THE_OTHER = "Python 的 asyncio.TaskGroup 是什么？"
FARM, TRUSTED = "www.ehow.com", "www.who.int"
SAME = "The Velmark harbour code limits the length of a mooring rope to 42 metres."
OTHERWISE = {
    FARM: "On the Velmark lightship no signal lamp burns, lit by hand or by clock, for more than 17 hours in a day.",
    TRUSTED: "A signal lamp of the Velmark lightship may be lit for at most 17 hours in any single day.",
}
ROPE = "What is the limit of the length of a mooring rope in the Velmark harbour code?"
LAMP = "For how many hours a day may a signal lamp of the Velmark lightship be lit?"
SURVIVING = "How does apt verify the signature of a package repository, and what is a virtual environment in Python?"


@dataclass(frozen=True)
class Outcome:
    """One run of the loop."""

    events: list[Event]
    seconds: float

    @property
    def report(self) -> str:
        answered = answer(self.events)
        return answered.text if answered else ""

    @property
    def cited(self) -> list[Passage]:
        """In the order of the report."""
        known = registered(self.events)
        return [known[ident] for ident in dict.fromkeys(re.findall(r"\\cite\{([^}]+)\}", self.report))]

    @property
    def opened(self) -> set[str]:
        return {p.document for p in registered(self.events).values() if not p.excerpt}

    @property
    def finished(self) -> bool:
        return any(isinstance(event, RunFinished) for event in self.events)

    @property
    def observed(self) -> str:
        return "\n".join(o.shown for o in find(self.events, Observation))


async def research(question: str, sources: Sequence[Source]) -> Outcome:
    store = MemoryStore()
    log = store.create("r")
    log.append(RunStarted(task=Task(question=question)))
    start = time.perf_counter()
    tools = default_tools(list(sources))
    await Run(log, ExtractivePolicy(), tools, Settings(), store.run_folder("r"), store.blobs).go()
    return Outcome(list(log.events), time.perf_counter() - start)


def lay_out(folder: Path) -> int:
    """Link the manuals' pages below `folder`, a folder per host; how many there are."""
    count = 0
    for place, pattern, address in MANUALS:
        for file in sorted((SHARE / place).rglob(pattern)):
            link = folder / address / file.relative_to(SHARE / place)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
            count += 1
    return count


def add_rivals(folder: Path) -> None:
    """The same statements at an address with authority and at one without."""
    for host in (FARM, TRUSTED):
        (folder / host).mkdir(parents=True)
        for name, text in (("rope", SAME), ("lamp", OTHERWISE[host])):
            title = f"{name.title()} in Velmark"
            page = f"<title>{title}</title><h1>{title}</h1><p>{text}</p>"
            (folder / host / f"{name}.html").write_text(f"<!doctype html><html>{page}</html>")


SEARXNG = """
import asyncio, json, sys, http.server, urllib.parse
from pathlib import Path
from deepresearch.agent.sources import open_sources
from deepresearch.library.pages import read_page
from deepresearch.text.terms import tokenise
from deepresearch.web.providers.canned import CannedWeb
from deepresearch.web.search import Query

web = CannedWeb(Path(sys.argv[1]), read_page, tokenise, keep=Path(sys.argv[2]))

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        hits = asyncio.run(web.search(Query(asked["q"][0], 10))).hits if "q" in asked else []
        rows = [{"url": h.passage.document, "title": h.passage.title, "content": h.passage.text} for h in hits]
        body = json.dumps({"results": rows}).encode()
        self.send_response(200 if hits or "q" in asked else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        print("answered" if "q" in asked else "asked", flush=True)

    def log_message(self, *told):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
"""A search server of the form of SearXNG, over the same pages."""


async def kill_the_server(folder: Path, keep: Path, data: Path, web: CannedWeb) -> Outcome:
    """A run over the canned web and a search server that is killed after its second answer."""
    command = [sys.executable, "-c", SEARXNG, str(folder), str(keep)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        threading.Thread(target=_kill_after, args=(process, 2), daemon=True).start()
        search = {"web": True, "providers": [], "searxng_url": f"http://127.0.0.1:{port}"}
        settings = Settings.model_validate({"search": search, "store": {"folder": str(data)}})
        sources = open_sources(settings, Task(question=SURVIVING), Handlers(), {})
        try:
            return await research(SURVIVING, [web, *sources.all])
        finally:
            process.kill()
            await sources.close()


def _kill_after(process: "subprocess.Popen[str]", answers: int) -> None:
    assert process.stdout is not None
    while answers:
        answers -= process.stdout.readline() == "answered\n"
    process.kill()


async def move_the_folder(folder: Path, web: CannedWeb) -> Outcome:
    """A run over two canned webs, of which one loses its folder after its first answer."""
    (folder / "lost.example.org").mkdir(parents=True)
    (folder / "lost.example.org" / "apt.html").write_text("<h1>Apt</h1><p>Apt verifies signatures of repositories.</p>")
    asked = threading.Event()

    class Lost(CannedWeb):
        async def search(self, query: Query) -> SearchResult:
            asked.set()
            return await super().search(query)

    lost = Lost(folder, read_page, tokenise, name="lost web")

    def move() -> None:
        asked.wait()
        time.sleep(0.2)
        folder.rename(folder.with_name("moved away"))

    threading.Thread(target=move, daemon=True).start()
    return await research(SURVIVING, [web, lost])


Check = tuple[str, bool, str]
"""What was to be shown, whether it was, and the figures."""


def both_languages(question: str, outcome: Outcome) -> Check:
    count = {language: sum(_written_in(p) == language for p in outcome.cited) for language in ("en", "zh")}
    figures = f"{count['en']} English and {count['zh']} Chinese passages cited"
    return f"both languages: {question}", all(count.values()), figures


def _written_in(passage: Passage) -> str:
    return "zh" if len(re.findall(r"[\u3400-\u9fff]", passage.text)) > len(passage.text) / 8 else "en"


def trusted_first(name: str, outcome: Outcome) -> Check:
    hosts = [p.document.split("/")[2] for p in outcome.cited]
    return f"authority: {name}", bool(hosts) and hosts[0] == TRUSTED, f"cited in order: {', '.join(hosts)}"


def survived(name: str, provider: str, outcome: Outcome) -> Check:
    told = provider in outcome.observed, provider in outcome.report
    figures = f"in the observation: {told[0]}, in the report: {told[1]}, finished: {outcome.finished}"
    return f"survived: {name}", all(told) and outcome.finished and bool(outcome.cited), figures


def verbatim(outcomes: Sequence[Outcome]) -> Check:
    """Every quotation of every report stands in the passage it cites."""
    quotes = [(o, text, ident) for o in outcomes for text, ident in re.findall(QUOTATION, o.report)]
    good = sum(_plain(text) in _plain(registered(o.events)[ident].text) for o, text, ident in quotes)
    return "quotations letter for letter", good == len(quotes) > 0, f"{good} of {len(quotes)}"


def supported(outcomes: Sequence[Outcome]) -> Check:
    """What the runs' own check of the citations says."""
    levels = Counter(c.level for o in outcomes for v in find(o.events, Verified) for c in v.citations)
    uncited = sum(len(v.uncited) for o in outcomes for v in find(o.events, Verified))
    figures = ", ".join(f"{level} {count}" for level, count in levels.most_common())
    return "the runs' own check of their citations", set(levels) == {"supports"}, f"{figures}; uncited {uncited}"


QUOTATION = re.compile(r"“((?:[^“”]|“[^“”]*”)*)”…?\\cite\{([^}]+)\}")


def _plain(text: str) -> str:
    return " ".join(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text).replace("\\", "").split())


async def show(folder: Path, verbose: bool) -> list[Check]:
    """Everything, over the pages below `folder`."""
    pages, keep = folder / "web", folder / "kept.sqlite3"
    web = CannedWeb(pages, read_page, tokenise, keep=keep)
    built = await timed(web.prepare)
    again = await timed(CannedWeb(pages, read_page, tokenise, keep=keep).prepare)
    searched = [await timed(lambda text=text: web.search(Query(text, 10))) for text in QUESTIONS * 3]
    print(f"{len(web.addresses)} pages: index made in {built:.1f} s, taken up again in {again:.2f} s,", end=" ")
    print(f"a search {1000 * sorted(searched)[len(searched) // 2]:.0f} ms (median)\n")
    runs = {question: await research(question, [web]) for question in QUESTIONS}
    killed = await kill_the_server(pages, keep, folder / "data", web)
    moved = await move_the_folder(folder / "lost", web)
    checks = [
        both_languages(BILINGUAL, runs[BILINGUAL]),
        trusted_first("the same words", runs[ROPE]),
        trusted_first("other words", runs[LAMP]),
        survived("a search server killed in mid-run", "searxng", killed),
        survived("a canned web whose folder is moved away", "lost web", moved),
        verbatim([*runs.values(), killed, moved]),
        supported([*runs.values(), killed, moved]),
    ]
    print(f"{'run':70} {'seconds':>8} {'turns':>6} {'opened':>7} {'cited':>6}")
    for question, run in {**runs, "(killed) " + SURVIVING: killed, "(moved) " + SURVIVING: moved}.items():
        turns = len(find(run.events, Turn))
        print(f"{question[:70]:70} {run.seconds:8.2f} {turns:6} {len(run.opened):7} {len(run.cited):6}")
        if verbose:
            print(run.report)
    return checks


async def timed(action: Callable[[], Awaitable[object]]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter()
    await action()
    return time.perf_counter() - start


QUESTIONS = (
    BILINGUAL,
    IN_THE_OTHER,
    ROPE,
    LAMP,
    "What is the GIL?",
    "如何在 Debian 中配置静态 IP 地址？",
    "What is the difference between a list and a tuple in Python?",
)


def main(arguments: list[str]) -> int:
    logging.getLogger("stamina").setLevel(logging.ERROR)  # retries are told where they end
    with tempfile.TemporaryDirectory() as given:
        folder = Path(given)
        count = lay_out(folder / "web")
        if count < LEAST:
            print(f"Skipped: {count} pages of {LEAST} are here. Install them: apt-get install {PACKAGES}")
            return 0
        add_rivals(folder / "web")
        (folder / "web" / "canned.toml").write_text(f"excerpt = {EXCERPT}\n")
        checks = asyncio.run(show(folder, "-v" in arguments))
    print()
    for name, passed, figures in checks:
        print(f"{'pass' if passed else 'FAIL'}  {name}: {figures}")
    return int(not all(passed for _, passed, _ in checks))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
