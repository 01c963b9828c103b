"""The journal: what runs have recorded, durable, with one writer each; and its exchange as files."""

from .blobs import Blobs
from .exchange import LogReading, export_run, import_run, read_log
from .journal import MemoryStore, Store
from .run_log import Request, RunLog, RunSummary

__all__ = [
    "Blobs",
    "LogReading",
    "MemoryStore",
    "Request",
    "RunLog",
    "RunSummary",
    "Store",
    "export_run",
    "import_run",
    "read_log",
]
