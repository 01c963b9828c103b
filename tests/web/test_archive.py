"""Pages as they were read."""

import gzip
import math
import multiprocessing
from pathlib import Path

import pytest

from deepresearch.errors import FetchFailed, InternalError
from deepresearch.web.archive import Archive
from deepresearch.web.fetched import Fetched

URL, FINAL = "http://example.org/a", "http://example.org/b"


def reading(body: bytes = b"A page.", fetched: float = 1000.0, url: str = URL) -> Fetched:
    headers = {"content-type": "text/html", "etag": "x", "server": "s", "www-authenticate": "t"}
    return Fetched(url, FINAL, 200, headers, body, fetched, False)


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "pages")
    assert archive.find(URL) is None
    archive.keep(reading())
    found = Archive(tmp_path / "pages").find(URL)
    assert found == Fetched(
        URL, FINAL, 200, {"content-type": "text/html", "etag": "x"}, b"A page.", 1000.0, from_archive=True
    )
    assert archive.find(FINAL) is not None and archive.find(URL + "?x") is None


def test_the_newest_reading_is_found_and_every_older_one_stays(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for at, body in ((1000.0, b"one"), (3000.0, b"three"), (2000.0, b"two"), (4000.0, b"one")):
        archive.keep(reading(body, at))
    for as_of, body in ((999.0, None), (1000.0, b"one"), (2999.0, b"two"), (3500.0, b"three"), (math.inf, b"one")):
        found = Archive(tmp_path, as_of=as_of).find(URL)
        assert (found and found.body) == body
    assert len([path for path in (tmp_path / "bodies").rglob("*") if path.is_file()]) == 3


def test_replay_meets_the_failures_of_then(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.keep(reading(b"one", 1000.0))
    archive.keep_failure(URL, FetchFailed("It was slow.", outcome="too_slow"), 2000.0)
    assert archive.find(URL) is not None
    assert archive.counts() == (2, 1, 3) and Archive(tmp_path / "none").counts() == (0, 0, 0)
    with pytest.raises(FetchFailed, match=r"It was slow\.") as caught:
        archive.replayed(URL)
    assert caught.value.outcome == "too_slow"
    assert Archive(tmp_path, as_of=1500).replayed(URL).body == b"one"
    with pytest.raises(FetchFailed) as caught:
        archive.replayed("http://example.org/c")
    assert caught.value.outcome == "not_archived"


@pytest.mark.parametrize(
    "damage", [b"", b"rubbish", gzip.compress(b"Another page.", mtime=0), gzip.compress(b"a" * 10**7)]
)
def test_a_damaged_body_is_named_and_replaced_by_reading_the_page_again(tmp_path: Path, damage: bytes) -> None:
    archive = Archive(tmp_path)
    digest = archive.keep(reading())
    (tmp_path / "bodies" / digest[:2] / digest).write_bytes(damage)
    with pytest.raises(FetchFailed) as caught:
        archive.find(URL)
    assert caught.value.outcome == "damaged"
    archive.keep(reading(fetched=2000.0))
    found = archive.find(URL)
    assert found and found.body == b"A page."


def test_a_folder_that_cannot_be_used_is_our_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InternalError, match="archive of pages"):
        Archive(tmp_path / "file").keep(reading())
    (tmp_path / "pages.sqlite").write_bytes(b"no database at all, " * 100)
    with pytest.raises(InternalError, match="archive of pages"):
        Archive(tmp_path).find(URL)


def keep_many(folder: Path, who: int) -> None:
    for number in range(10):
        Archive(folder).keep(reading(b"page %d" % number, url=f"http://example.org/{who}/{number}"))


def test_several_processes_keep_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=keep_many, args=(tmp_path, who)) for who in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    for who in range(3):
        for number in range(10):
            found = Archive(tmp_path).find(f"http://example.org/{who}/{number}")
            assert found and found.body == b"page %d" % number
