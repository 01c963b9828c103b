"""Readers: each turns one kind of file into documents."""

from collections.abc import Callable, Iterator

from ...plugins import Registry
from ..documents import Document, ReadProblem

Reader = Callable[..., Iterator[Document | ReadProblem]]
"""Takes a path; those of corpora also `text_field`, the name of the field or column with the text of a row.

Raises DocumentError that names the file and what to do, OSError from the file system.
"""
_HERE = "deepresearch.library.readers."
READERS: Registry[Reader] = Registry(
    "readers",
    dict.fromkeys(["md", "markdown"], _HERE + "markdown:read_markdown")
    | dict.fromkeys(["html", "htm", "xhtml"], _HERE + "html:read_html")
    | {"pdf": _HERE + "pdf:read_pdf", "epub": _HERE + "epub:read_epub"}
    | dict.fromkeys(["docx", "docm", "dotx", "dotm"], _HERE + "word:read_word")
    | dict.fromkeys(["xlsx", "xlsm", "xltx", "xltm"], _HERE + "sheets:read_xlsx")
    | {"xls": _HERE + "sheets:read_xls"}
    | dict.fromkeys(["pptx", "pptm", "ppsx", "ppsm", "potx", "potm"], _HERE + "slides:read_slides")
    | {"eml": _HERE + "mail:read_eml", "msg": _HERE + "mail:read_msg"}
    | dict.fromkeys(["xml", "rss", "atom"], _HERE + "feed:read_feed")
    | {"jsonl": _HERE + "corpus:read_json_lines", "json": _HERE + "corpus:read_json"}
    | {"parquet": _HERE + "parquet:read_parquet", "ipynb": _HERE + "notebook:read_notebook"}
    | dict.fromkeys(["csv", "tsv"], _HERE + "csv:read_csv")
    | dict.fromkeys(["txt", "text", "rst", "org", "adoc", "log"], _HERE + "text:read_text"),
)
"""Readers by the end of a file's name, without its dot and in small letters."""
