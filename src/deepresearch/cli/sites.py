"""`authority`: how far a site is trusted, and why."""

from pathlib import Path

from cyclopts import App

from .terminal import put

authority = App(name="authority", help="How far sites are trusted, and why.")


@authority.command
def check(*urls: str, overrides: Path | None = None) -> int:
    """Explain the verdict on each address.

    Args:
        urls: URLs or hosts.
        overrides: A file of your own verdicts, in the format of the table (see docs/authority.md); by default the one
            that search.authority names, if any.
    """
    from ..errors import UserError
    from ..library.authority import OWN, Authority, explain
    from ..settings import Settings

    if not urls:
        raise UserError("Nothing to check.", "Name URLs or hosts: deepresearch authority check https://www.who.int/")
    table = Authority.load(overrides or Settings.load().search.authority)
    verdicts = [table.verdict(url) for url in urls]
    if strays := [url for url, verdict in zip(urls, verdicts, strict=True) if verdict is OWN]:
        raise UserError(f"No address of the web: {', '.join(map(repr, strays))}.", "Name URLs or hosts.")
    put("\n\n".join(map(explain, verdicts)))
    return 0
