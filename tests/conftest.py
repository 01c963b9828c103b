"""Which tests are left out of `make check`: those that start processes, wait for clocks, or read large data."""

import os
import sqlite3
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# The same examples each time, and no clock: what else a machine is doing must not decide a test.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

SLOW = (
    "agent/test_crash.py",
    "agent/test_outcomes.py",
    "agent/test_sources.py",
    "cli/test_doctor.py",
    "cli/test_judging.py",
    "cli/test_libraries.py",
    "cli/test_looking.py",
    "cli/test_replaying.py",
    "cli/test_running.py",
    "cli/test_sites.py",
    "guided/test_crash.py",
    "library/test_bounded.py",
    "library/test_damage.py",
    "library/test_confinement.py",
    "library/test_killed.py",
    "library/test_real_data.py",
    "models/test_real_server.py",
    "store/test_crash.py",
    "tools/test_redo.py",
    "web/test_hostile.py",
    "web/test_private.py",
    "web/providers",
)
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(HERE).as_posix().startswith(SLOW):
            item.add_marker(pytest.mark.slow)


if "DEEPRESEARCH_UNCLOSED" in os.environ and sys.version_info < (3, 13):  # newer versions warn of it themselves

    class ClosedConnection(sqlite3.Connection):
        """Warns, as Python 3.13 does, where it is let go without having been closed."""

        is_open = False

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.is_open = True

        def close(self) -> None:
            super().close()
            self.is_open = False

        def __del__(self) -> None:
            if self.is_open:
                warnings.warn(f"unclosed database in {self!r}", ResourceWarning, stacklevel=1)

    _connect = sqlite3.connect

    def _watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return _connect(*arguments, **{"factory": ClosedConnection, **options})

    sqlite3.connect = _watched
