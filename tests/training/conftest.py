"""Tests of the room `training` need the extra `train`; without it they are left out. They compute in one thread:
several that wait for each other are many times slower on a machine that has other work."""

from importlib.util import find_spec

if find_spec("torch"):
    import torch

    torch.set_num_threads(1)
    collect_ignore_glob = []
else:
    collect_ignore_glob = ["test_*.py"]
