"""Readers of knowledge graphs: Wikidata5m, CN-DBpedia, N-Triples, any table of triples, and two small graphs.

A reader is a function of a path and a GraphBuilder. A line that cannot be used is counted and named, and left out.
"""

import bz2
import gzip
import json
import lzma
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast

import babel
from babel.core import get_global

from ..errors import UserError
from ..plugins import Registry
from .generation import words_of
from .graph import KnowledgeGraph
from .graph_builder import GraphBuilder

Reader = Callable[[Path, GraphBuilder], None]
READERS: Registry[Reader] = Registry(
    "graph_formats",
    {
        name: f"deepresearch.synthesis.triples:read_{name}"
        for name in ("tsv", "ntriples", "wikidata5m", "cndbpedia", "countries", "wordnet")
    },
)
LONGEST_LINE = 1 << 20
LONGEST_NAME = 120
"""Characters; a longer value is a text."""
_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_TERM = r"(<[^<>\s]*>|_:\S+)"
_N_TRIPLE = re.compile(
    rf'\s*{_TERM}\s+(<[^<>\s]*>)\s+(?:{_TERM}|"((?:[^"\\]|\\.)*)"(?:@([\w-]+)|\^\^<[^>]*>)?)\s*\.\s*(?:#.*)?'
)
_LABELS = ("rdf-schema#label", "core#prefLabel", "core#altLabel", "schema.org/name")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_PLAIN = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}
_BRACKETS = re.compile(r"[（(][^（()）]*[）)]$")
_MEANINGS = re.compile(r"\S {3}\S")
_OF_NOUNS = frozenset({"_instance_hypernym", "_has_part", "_member_meronym"})
_NOUN_GLOSS = re.compile(r"[^,]*, (?:\([\w ]+\) )?(?:an?|the|any|one of) ")


def build_graph(paths: list[Path], folder: Path, form: str = "auto", sources: Any = None) -> KnowledgeGraph:
    """Read `paths` into the graph in `folder`. form: a name in READERS, or auto.

    Raises UserError for a path that cannot be read or holds no triple, SettingsError for an unknown form.
    """
    builder = GraphBuilder(folder)
    try:
        for path in paths:
            READERS.get(form_of(path) if form == "auto" else form)(path, builder)
        return builder.finish(sources)
    except BaseException:  # of any kind: no half-built graph stays
        builder.abandon()
        raise


def form_of(path: Path) -> str:
    """Which reader a file or folder is for, by its names."""
    names = {file.name for file in path.iterdir()} if path.is_dir() else {path.name}
    if "countries.json" in names:
        return "countries"
    if "entity2text.txt" in names:
        return "wordnet"
    if any(name.startswith("wikidata5m") for name in names):
        return "wikidata5m"
    if any(".nt" in Path(name).suffixes for name in names):
        return "ntriples"
    return "cndbpedia" if any("baike" in name for name in names) else "tsv"


def read_tsv(path: Path, into: GraphBuilder) -> None:
    """Lines of head, relation and tail between tabs; the keys are the names. A tail that is a number is one."""
    for _, (head, relation, tail) in _rows(path, into, 3):
        _take_named(into, (head, relation, tail), "")


def read_cndbpedia(path: Path, into: GraphBuilder) -> None:
    """As `read_tsv`, Chinese; a bracket at the end of a key tells namesakes apart, and is no part of the name."""
    for _, row in _rows(path, into, 3):
        _take_named(into, (row[0], row[1].strip(": ："), row[2]), "zh")


def _take_named(into: GraphBuilder, row: tuple[str, str, str], language: str) -> None:
    head, relation, tail = (part.strip() for part in row)
    number = _NUMBER.fullmatch(tail)
    if not number and len(tail) > LONGEST_NAME:
        into.skipped["values that are texts"] += 1
        return
    for key in (head,) if number else (head, tail):
        if key not in into.entities:
            into.add_name(key, language, _BRACKETS.sub("", key) or key)
    if number:
        into.add_number(head, relation, float(tail))
    else:
        into.add(head, relation, tail)


