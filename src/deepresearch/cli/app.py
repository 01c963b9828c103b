"""The commands and their exit codes: 0 done, 1 failed, 2 wrong use, 3 ended by a limit with a partial report.

Each command's module is imported when the command is called, so that `--help` and completion stay quick.
"""

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any

from cyclopts import App, CycloptsError

from ..errors import DeepResearchError
from ..version import __version__
from . import judging, libraries, looking, replaying, running, sites, synth, train
from .doctor import doctor
from .terminal import discard, say

app = App(
    name="deepresearch",
    help="Turn an open question into a cited report whose every claim can be checked.",
    version=__version__,
    result_action="return_value",
)
app.command(running.run)
app.command(running.resume)
app.command(replaying.replay)
app.command(looking.show)
app.command(looking.list_runs, name="list")
for command in (looking.steer, looking.finish, looking.pause, looking.cancel, looking.delete):
    app.command(command)
app.command(looking.export)
app.command(looking.trajectory)
app.command(looking.import_file, name="import")
app.command(replaying.page)
app.command(libraries.index)
app.command(sites.authority)
app.command(judging.judge)
app.command(synth.synth)
app.command(train.train)
app.command(doctor)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what the terminal's encoding lacks is escaped, not fatal
            stream.reconfigure(errors="backslashreplace")
    try:
        code: Any = app(arguments, exit_on_error=False)
        sys.stdout.flush()
    except CycloptsError:  # cyclopts has printed what is wrong
        return 2
    except DeepResearchError as error:
        say(f"deepresearch: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        say("deepresearch: stopped.")
        return 1
    except BrokenPipeError:  # the reader of our output has gone, as with `| head`
        discard(sys.stdout)
        return 1
    except OSError as error:  # such as a full disk behind `> FILE`
        discard(sys.stdout)
        say(f"deepresearch: {error.filename or 'the output'}: {error.strerror or error}.")
        return 1
    return code if isinstance(code, int) else 0
