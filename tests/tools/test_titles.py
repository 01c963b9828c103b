"""Titles that a name fits, and queries that name a title."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepresearch.tools.fusion import fold, match_title, names_title


@pytest.mark.parametrize(
    ("wanted", "title", "fit"),
    [
        ("God'S Gift To Women", "God's Gift to Women", 4),
        ("Aldri Annet Enn Bråk", "Aldri annet enn bråk", 4),
        ("Stanislaw Koniecpolski", "Stanisław Koniecpolski", 4),
        ("the goose woman", "Goose Woman", 4),
        ("Dark River", "Dark River (2017 film)", 3),
        ("Ermengarde", "Ermengarde of Tours", 2),
        ("John Wallop", "John Wallop, 2nd Earl of Portsmouth", 2),
        ("Vermont Catamounts", "Vermont Catamounts men's soccer", 1),
        ("Emperor Lothair I", "Lothair I", 1),
        ("Robert Bradbury", "Robert North Bradbury", 1),
        ("Sisowath Kosamak", "Sisowath Kossamak", 1),
        ("Nixon", "Richard Nixon", 1),
        ("Kansas City", "University of Missouri–Kansas City", 0),
        ("Media", "Social media in the classroom", 0),
        ("Annie Morton", "Annie Hall", 0),
        ("", "Anything", 0),
        ("网络设置", "网络设置", 4),
    ],
)
def test_how_well_a_title_fits(wanted: str, title: str, fit: int) -> None:
    assert match_title(wanted, title) == fit


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_every_title_that_says_something_fits_itself(one: str, other: str) -> None:
    assert match_title(one, one) == (4 if fold(one) else 0)
    assert 0 <= match_title(one, other) <= 4


def test_a_query_names_a_title_that_is_half_of_it() -> None:
    assert names_title("asyncio queues", "Asyncio queues")
    assert not names_title("how do asyncio queues differ from threads", "asyncio")
