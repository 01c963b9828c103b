"""The version of the package, which everything that names it reads here."""

__version__ = "0.1.0"
