"""The journal: what runs have recorded, durable, with one writer each; and its exchange as files."""

from .base import Request, RunLog, RunSummary, Store
from .blobs import Blobs
from .exchange import LogReading, export_run, import_run, read_log
from .journal import SqliteStore
from .memory import MemoryStore

__all__ = [
    "Blobs",
    "LogReading",
    "MemoryStore",
    "Request",
    "RunLog",
    "RunSummary",
    "SqliteStore",
    "Store",
    "export_run",
    "import_run",
    "read_log",
]
