import pytest

from deepresearch.text.names import chinese_names, is_weak, names_in, subject_of


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("他毕业于北京大学。", ["北京大学"]),
        ("他与中国银行签约", ["中国银行"]),
        ("对外经济贸易大学", ["对外经济贸易大学"]),
        ("《红楼梦》的作者", ["红楼梦"]),
        ("乔治·华盛顿，总统", ["乔治·华盛顿"]),
        ("王小明表示同意", ["王小明"]),
        ("天气很好", []),
    ],
)
def test_chinese_names(text: str, names: list[str]) -> None:
    found = chinese_names(text)
    assert [name.text for name in found] == names
    assert all(text[name.start : name.end] == name.text for name in found)


def test_names_in_running_text() -> None:
    names = [n.text for n in names_in("Then the Earl of Essex met J. Smith at “Old House”; the weather was fine.")]
    assert names == ["Earl of Essex", "J. Smith", "Old House", "Old House"]  # in quotation marks, and by its capitals
    assert [n.text for n in names_in("Local weather was fine.")] == []
    assert next(n.text for n in names_in("What is asyncio.TaskGroup?", question=True)) == "asyncio.TaskGroup"


def test_weak_names() -> None:
    assert is_weak("March 1998") and is_weak("French") and not is_weak("Paris")


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