def read_wikidata5m(path: Path, into: GraphBuilder) -> None:
    """The files of Wikidata5m: triples (*triplet*, *train*, *valid*, *test*), names (*entity*, *relation*).

    Names of a folder `zh` or with `.zh.` in the file's name are Chinese, all others English.
    """
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    triples = [f for f in files if re.search(r"triplet|_train|_valid|_test", f.name)]
    for file in triples:
        for _, (head, relation, tail) in _rows(file, into, 3):
            into.add(head, relation, tail)
    for file in files:
        if "entity" not in file.name and "relation" not in file.name:
            continue
        language = "zh" if ".zh." in file.name or file.parent.name == "zh" else "en"
        for place, (key, *names) in _rows(file, into, 0):
            if not names:
                into.problem(place, "no name")
            elif "relation" in file.name:
                into.label(key, names[0])
            else:
                for name in names:
                    into.add_name(key, language, name, known_only=True)


def read_ntriples(path: Path, into: GraphBuilder) -> None:
    """N-Triples; labels become names, numbers numbers, and other literals are left out."""
    files = [f for f in sorted(path.rglob("*")) if ".nt" in f.suffixes] if path.is_dir() else [path]
    for file in files:
        for place, line in _lines(file, into):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            found = _N_TRIPLE.fullmatch(line)
            if not found:
                into.problem(place, "not a triple")
                continue
            head, relation, tail, literal, language = found.groups()
            head, relation = head.strip("<>"), relation.strip("<>")
            into.label(relation, re.split(r"[/#]", relation)[-1].replace("_", " "))
            if tail is not None:
                into.add(head, relation, tail.strip("<>"))
            elif relation.endswith(_LABELS):
                into.add_name(head, (language or "").split("-")[0].lower(), _unescaped(literal))
            elif _NUMBER.fullmatch(literal):
                into.add_number(head, relation, float(literal))
            else:
                into.skipped["values that are texts"] += 1


