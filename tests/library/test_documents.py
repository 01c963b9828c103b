"""What a document is called."""

import pytest

from deepresearch.library.documents import subject_of


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Ermengarde of Tours (d. 851) was the daughter of Hugh.", "Ermengarde of Tours"),
        ("“Salt Road” is a song by Ada Lind.", "Salt Road"),
        ("The Last Coupon is a 1932 film.", "The Last Coupon"),
        ("弗拉维娅·佩内塔（Flavia Pennetta）是意大利网球运动员。", "弗拉维娅·佩内塔"),
        ("It was raining, and nobody came.", ""),
        ("Directed by Ada Lind, it was shown in 1988.", ""),
        ("Bananas grow in bunches.", ""),
        ("", ""),
    ],
)
def test_a_text_without_a_title_is_called_by_what_it_opens_with(text: str, subject: str) -> None:
    assert subject_of(text) == subject
