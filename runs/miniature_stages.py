"""The miniature's stages: what each learns from, by what settings, and the checkpoint that it leaves.

One file, since the stages share sizes, data and variants, and are read in the order in which they run.
"""

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import torch

from deepresearch.library import LibraryProvider
from deepresearch.library.authority import Authority
from deepresearch.synthesis.records import SyntheticTask
from deepresearch.training.checkpoints import Checkpoint, load_checkpoint, new_model, save_checkpoint
from deepresearch.training.compact import MARKS, CompactDialect
from deepresearch.training.engine import LocalEngine
from deepresearch.training.episodes import EpisodeOptions
from deepresearch.training.packing import Batch, hidden_states
from deepresearch.training.policy import LocalPolicy
from deepresearch.training.ppo_trainer import PPOOptions, PPOTrainer
from deepresearch.training.records import ResearchTask, TokenSample
from deepresearch.training.rewards import OUTCOME_ONLY, RewardOptions
from deepresearch.training.supervised import SupervisedOptions, train
from deepresearch.trajectory import Event

from .copying import COPIED, free_words, name_ids, prepare_copying, renamed, repeated, word_tokenizer
from .miniature_lessons import Lesson, atomic, copying, ids_of, reading, text_of
from .miniature_measure import Arena, CountTokens, FailingSource, Outcome, arena_settings
from .miniature_page import transcript
from .miniature_tasks import Group, TaskMaker, held_out_paths, make_tasks, write_tasks
from .miniature_teacher import Teacher
from .miniature_world import RELATIONS, SITES, Lexicon, World, build_library, make_world, write_authority

PASSAGES = 4
"""Of one search."""
TEST: tuple[Group, ...] = ("seen", "entities", "paths")
DECISIVE = 4.0
"""Weight of a token that decides."""
OUTCOMES = "outcomes.json"
"""Beside the checkpoint of a stage: its measurement."""
MEASURED = 40
"""Samples that a supervised stage does not learn, at most a fifth."""
LONGEST_TURN = 160
"""Tokens."""
MINI_BATCHES = 2
"""Steps of the optimizer in each epoch of PPO."""
TEMPERATURE = 0.6
"""Of the tries that PPO learns from: at 1 so small a model errs by words drawn by chance, never the same twice."""
GROUP = 4
"""Tries of a task that GRPO compares."""
RECOVERY = frozenset({"after an error", "in other words"})
"""Kinds of lessons that teach to recover."""


@dataclass(frozen=True)
class Sizes:
    """How much of everything; the whole run takes about twenty minutes on two quiet cores."""

    width: int = 128
    layers: int = 4
    heads: int = 4
    context: int = 1280
    made_up: int = 320
    """Countries that do not exist, for training."""
    copying: int = 6_000
    """Texts of COPIED tokens."""
    reading: int = 8_000
    atomic: int = 12_000
    trajectories: int = 1_800
    epochs: int = 2
    """Of supervised fine-tuning."""
    ppo_updates: int = 20
    episodes: int = 64
    """Of one update of PPO."""
    ppo_epochs: int = 1
    test: int = 50
    """Tasks of each of the three groups."""
    by_command: int = 3
    """Of these, how many also go through `deepresearch run`."""
    rate_mid: float = 2e-3
    rate_sft: float = 1e-3
    rate_ppo: float = 1e-4


QUICK = Sizes(
    width=64, layers=3, made_up=64, copying=1_500, reading=600, atomic=600, trajectories=150,
    epochs=2, ppo_updates=2, episodes=16, test=12, by_command=1,
)  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """What one run of the pipeline leaves out or does otherwise."""

    name: str = "full"
    mid_training: bool = True
    fine_tuning: bool = True
    recovery: bool = True
    process_rewards: bool = True
    algorithm: Literal["ppo", "grpo"] = "ppo"


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant(),
        Variant("no mid-training", mid_training=False),
        Variant("no fine-tuning", fine_tuning=False),
        Variant("outcome reward", process_rewards=False),
        Variant("no recovery data", recovery=False),
        Variant("GRPO", algorithm="grpo"),
    )
}


