from tests.synthesis.world import graph, library

__all__ = ["graph", "library"]
