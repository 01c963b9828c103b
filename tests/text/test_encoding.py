import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.errors import DocumentError
from deepresearch.text.encoding import decode

CHINESE = "我们的图书馆里有很多书，这是一个地方，人们可以来看书。" * 3
FRENCH = "Le café est très agréable, déjà élégant et bien situé à côté de la gare. " * 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030", "gbk"])
def test_chinese(encoding: str) -> None:
    assert decode(CHINESE.encode(encoding), "x") == CHINESE


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16", "utf-16-le", "utf-16-be"])
def test_french(encoding: str) -> None:
    assert decode(FRENCH.encode(encoding), "x") == FRENCH


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r"])
def test_russian(encoding: str) -> None:
    text = "Библиотека это место, где хранятся книги и куда люди приходят читать. " * 3
    assert decode(text.encode(encoding), "x") == text


def test_traditional_chinese_as_declared() -> None:
    text = '<meta charset="big5">在歐洲，梵語的學術研究，由德國學者開創。'
    assert decode(text.encode("big5"), "x") == text


def test_a_declaration_that_lies_is_not_believed() -> None:
    text = f'<meta charset="gb2312"><p>{FRENCH} 中文</p>'
    assert decode(text.encode("utf-8"), "x") == text
    assert decode(f'<meta charset="no-such">{FRENCH}'.encode("latin-1"), "x").endswith(FRENCH)


def test_a_broken_byte_does_not_change_the_encoding() -> None:
    broken = CHINESE.encode() + b"\xff" + CHINESE.encode()
    assert decode(broken, "x") == CHINESE + "\ufffd" + CHINESE


def test_a_cut_character_at_the_end() -> None:
    assert decode(CHINESE.encode()[:-1], "x").startswith(CHINESE[:-1])


@pytest.mark.parametrize("data", [b"\x00\x01\x02\x03" * 100, b"text\x00\x00\x05\xff\xfe\x90" * 50])
def test_binary_is_named(data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"notes\.txt"):
        decode(data, "notes.txt")


def test_line_ends() -> None:
    assert decode(b"a\r\nb\rc\n", "x") == "a\nb\nc\n"


@given(st.binary(max_size=2000))
def test_any_bytes_are_text_or_an_error(data: bytes) -> None:
    try:
        assert isinstance(decode(data, "x"), str)
    except DocumentError as error:
        assert "x" in error.message and error.hint


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text",
    [
        "The library of the town was built in 1998.\nIt is open.",
        "北京市的图书馆在一九九八年新建，是中国最大的。这个馆有很多书。",
        "价格 12 元，上海 2019 年的 GDP 是 3.8 万亿元。这是一个大城市。",
    ],
)
def test_utf_16_without_a_mark(name: str, text: str) -> None:
    assert decode(text.encode(name), "x") == text
