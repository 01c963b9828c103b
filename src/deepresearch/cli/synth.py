"""`synth`: research tasks with hidden answers, the runs that solve them, filters, and files for trainers."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from ..text.characters import one_line
from .options import Data, EndpointFlags, Limits, Names, Paths, Switch
from .synth_inputs import (
    AtOnce,
    Count,
    Libraries,
    Licence,
    Out,
    Seed,
    is_hyperlinked,
    open_graph,
    open_pages,
    open_providers,
    progress_lines,
    put_card,
    search_all,
    teaching_settings,
)
from .synth_routes import routes
from .terminal import put

Degrees = Annotated[tuple[int, int], Parameter(consume_multiple=True)]

synth = App(name="synth", help="Training data: tasks with hidden answers, runs that solve them, filters, exports.")
synth.command(routes, name="*")


@synth.command
def graph(
    sources: Annotated[list[Path], Parameter(consume_multiple=True)],
    /,
    *,
    out: Out,
    library: Libraries = None,
    web: Switch = False,
    count: Count = 100,
    seed: Seed = 0,
    languages: Annotated[list[Literal["en", "zh"]] | None, Parameter(consume_multiple=True, negative="")] = None,
    form: str = "auto",
    licence: Licence = "",
    seed_degrees: Degrees = (3, 10),
    sizes: Degrees = (10, 40),
    hub: int = 1000,
    data: Data | None = None,
) -> int:
    """Make tasks from a knowledge graph: questions by several steps with one answer in the whole graph.

    Every fact that a question needs has a passage of the library, or of the web, that states it. A graph without texts
    can have them made: `deepresearch synth pages`. What was interrupted is continued by the same command.

    Args:
        sources: Files and folders: Wikidata5m, CN-DBpedia, N-Triples, tables of triples (head, relation, tail between
            tabs).
        web: Search the web too.
        languages: Languages of the questions, in turn: en, zh.
        form: auto, tsv, ntriples, wikidata5m, cndbpedia, countries, wordnet, or one that an installed package adds.
        seed_degrees: Least and most edges of an entity from which a subgraph is grown.
        sizes: Least and most entities of a subgraph.
        hub: Edges above which an entity is not followed.
    """
    from ..synthesis.graph_route import GraphOptions, make_graph_tasks

    settings = teaching_settings("", data, web=web)
    known, files = open_graph(sources, form, licence, settings)
    options = GraphOptions(count, seed, tuple(languages or ["en"]), seed_degrees, sizes, hub, ", ".join(library or []))
    with search_all(settings, library) as search:
        return put_card(asyncio.run(make_graph_tasks(known, search, out, options, files, progress_lines())), out)


@synth.command
def walk(
    source: Path,
    /,
    *,
    out: Out,
    library: Libraries = None,
    count: Count = 100,
    seed: Seed = 0,
    language: Literal["en", "zh"] = "en",
    steps: int = 8,
    licence: Licence = "",
    data: Data | None = None,
) -> int:
    """Make tasks from hyperlinked pages: questions that only several pages together answer.

    The library must hold the pages' texts: `deepresearch synth pages` writes them for `deepresearch index build`.

    Args:
        source: MediaWiki dump (.xml, .xml.bz2), folder of HTML or Markdown, or the name of a library.
        language: Of the pages and questions.
        steps: Most pages of one walk.
    """
    from ..synthesis.walk_route import WalkOptions, make_walk_tasks

    settings = teaching_settings("", data)
    pages, files = open_pages(source, licence, settings)
    options = WalkOptions(count, seed, language, steps, ", ".join(library or []))
    try:
        with search_all(settings, library) as search:
            return put_card(asyncio.run(make_walk_tasks(pages, search, out, options, files, progress_lines())), out)
    finally:
        pages.close()


@synth.command
def pages(
    source: Path,
    /,
    *,
    out: Out,
    form: str = "auto",
    language: Annotated[list[Literal["en", "zh"]] | None, Parameter(consume_multiple=True, negative="")] = None,
    data: Data | None = None,
) -> int:
    """Write the texts of a source as a corpus for `deepresearch index build`.

    Args:
        source: Hyperlinked pages, as for `synth walk`, or a graph, as for `synth graph`, whose facts are put into
            sentences.
        form: auto, walk, or a form of `synth graph`.
        language: Of the pages; for a graph one or both.
    """
    from ..synthesis.graph_pages import write_pages
    from ..synthesis.triples import form_of

    settings = teaching_settings("", data)
    hyperlinked = form == "walk" or (form == "auto" and is_hyperlinked(source))
    if hyperlinked:
        store, _ = open_pages(source, "", settings)
        written = store.write_corpus(out, (language or ["en"])[0])
        store.close()
    else:
        known, _ = open_graph([source], form_of(source) if form == "auto" else form, "", settings)
        written = write_pages(known, out, language or ["en"])
    put(f"{written:,} pages in {out}. Next: deepresearch index build NAME {out}")
    return 0


@synth.command
def rollout(
    tasks: Path,
    /,
    *,
    out: Out,
    library: Libraries = None,
    web: Switch = False,
    teacher: str = "extractive",
    tries: int = 1,
    at_once: AtOnce = 32,
    rates: Path | None = None,
    ray: int | None = None,
    endpoint: EndpointFlags | None = None,
    limits: Limits | None = None,
    data: Data | None = None,
) -> int:
    """Let a policy work on every task of a file, many at once, and record each run.

    What was interrupted is continued by the same command. Searches that repeat are answered from a cache.

    Args:
        tasks: File of tasks.
        web: Search the web too, or what search.canned has in its place.
        teacher: extractive; oracle, which knows plan and answer; one-search, the baseline; chat, a served model.
        tries: Runs of each task.
        rates: Also write the tasks with the share of right tries here.
        ray: Spread the work over so many processes of a Ray cluster.
    """
    from ..synthesis.distributed import roll_out_on_ray
    from ..synthesis.rollouts import RolloutOptions, add_pass_rates, roll_out

    settings = teaching_settings(teacher, data, endpoint, limits, web)
    options = RolloutOptions(teacher, tries, at_once, ", ".join(library or []))
    with open_providers(settings, library) as providers:
        if ray:
            card = roll_out_on_ray(tasks, out, settings, options, ray, progress_lines())
        else:
            card = asyncio.run(roll_out(tasks, out, providers, settings, options, progress_lines()))
    if rates:
        add_pass_rates(tasks, out, rates)
    return put_card(card, out)


@synth.command(name="filter")
def filter_command(
    source: Path,
    /,
    *,
    out: Out,
    use: Names = None,
    suites: Paths = None,
    errors: float = 0.05,
    near: float = 0.8,
    most_passed: float = 0.5,
) -> int:
    """Keep the good of a file of rollouts or tasks; the card has figures before and after, and examples.

    Args:
        source: File of rollouts or tasks.
        use: Filters in their order; by default all that are for such a file: correct, shortest, citations, errors,
            loops, language, year, private, contamination, duplicates; for tasks difficulty.
        suites: Files and folders of evaluation suites, none of whose questions may be in the data.
        errors: Largest share of runs with a tool error.
        near: Similarity of near-duplicates, 0 to 1.
        most_passed: Largest pass rate of a task that is kept.
    """
    from ..synthesis.data_files import read_records
    from ..synthesis.filters import FOR_ROLLOUTS, FOR_TASKS, FilterOptions, filter_file

    first = next(read_records(source), {})
    names = use or (FOR_ROLLOUTS if "events" in first else FOR_TASKS)
    options = FilterOptions(errors=errors, near=near, suites=suites or (), most_passed=most_passed)
    card = filter_file(source, out, names, options, progress_lines())
    for report in card.filters:
        put(f"{report.name:15} {report.before:>8,} -> {report.after:>8,}")
    return put_card(card, out)


@synth.command
def export(source: Path, /, *, out: Out, to: str = "chat") -> int:
    """Write rollouts, or for verl tasks too, in the form that a trainer reads.

    Args:
        source: File of rollouts or tasks.
        to: chat (messages with loss masks), sharegpt, trl, verl, ids (token ids as sampled), or one of a package.
    """
    from ..synthesis.exports import export_file

    return put_card(export_file(source, out, to), out)


@synth.command
def show(
    source: Path,
    /,
    *,
    hidden: Switch = False,
    most: int = 20,
    out: Path | None = None,
    tasks: Path | None = None,
    suites: Paths = None,
) -> int:
    """Print the tasks or rollouts of a file, or write one page with all that is known of each.

    Args:
        source: File of tasks or rollouts.
        hidden: Print the hidden side too: plan, evidence, near misses.
        most: Records to print.
        out: Write an HTML page instead: hidden side, trajectory, rubrics, verdicts of the filters.
        tasks: File of tasks in which the hidden side of the rollouts is, for the page.
        suites: Evaluation suites, for the page: see `synth filter`.
    """
    from itertools import islice

    from ..synthesis.data_files import read_records

    if out:
        from ..synthesis.viewer import write_page

        put(f"{write_page(source, out, tasks, most, suites or ())} records in {out}")
        return 0
    for record in islice(read_records(source), most):
        put(f"{record.get('id') or record.get('run')}  {record['question']}")
        put(f"    {record['kind']}" if "messages" in record else f"    answer: {record['answer']}")
        if "events" in record:
            outcome = "right" if record["correct"] else "wrong"
            put(f"    {record['policy']}: {outcome}, {record['turns']} turns, {record['calls']} calls")
        elif hidden and "evidence" in record:
            put(f"    {record['level']}, {record['hops']} facts; not: {', '.join(record['distractors'])}")
            for step in record["plan"]:
                put(f"    - {step}")
            for passage in record["evidence"]:
                put(f"    [{passage['passage']}] {passage['title']}: {one_line(passage['fact'], 100)}")
    return 0


@synth.command
def card(source: Path, /) -> int:
    """Print the data card of a file.

    Args:
        source: File that `synth` has written.
    """
    from ..synthesis.data_files import read_card

    put(read_card(source).model_dump_json(indent=1))
    return 0