@dataclass
class Data:
    """The closed web and its tasks, the same for all seeds of training."""

    folder: Path
    world: World
    arena: Arena
    """The whole web: where policies are measured."""
    school: Arena
    """The web of training, without a word of what is held out."""
    whole: TaskMaker
    part: TaskMaker
    """What is known of the passages of the two."""
    tasks: dict[Group, list[SyntheticTask]]
    lexicon: Lexicon

    def test(self) -> list[SyntheticTask]:
        """The held-out tasks."""
        return [task for group in TEST for task in self.tasks[group]]

    def teach(self, tasks: Sequence[SyntheticTask], recovers: bool = True) -> list[Outcome]:
        """The teacher's runs in the web of training."""
        pages = self.part.pages
        return self.school.run(tasks, lambda task, tools, settings: Teacher(task, pages, PASSAGES, recovers), no_tokens)


def no_tokens(events: Sequence[Event]) -> int:
    """For runs whose tokens are not counted."""
    return 0


def make_data(folder: Path, source: Path | None, sizes: Sizes) -> Data:
    """World, libraries and tasks. Of those to measure with only what the teacher can solve is kept."""
    world = make_world(source, sizes.made_up)
    whole = build_library(world, ("train", "dev", "test"), folder, "web")
    part = build_library(world, ("train",), folder, "school")
    authority = Authority.load(write_authority(folder / "authority.csv"))
    settings = arena_settings(folder)
    arenas = [Arena(LibraryProvider(library, authority), authority, settings) for library in (whole, part)]
    makers = [TaskMaker(world, whole, folder / "all"), TaskMaker(world, part, folder / "part")]
    wanted: dict[Group, int] = {
        "train": sizes.trajectories + sizes.ppo_updates * sizes.episodes,
        "dev": sizes.test, "seen": sizes.test, "entities": sizes.test, "paths": sizes.test,
    }  # fmt: skip
    tasks: dict[Group, list[SyntheticTask]] = {}
    for group, count in wanted.items():
        file = folder / f"tasks-{group}.jsonl"
        if file.exists():
            tasks[group] = [SyntheticTask.model_validate_json(line) for line in file.open(encoding="utf-8")]
            continue
        maker, arena = (makers[1], arenas[1]) if group == "train" else (makers[0], arenas[0])
        drawn = list(make_tasks(maker, world, group, count + count // 8, seed=0))
        if group != "train":
            drawn = solvable(drawn, maker, Arena(arena.provider, authority, settings, errors=0.0))
        tasks[group] = write_tasks(drawn[:count], file)
    return Data(folder, world, *arenas, *makers, tasks, world.lexicon())


def solvable(tasks: Sequence[SyntheticTask], maker: TaskMaker, arena: Arena) -> list[SyntheticTask]:
    """The tasks of which the teacher meets every rubric where no search fails."""
    runs = arena.run(tasks, lambda task, tools, settings: Teacher(task, maker.pages, PASSAGES), no_tokens)
    return [task for task, run in zip(tasks, runs, strict=True) if run.all_rubrics]


@dataclass
class Student:
    """A model on its way through the stages."""

    model: Any
    dialect: CompactDialect
    folder: Path

    def save(self, name: str) -> Path:
        """Write the checkpoint of a stage."""
        folder = self.folder_of(name)
        save_checkpoint(folder, self.model, self.dialect.tokenizer, self.dialect)
        return folder

    def folder_of(self, stage: str) -> Path:
        """Where the checkpoint of a stage is."""
        return self.folder / stage.replace(" ", "-")

    def tokens(self, events: Sequence[Event]) -> int:
        """Tokens of a whole run as this dialect writes it."""
        return sum(len(sample.ids) for sample in self.dialect.samples(events))

    def measure(self, arena: Arena, tasks: Sequence[SyntheticTask]) -> list[Outcome]:
        """How the model does on tasks, greedily."""
        engine = LocalEngine(self.model, slots=64, context=self.model.config.max_position_embeddings)
        policy = lambda task, tools, settings: LocalPolicy(engine, self.dialect, temperature=0.0, max_new=LONGEST_TURN)  # noqa: E731
        return arena.run(tasks, policy, self.tokens)


def new_student(sizes: Sizes, seed: int, folder: Path, lexicon: Lexicon) -> Student:
    """An untrained model, and a tokenizer for the words of lessons and names."""
    rng = random.Random(f"tokenizer {seed}")
    lessons = [*reading(rng, 300, PASSAGES, lexicon), *atomic(rng, 900, PASSAGES, lexicon, training_paths(), 0.08)]
    tokenizer = word_tokenizer([*map(text_of, lessons), *lexicon.words], MARKS)
    model = new_model(len(tokenizer), sizes.width, sizes.layers, sizes.heads, sizes.context, seed)
    prepare_copying(model, seed)
    return Student(model, CompactDialect(tokenizer, k=PASSAGES), folder)


def training_paths() -> list[tuple[str, ...]]:
    """The paths that may be learnt from."""
    return [path for path, split in held_out_paths().items() if split == "train"]


def samples_of(lessons: Iterable[Lesson], student: Student) -> Iterator[TokenSample]:
    """Lessons as tokens. One that decides weighs more: what follows a relation in a thought, the number of a source."""
    tokenizer = student.dialect.tokenizer
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)  # noqa: E731
    relations = tuple(words for relation in RELATIONS.values() for words in relation.words)
    for lesson in lessons:
        ids, weights = ids_of(lesson, encode, tokenizer.convert_tokens_to_ids)
        words = [word.lstrip("Ġ") for word in tokenizer.convert_ids_to_tokens(ids)]
        mark = ""
        for place in range(1, len(ids)):
            before = " ".join(words[max(0, place - 5) : place]).removesuffix(" of")
            is_found = mark == "<|think|>" and before.endswith(relations) and words[place] != "of"
            is_number = words[place].isdigit() and (words[place - 1].endswith("[") or words[place - 1].isdigit())
            if weights[place] == 1.0 and (is_number or is_found):
                weights[place] = DECISIVE
            mark = words[place] if words[place] in MARKS else mark
        yield TokenSample(ids, weights, kind=lesson.kind)


def first_lessons(sizes: Sizes, seed: int, lexicon: Lexicon) -> Iterator[Lesson]:
    """Mid-training I after copying: pairs and pages to read; no tools."""
    rng = random.Random(f"mid 1 {seed}")
    yield from copying(rng, sizes.reading // 4, lexicon.words)
    yield from reading(rng, sizes.reading, PASSAGES, lexicon)


def second_lessons(sizes: Sizes, seed: int, lexicon: Lexicon, recovery: bool) -> Iterator[Lesson]:
    """Mid-training II: single decisions of research with tools."""
    rng = random.Random(f"mid 2 {seed}")
    errors = 0.08 if recovery else 0.0
    for lesson in atomic(rng, sizes.atomic, PASSAGES, lexicon, training_paths(), errors):
        if recovery or lesson.kind not in RECOVERY:
            yield lesson


@dataclass
class Recipe:
    """One run of the pipeline with one seed: a checkpoint, a curve and a measurement after each stage.

    What a variant has in common with the full pipeline it takes from there.
    """

    data: Data
    sizes: Sizes
    seed: int
    folder: Path
    tell: Callable[[str], None]
    variant: Variant = field(default_factory=Variant)
    full: Path | None = None
    """Folder of the full pipeline's run with this seed."""
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    """Tokens that each supervised stage has learnt from."""

    def run(self) -> "Recipe":
        """All stages of the variant; a result that is there already is read. Raises TrainingError."""
        torch.manual_seed(self.seed)
        variant = self.variant
        if variant.name == "full":
            student = self.mid_training(new_student(self.sizes, self.seed, self.folder, self.data.lexicon))
            self.fine_tuning(student)
        elif not variant.mid_training:
            student = new_student(self.sizes, self.seed, self.folder, self.data.lexicon)
            self.fine_tuning(student)
        elif not variant.fine_tuning:
            student = self.taken("mid-training II")
        elif not variant.recovery:
            student = self.taken("mid-training I")
            self.second_lessons(student)
            self.fine_tuning(student)
        else:
            student = self.taken("fine-tuning")
        self.reinforce(student)
        return self

    def taken(self, stage: str) -> Student:
        """The full pipeline's model after a stage."""
        assert self.full is not None
        checkpoint = load_checkpoint(self.full / stage.replace(" ", "-"))
        return Student(checkpoint.model, checkpoint.dialect, self.folder)

    def mid_training(self, student: Student) -> Student:
        """Copying and reading, then single decisions."""
        if not self.is_done(student, "mid-training I"):
            began = time.monotonic()
            texts = repeated(self.sizes.copying, free_words(student.dialect.tokenizer), self.seed)
            self.learn(student, "copying", texts, self.sizes.rate_mid)
            lessons = first_lessons(self.sizes, self.seed, self.data.lexicon)
            self.learn(student, "mid-training I", samples_of(lessons, student), self.sizes.rate_mid)
            self.finish(student, "mid-training I", began)
        self.second_lessons(student)
        return student

    def second_lessons(self, student: Student) -> None:
        """Mid-training II."""
        if not self.is_done(student, "mid-training II"):
            began = time.monotonic()
            lessons = second_lessons(self.sizes, self.seed, self.data.lexicon, self.variant.recovery)
            self.learn(student, "mid-training II", samples_of(lessons, student), self.sizes.rate_mid)
            self.finish(student, "mid-training II", began)

    def fine_tuning(self, student: Student) -> None:
        """Whole runs of the teacher; without mid-training so often that as many tokens are read."""
        if not self.is_done(student, "fine-tuning"):
            began = time.monotonic()
            epochs = self.sizes.epochs if self.variant.mid_training else self._equal_epochs(student)
            self.learn(student, "fine-tuning", self.trajectories(student, epochs), self.sizes.rate_sft)
            self.finish(student, "fine-tuning", began)

    def is_done(self, student: Student, stage: str) -> bool:
        """Whether an earlier run of the same command has carried a stage out; the student is then as after it."""
        folder = student.folder_of(stage)
        if not (folder / "config.json").exists():
            return False
        student.model.load_state_dict(load_checkpoint(folder).model.state_dict())
        file = folder / OUTCOMES
        if not file.exists():
            write_result(file, {stage: student.measure(self.data.arena, self.data.test())})
        found, known = read_result(file)
        self.outcomes |= found
        self.seconds |= known.get("seconds", {})
        self.tokens |= known.get("tokens", {})
        return True

    def learn(self, student: Student, stage: str, samples: Iterable[TokenSample], rate: float) -> None:
        """Train on samples, a few left out to measure with."""
        listed = list(samples)
        random.Random(0).shuffle(listed)
        few = min(MEASURED, len(listed) // 5)
        learnt, left = listed[few:], listed[:few]
        self.tokens[stage] = sum(len(sample.ids) for sample in learnt)
        options = SupervisedOptions(
            context=self.sizes.context, rows=1, learning_rate=rate, warmup=30, weight_decay=0.05,
            precision="bfloat16", save_every=10**9, evaluate_every=100, seed=self.seed,
        )  # fmt: skip
        evaluate = lambda model, update: {"decisions": decisions_right(model, left)}  # noqa: E731
        train(student.model, learnt, options, self.curve_folder(stage), evaluate, progress=self.tell)

    def curve_folder(self, stage: str) -> Path:
        """Where the curve of a stage is."""
        return self.folder / "curves" / stage.replace(" ", "-")

    def finish(self, student: Student, stage: str, began: float) -> None:
        """Save the checkpoint and measure it on the test."""
        student.save(stage)
        self.seconds[stage] = time.monotonic() - began
        self.outcomes[stage] = student.measure(self.data.arena, self.data.test())
        measured = time.monotonic() - began - self.seconds[stage]
        known = {"seconds": {stage: self.seconds[stage]}, "tokens": dict(self.tokens)}
        write_result(student.folder_of(stage) / OUTCOMES, {stage: self.outcomes[stage]}, known)
        right = sum(outcome.right for outcome in self.outcomes[stage]) / len(self.outcomes[stage])
        self.tell(f"{stage}: {self.seconds[stage]:.0f} s and {measured:.0f} s to measure, answers {right:.3f}")

    def trajectories(self, student: Student, epochs: int) -> list[TokenSample]:
        """The teacher's runs that are right in every rubric; without recovery data only those where nothing fails.

        Each epoch has them under other names, or the model would learn the few countries by heart and read no more.
        """
        runs = self.data.teach(self.data.tasks["train"][: self.sizes.trajectories])
        kept = [run for run in runs if run.all_rubrics]
        if not self.variant.recovery:
            kept = [run for run in kept if not run.failed_searches + run.missed]
        failing = sum(run.failed_searches + run.missed > 0 for run in kept)
        self.tell(f"{len(kept)} of {len(runs)} trajectories kept; in {failing} a search failed or brought nothing")
        samples = [sample for run in kept for sample in student.dialect.samples(run.events, "trajectory")]
        names = name_ids(student.dialect.tokenizer, self.data.lexicon.words, {site.name for site in SITES})
        rng = random.Random(f"names {self.seed}")
        return [renamed(sample, names, rng) for _ in range(epochs) for sample in samples]

    def reinforce(self, student: Student) -> None:
        """PPO, or GRPO in its place, on the training tasks, with the reward of the variant."""
        if self.is_done(student, "PPO"):
            return
        began = time.monotonic()
        sizes, school = self.sizes, self.data.school
        tries = GROUP if self.variant.algorithm == "grpo" else 1
        options = PPOOptions(
            algorithm=self.variant.algorithm,
            updates=sizes.ppo_updates,
            tasks=sizes.episodes // tries,
            tries=tries,
            critic_warmup=min(2, sizes.ppo_updates // 2),
            epochs=sizes.ppo_epochs,
            mini_batches=MINI_BATCHES,
            learning_rate=sizes.rate_ppo,
            critic_rate=4 * sizes.rate_ppo,
            save_every=10,
            seed=self.seed,
            episodes=EpisodeOptions(
                temperature=TEMPERATURE,
                max_new=LONGEST_TURN,
                at_once=sizes.episodes,
                tools=("batch_web_surfer",),
                reward=RewardOptions() if self.variant.process_rewards else OUTCOME_ONLY,
            ),
        )
        tasks = [ResearchTask.model_validate(task.model_dump(mode="json")) for task in self.data.tasks["train"]]
        sources = lambda episode: [FailingSource(school.source, f"{self.seed} {episode}")]  # noqa: E731
        checkpoint = Checkpoint(student.model, student.dialect.tokenizer, student.dialect, self.folder)
        trainer = PPOTrainer(checkpoint, tasks, sources, school.settings, options, self.curve_folder("PPO"))
        asyncio.run(trainer.train(progress=self.tell))
        self.finish(student, "PPO", began)

    def _equal_epochs(self, student: Student) -> int:
        """Epochs of fine-tuning that read as many tokens as all supervised stages of the full pipeline."""
        given = self.sizes, self.seed, self.data.lexicon
        lessons = [*first_lessons(*given), *second_lessons(*given, recovery=True)]
        before = sum(len(sample.ids) for sample in samples_of(lessons, student)) + COPIED * self.sizes.copying
        runs = sum(len(sample.ids) for sample in self.trajectories(student, 1))
        return round(before / runs) + self.sizes.epochs


def decisions_right(model: Any, samples: Sequence[TokenSample]) -> float:
    """Share of the stretches with full weight of which the model would have said every token after the first, which
    marks what is due."""
    right: list[bool] = []
    with torch.no_grad():
        for sample in samples:
            batch = Batch.of([(sample.ids, sample.weights)], model.device)
            said = model.get_output_embeddings()(hidden_states(model, batch)).argmax(-1)
            hit = (said == batch.targets).tolist()
            wanted = [weight >= 1.0 for weight in batch.weights.tolist()]
            for is_wanted, places in groupby(range(len(hit)), wanted.__getitem__):
                if is_wanted and (rest := list(places)[1:]):
                    right.append(all(hit[place] for place in rest))
    return sum(right) / max(1, len(right))


def write_result(path: Path, outcomes: Mapping[str, Sequence[Outcome]], known: Mapping[str, Any] | None = None) -> None:
    """Write the outcomes of each stage, and the last stage's runs as text."""
    last = list(outcomes)[-1]
    record = {
        "outcomes": {stage: [asdict(replace(o, events=())) for o in found] for stage, found in outcomes.items()},
        "transcripts": {o.task: transcript(o.events) for o in outcomes[last]},
        **(known or {}),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record), encoding="utf-8")


def read_result(path: Path) -> tuple[dict[str, list[Outcome]], dict[str, Any]]:
    """The outcomes of each stage, and what else is known."""
    record = json.loads(path.read_text(encoding="utf-8"))
    return {stage: [Outcome(**row) for row in rows] for stage, rows in record.pop("outcomes").items()}, record


def token_counter(checkpoint: Path) -> CountTokens:
    """Counts the tokens of whole runs as the dialect of a checkpoint writes them, whoever made them."""
    dialect = load_checkpoint(checkpoint).dialect
    return lambda events: sum(len(sample.ids) for sample in dialect.samples(events))
