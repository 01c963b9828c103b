"""What the command line prints during a run, in the language of the question: labels.toml."""

from functools import partial

from ..text.labels import labels_for

phrases = partial(labels_for, package="deepresearch.cli")
"""The words in a language, in English where there are none."""


def phrase(language: str, name: str, **values: object) -> str:
    """The phrase of that name with its values filled in."""
    return str(getattr(phrases(language), name)).format(**values).rstrip()
