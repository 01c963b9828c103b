"""Tests of the room `training` need the extra `train`; without it they are left out."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]
