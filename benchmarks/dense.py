"""What search by meaning adds to search by words: quality on public collections, and what vectors cost.

Run: python -m benchmarks.dense MODEL [COLLECTION ...]     (MODEL: folder with model.onnx and tokenizer.json, or an
                                                            endpoint and the model's name there, http://...#NAME)
     python -m benchmarks.dense --vectors COUNT            (no model: COUNT random vectors of 384 dimensions)

Each collection is built and searched three times through the calls that a run makes: by words, by meaning, and by both
with their rankings fused, as a library does where `library.dense` is on. Every text is embedded once.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import ir_measures
import numpy as np

from benchmarks.retrieval import COLLECTIONS, Collection, ranked, write
from deepresearch.library import Library
from deepresearch.library.dense.embedder import Batch, Embedder, EndpointEmbedder, Kind
from deepresearch.library.dense.engine import DenseEngine
from deepresearch.library.dense.onnx import OnnxEmbedder
from deepresearch.library.dense.vectors import VectorFile
from deepresearch.library.engine import Engine, Filters
from deepresearch.library.library import Setup
from deepresearch.library.text_index import TextIndex
from deepresearch.models.embeddings import EmbeddingClient
from deepresearch.web.search import Query

DEFAULT = ("scifact", "cranfield", "cacm", "hotpot")
Engines = Callable[[Path], list[Engine]]


class Remembering:
    """An embedder that embeds each text once."""

    def __init__(self, embedder: Embedder) -> None:
        self.name = embedder.name
        self._embedder = embedder
        self._known: dict[tuple[Kind, str], np.ndarray] = {}
        self.cpu = 0.0
        """Seconds of processor time that went into passages."""

    def embed(self, texts: Sequence[str], kind: Kind) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if (kind, text) not in self._known]
        begin = time.process_time()
        if new:
            self._known |= {(kind, text): v for text, v in zip(new, self._embedder.embed(new, kind), strict=True)}
        self.cpu += time.process_time() - begin if kind == "passage" else 0.0
        return np.array([self._known[kind, text] for text in texts])

    def close(self) -> None:
        pass


def measure(name: str, collection: Collection, embedder: Embedder, folder: Path) -> None:
    """Print a line for each way to search."""
    corpus = write(collection, folder / f"{name}.jsonl")
    remembering = Remembering(embedder)

    def meaning(place: Path) -> Engine:
        return DenseEngine(remembering, VectorFile(place / "vectors"))

    ways: dict[str, Engines] = {
        "meaning": lambda place: [meaning(place)],
        "words": lambda place: [TextIndex(place / "index")],
        "both": lambda place: [TextIndex(place / "index"), meaning(place)],
    }
    for way, engines in ways.items():
        library = Library.open(folder, f"{name}-{way}", setup=Setup(engines=engines))
        library.add([corpus])
        begin = time.perf_counter()
        scored = ranked(collection, lambda text, library=library: library.search(Query(text, k=collection.depth)))
        each = (time.perf_counter() - begin) / len({qrel.query_id for qrel in collection.relevant}) * 1000
        values = ir_measures.calc_aggregate(collection.measures, collection.relevant, scored)
        figures = "  ".join(f"{metric} {values[metric]:.3f}" for metric in collection.measures)
        passages = library.stats()["passages"]
        print(f"{name:10} {passages:8} {way:8} {figures:32} {each:8.1f}", flush=True)
        library.close()
    print(f"{'':10} {'':8} embedding: {remembering.cpu / passages * 1000:.0f} ms of processor a passage", flush=True)


def vectors(count: int, folder: Path) -> None:
    """Print what `count` vectors cost."""
    random = np.random.default_rng(1)

    def batches() -> Iterator[Batch]:
        for start in range(0, count, 1000):
            keys = range(start + 1, min(start + 1000, count) + 1)
            yield [{"key": key} for key in keys], random.normal(size=(len(keys), 384)).astype(np.float32)

    file = VectorFile(folder)
    file.clear(384)
    begin = time.perf_counter()
    file.update(batches(), 0, [])
    built = time.perf_counter() - begin
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    size = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    times = []
    for asked in random.normal(size=(12, 384)).astype(np.float32):
        begin = time.perf_counter()
        file.search(asked, 10, Filters())
        times.append((time.perf_counter() - begin) * 1000)
    warm = sorted(times[2:])
    print(f"{count} vectors: built in {built:.1f} s, {size:.0f} MiB on disk, {grown} MiB of memory while building;")
    print(f"a search: {warm[len(warm) // 2]:.0f} ms (median), {warm[-1]:.0f} ms at most; the first {times[0]:.0f} ms")


def _embedder(model: str) -> Embedder:
    url, _, name = model.partition("#")
    return EndpointEmbedder(EmbeddingClient(name, url)) if "://" in url else OnnxEmbedder(Path(model))


def main(arguments: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if arguments[:1] == ["--vectors"]:
            vectors(int(arguments[1]), Path(folder))
            return
        print(f"{'':10} {'passages':>8} {'':8} {'figures':32} {'ms/query':>8}")
        for name in arguments[1:] or DEFAULT:
            measure(name, COLLECTIONS[name](), _embedder(arguments[0]), Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
