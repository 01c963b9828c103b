from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.text.phrases import chinese_phrases, phrase_spans


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("并查集是什么？", ["并查集"]),
        ("2023年新能源汽车出口量是多少？", ["年新能源汽车出口量"]),
        ("请介绍并查集的应用", ["并查集", "应用"]),
        ("苹果和香蕉的区别", ["苹果", "香蕉", "区别"]),
        ("中华人民共和国的和平外交政策", ["中华人民共和国", "和平外交政策"]),
        ("什麼是地球科學", ["地球科學"]),
        ("使用Python编写的程序", ["使用", "编写", "程序"]),
        ("介绍信的格式", ["介绍信", "格式"]),
        ("现存的水", ["现存"]),
        ("南斯拉夫王國是什麼", ["南斯拉夫王國"]),
        ("多倫多大學在哪里", ["多倫多大學"]),
        ("一维前缀和是什么", ["一维前缀和"]),
        ("按位与的应用", ["按位与", "应用"]),
        ("東京證券交易所有哪些特點", ["東京證券交易所", "特點"]),
        ("奔跑吧兄弟好看吗？", ["奔跑吧兄弟好看"]),
        ("plain English", []),
    ],
)
def test_phrases(text: str, phrases: list[str]) -> None:
    assert chinese_phrases(text) == phrases


@pytest.mark.parametrize(
    "word", "并查集 新能源汽车 上海 成都 就业 首都 土耳其 自由 应用 会话 将军 对象 几何 中和 存在 埃及".split()
)
def test_a_word_with_a_function_word_in_it_stays_whole(word: str) -> None:
    assert word in chinese_phrases(f"{word}是什么") and word in chinese_phrases(f"请问{word}的定义")


@given(st.text(st.sampled_from("并查集是什么的和平在了请问介绍 ,aB，。水火"), max_size=40))
def test_phrases_lie_in_runs_in_order(text: str) -> None:
    spans = phrase_spans(text)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert all(end - start >= 2 and text[start:end].isalpha() for start, end in spans)
