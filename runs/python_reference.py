"""Writes the language reference that ships with Python, one text file a topic.

Run: python runs/python_reference.py FOLDER
"""

import sys
from pathlib import Path
from pydoc_data.topics import topics


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in topics.items():
        (folder / f"{name}.txt").write_text(text.lstrip(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
