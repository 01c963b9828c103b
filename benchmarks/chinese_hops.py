"""Chinese questions of two and three steps, made by a program, with the documents that answer them.

Countries are real (kg_countries: neighbours, capitals, currencies, codes); works and people are invented here, in
several wordings for each relation. Nothing here comes from the code that is judged. Used by `multihop` and `answers`.
"""

import json
import random
from typing import NamedTuple

from ir_measures import Qrel, nDCG

from .retrieval import DATA, Collection

CITIES = "青岛 洛阳 大连 苏州 昆明 布拉格 里斯本 克拉科夫 马赛 基辅 安特卫普 萨格勒布 哥德堡 热那亚".split()
SCHOOLS = "南方大学 北岸美术学院 中央音乐学校 里斯本大学 布拉格电影学院 东海师范学院 圣安德烈学院".split()
JOBS = "医生 木匠 渔夫 铁路工程师 植物学家 小学教师 律师 邮差".split()
GIVEN = "阿尔贝托 伊莎贝拉 米哈伊尔 索菲亚 卡洛斯 埃琳娜 托马斯 安娜 雅各布 玛尔塔 维克多 克拉拉".split()
FAMILY = "罗西 诺瓦克 彼得罗夫 费尔南德斯 林德伯格 科瓦奇 杜邦 霍尔瓦特".split()
SURNAMES, CHARACTERS = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "文海春明秋云志远晓琳建国思雨一鸣若兰子墨"
OPENINGS = "北方的 沉默的 最后的 遥远的 第七座 蓝色 雪中的 无人的 倒流的 失落的 午夜 玻璃".split()
THINGS = "灯塔 河流 车站 花园 信使 钟楼 渡口 琴声 地图 海岸 邮局 歌者".split()
MADE = {
    "导演": ("《{work}》是一部{year}年上映的电影，由{name}执导。", "电影《{work}》于{year}年公映，导演为{name}。"),
    "作者": ("《{work}》是{name}创作的长篇小说，{year}年出版。", "长篇小说《{work}》由{name}撰写，{year}年问世。"),
    "作曲者": ("《{work}》是{year}年首演的歌剧，由{name}作曲。", "歌剧《{work}》的音乐出自{name}之手，{year}年首演。"),
}
LIVES = (
    "{name}（{year}年－）出生于{city}，毕业于{school}。父亲{father}是一名{job}。{year2}年与{spouse}结婚。",
    "{name}，{year}年生于{city}，早年就读于{school}。其父{father}当过{job}，配偶为{spouse}。",
    "{name}于{year}年在{city}出生，是{job}{father}的孩子。从{school}毕业后成名，伴侣{spouse}与其于{year2}年成婚。",
)
OTHERS = ("{name}是{city}人，{year}年出生，以翻译为业。", "{name}（生于{year}年）来自{city}，曾在剧院工作。")
ASKED = (
    ("《{work}》的{made}出生在哪座城市？", "city"),
    ("{work}的{made}毕业于哪所学校？", "school"),
    ("《{work}》的{made}的父亲是做什么的？", "job"),
    ("《{work}》的{made}的配偶是谁？", "spouse"),
    ("《{work}》的{made}的配偶是哪里人？", "spouse city"),
    ("《{work}》的{made}哪一年出生？", "year"),
)
OF_COUNTRY = (
    ("{name}唯一的陆上邻国的首都是哪里？", "capital"),
    ("{name}唯一的邻国使用什么货币？", "currency"),
    ("与{name}接壤的国家的国际域名缩写是什么？", "domain"),
)


class Hops(NamedTuple):
    text: str
    answer: str
    gold: tuple[str, ...]
    """Titles of the documents that the answer needs."""


def made() -> tuple[dict[str, str], list[Hops]]:
    """Title to text of every document, and the questions; the same each time."""
    works, asked = _works(random.Random(9))
    countries, asked_of_countries = _countries()
    return {**works, **countries}, [*asked, *asked_of_countries]


def collection() -> Collection:
    texts, asked = made()
    rows = [{"id": title, "title": title, "text": text} for title, text in texts.items()]
    relevant = [Qrel(str(n), title, 1) for n, one in enumerate(asked) for title in one.gold]
    return Collection(rows, {str(n): one.text for n, one in enumerate(asked)}, relevant, [nDCG @ 10], "")


def _name(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return f"{rng.choice(GIVEN)}·{rng.choice(FAMILY)}"
    return rng.choice(SURNAMES) + "".join(rng.sample(CHARACTERS, rng.choice((1, 2))))


def _works(rng: random.Random) -> tuple[dict[str, str], list[Hops]]:
    texts: dict[str, str] = {}
    asked = []
    titles = [opening + thing for opening in OPENINGS for thing in THINGS]
    names = list(dict.fromkeys(_name(rng) for _ in range(400)))
    for number, work in enumerate(rng.sample(titles, 72)):
        name, spouse, father = names.pop(), names.pop(), names.pop()
        kind = list(MADE)[number % 3]
        told = {"work": work, "name": name, "spouse": spouse, "father": father, "city": rng.choice(CITIES)}
        told |= {"school": rng.choice(SCHOOLS), "job": rng.choice(JOBS)}
        told |= {"year": str(rng.randint(1900, 1985)), "year2": str(rng.randint(1990, 2005))}
        other = {"name": spouse, "city": rng.choice(CITIES), "year": str(rng.randint(1900, 1985))}
        texts[work] = rng.choice(MADE[kind]).format(**{**told, "year": str(rng.randint(1990, 2015))})
        texts[name] = rng.choice(LIVES).format(**told)
        texts[spouse] = rng.choice(OTHERS).format(**other)
        question, wanted = ASKED[number // 3 % len(ASKED)]
        gold = (work, name, spouse) if wanted == "spouse city" else (work, name)
        answer = other["city"] if wanted == "spouse city" else told[wanted]
        asked.append(Hops(question.format(work=work, made=kind), answer, gold))
    return texts, asked


def _countries() -> tuple[dict[str, str], list[Hops]]:
    rows = {row["cca3"]: row for row in json.loads((DATA / "kg_countries/countries.json").read_text(encoding="utf-8"))}
    names = {code: row["translations"]["zho"]["common"] for code, row in rows.items()}
    texts, asked = {}, []
    for code, row in rows.items():
        told = {
            "capital": "、".join(row["capital"]),
            "currency": "、".join(one["name"] for one in row["currencies"].values()),
            "domain": "、".join(row["tld"]),
        }
        beside = "、".join(names[other] for other in row["borders"])
        borders = f"陆地上与{beside}相邻。" if beside else "四面环海。"
        texts[names[code]] = (
            f"{names[code]}（{row['name']['common']}），面积{row['area']:,}平方公里。{borders}"
            f"首都设在{told['capital']}。通行货币为{told['currency']}，国际域名缩写为{told['domain']}。"
        )
        if len(row["borders"]) == 1:
            neighbour = rows[row["borders"][0]]
            question, wanted = OF_COUNTRY[len(asked) % len(OF_COUNTRY)]
            answers = {
                "capital": "、".join(neighbour["capital"]),
                "currency": "、".join(one["name"] for one in neighbour["currencies"].values()),
                "domain": "、".join(neighbour["tld"]),
            }
            gold = (names[code], names[neighbour["cca3"]])
            if answers[wanted]:
                asked.append(Hops(question.format(name=names[code]), answers[wanted], gold))
    return texts, asked