def _unescaped(literal: str) -> str:
    def read(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        return chr(int(code, 16)) if code else _PLAIN.get(found[3], found[3])

    return _ESCAPE.sub(read, literal)


ISO = {"deu": "de", "fra": "fr", "spa": "es", "zho": "zh", "ita": "it", "jpn": "ja", "rus": "ru", "por": "pt"}
"""Languages of the names of countries, by their three letters."""


def read_countries(path: Path, into: GraphBuilder) -> None:
    """countries.json of mledoze/countries: borders, capitals, languages, currencies, regions, codes, areas."""
    file = path / "countries.json" if path.is_dir() else path
    try:
        countries = json.loads(file.read_bytes())
    except ValueError as error:
        raise UserError(f"{file} is not JSON: {error}.", "Take countries.json of mledoze/countries.") from error
    for name, chinese in words_of("countries", "zh")["classes"].items():
        into.add_name(f"class:{name}", "en", name)
        into.add_name(f"class:{name}", "zh", chinese)
    independent = [country for country in countries if country.get("independent")]
    languages = {item for country in independent for item in country.get("languages", {}).items()}
    for code, name in sorted(languages, key=lambda item: (item[1] != _language_name(item[0], "en"), item)):
        into.add_name(f"lang:{code}", "en", name)  # where countries call a language differently
    for country in independent:
        _read_country(country, {c["cca3"] for c in independent}, into)


def _language_name(code: str, language: str) -> str:
    """What a language is called in a language, as the Unicode project has it; empty where it has none."""
    return str(babel.Locale(language).languages.get(get_global("language_aliases").get(code, code), ""))


def _read_country(country: dict[str, Any], known: set[str], into: GraphBuilder) -> None:
    code = country["cca3"]
    into.add(code, "instance of", "class:country")
    names = country["name"]
    into.add_name(code, "en", names["common"])
    into.add_name(code, "en", names["official"])
    for language, name in country.get("translations", {}).items():
        if language in ISO:
            into.add_name(code, ISO[language], name["common"])
            into.add_name(code, ISO[language], name["official"])
    for other in country.get("borders", []):
        if other in known:
            into.add(code, "borders", other)
    things: list[tuple[str, str, str, str]] = [
        ("region", "region", f"region:{country['region']}", country["region"]),
        ("subregion", "subregion", f"subregion:{country['subregion']}", country["subregion"]),
        *(("capital", "city", f"city:{city}/{code}", city) for city in country.get("capital", [])),
        *(("official language", "language", f"lang:{k}", v) for k, v in country.get("languages", {}).items()),
        *(("currency", "currency", f"money:{k}", v["name"]) for k, v in country.get("currencies", {}).items()),
        *(("internet domain", "internet domain", f"tld:{tld}", tld) for tld in country.get("tld", [])[:1]),
    ]
    root, suffixes = country.get("idd", {}).get("root", ""), country.get("idd", {}).get("suffixes", [])
    if root and len(suffixes) == 1:
        things.append(("calling code", "calling code", f"tel:{root}{suffixes[0]}", f"{root}{suffixes[0]}"))
    for relation, kind, key, name in things:
        if name and key.split(":")[1]:
            into.add(code, relation, key)
            into.add(key, "instance of", f"class:{kind}")
            into.add_name(key, "" if relation in ("internet domain", "calling code") else "en", name)
            if chinese := _chinese_name(relation, key.split(":")[1], name):
                into.add_name(key, "zh", chinese)
    if country.get("area", 0) > 0:
        into.add_number(code, "area", country["area"])
    into.add_number(code, "number of neighbours", sum(other in known for other in country.get("borders", [])))


def _chinese_name(relation: str, code: str, name: str) -> str:
    """The Chinese name of a language, currency or region, as the Unicode project has it; empty where it has none."""
    if relation == "official language":
        return _language_name(code, "zh")
    if relation == "currency":
        return str(babel.Locale("zh").currencies.get(code, ""))
    return str(words_of("countries", "zh")["regions"].get(name, ""))


def read_wordnet(path: Path, into: GraphBuilder) -> None:
    """WN18RR: train, valid and test triples, and entity2text.txt with a word and its gloss per synset.

    A key with several glosses stands for synsets of several parts of speech, and is left out. Hypernyms of verbs are
    the relation _verb_hypernym, so that they can be worded.
    """
    glosses = {key: text for _, (key, text) in _rows(path / "entity2text.txt", into, 2)}
    triples = [row for part in ("train", "valid", "test") for _, row in _rows(path / f"{part}.txt", into, 3)]
    clear = [row for row in triples if not any(_MEANINGS.search(glosses.get(key, "")) for key in (row[0], row[2]))]
    into.skipped["triples of keys with several meanings"] += len(triples) - len(clear)
    nouns = _nouns(clear, glosses)
    for head, relation, tail in clear:
        into.add(head, "_verb_hypernym" if relation == "_hypernym" and head not in nouns else relation, tail)
    for key, text in glosses.items():
        if word := text.partition(",")[0].strip():
            into.add_name(key, "en", word, known_only=True)
        else:
            into.problem(f"entity2text.txt: {key}", "no word before the gloss")


def _nouns(triples: Sequence[Sequence[str]], glosses: Mapping[str, str]) -> set[str]:
    """The nouns: joined by hypernyms to a synset that has parts, members or instances, or is explained as a noun is."""
    joined: dict[str, list[str]] = {}
    open_: list[str] = []
    for head, relation, tail in triples:
        if relation == "_hypernym":
            joined.setdefault(head, []).append(tail)
            joined.setdefault(tail, []).append(head)
        elif relation in _OF_NOUNS:
            open_ += [head, tail]
    open_ += [key for key in joined if _NOUN_GLOSS.match(glosses.get(key, ""))]
    nouns: set[str] = set()
    while open_:
        if (key := open_.pop()) not in nouns:
            nouns.add(key)
            open_ += joined.get(key, [])
    return nouns


def _rows(path: Path, into: GraphBuilder, fields: int) -> Iterator[tuple[str, list[str]]]:
    """Place and fields of every line of that many fields (0: any number above none)."""
    for place, line in _lines(path, into):
        row = line.rstrip("\r\n").split("\t")
        if len(row) == fields and "" in map(str.strip, row):
            into.problem(place, "an empty field")
        elif len(row) == fields or (not fields and row[0]):
            yield place, row
        elif line.strip():
            into.problem(place, f"{len(row)} fields between tabs, not {fields}")


def _lines(path: Path, into: GraphBuilder) -> Iterator[tuple[str, str]]:
    """Place and text of every line of a file, unpacked by its ending. Raises UserError where it cannot be read."""
    opener: Any = _OPENERS.get(path.suffix, open)
    name = path.name
    try:
        with cast("IO[bytes]", opener(path, "rb")) as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), 1):
                try:
                    yield f"{name}:{number}", line.decode()
                except UnicodeDecodeError:
                    into.problem(f"{name}:{number}", "not UTF-8")
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise UserError(f"{path} cannot be read: {error}.", "Check the file.") from error
