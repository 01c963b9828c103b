"""Tables that installed packages extend."""

import sys
from pathlib import Path

import pytest

from deepresearch.errors import SettingsError
from deepresearch.plugins import Registry

BUILT_IN = {"path": "pathlib:Path", "sep": "os:sep"}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package with one sound and one broken entry point, and one that takes a built-in name."""
    info = tmp_path / "outside-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[deepresearch.things]\nextra = outside_things:EXTRA\nbroken = outside_broken:X\npath = outside_things:EXTRA\n"
    )
    (tmp_path / "outside_things.py").write_text("EXTRA = 7\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])


@pytest.mark.usefixtures("package")
def test_an_installed_package_extends_a_table_and_cannot_take_a_built_in_name() -> None:
    things: Registry[object] = Registry("things", BUILT_IN)
    assert things.names() == ["path", "sep", "broken", "extra"]
    assert things.get("extra") == 7
    assert things.get("path") is Path
    assert things.is_built_in("path") and not things.is_built_in("extra")


@pytest.mark.usefixtures("package")
def test_a_plug_in_that_cannot_be_imported_is_named() -> None:
    with pytest.raises(SettingsError, match=r"'broken' of outside \(outside_broken:X\)"):
        Registry[object]("things", BUILT_IN).get("broken")


def test_an_unknown_name_gets_the_nearest_known_one() -> None:
    with pytest.raises(SettingsError, match=r"'pathh' is not among the things.*Did you mean path"):
        Registry[object]("things", BUILT_IN).get("pathh")
    with pytest.raises(SettingsError, match="There are: path, sep"):
        Registry[object]("things", BUILT_IN).get("zzz")
