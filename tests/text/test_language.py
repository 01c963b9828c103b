import pytest

from deepresearch.text.language import detect_language, primary_code


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The library is a place where books are kept.", "en"),
        ("What does HTTP mean?", "en"),
        ("图书馆是保存书籍的地方。", "zh"),
        ("什么是 Transformer？", "zh"),
        ("使用 apt-get 命令安装 Debian 软件包", "zh"),
        ("これは日本語の文章です。", "ja"),
        ("이것은 한국어 문장입니다.", "ko"),
        ("Der Hund schläft unter einem Baum.", None),
        ("x = f(y) + 3", None),
        ("", None),
    ],
)
def test_detects(text: str, language: str | None) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("tag", "code"), [("zh-CN", "zh"), ("EN_us", "en"), ("de", "de"), ("", None), (None, None), ("english", None)]
)
def test_primary_code(tag: str | None, code: str | None) -> None:
    assert primary_code(tag) == code


@pytest.mark.parametrize("text", ["It is what it was, and more.", "x1 y2", "Der Hund", "A_b the-c 12 of"])
def test_ascii_is_judged_as_other_text_is(text: str) -> None:
    assert detect_language(text) == detect_language(text + " \u00a0")
