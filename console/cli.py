"""The `offhook` command line: words, options and exit codes. What commands do is beside it.

Nothing heavy is imported before a command runs, so that `--help` and `--version` answer at once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from console.cli_server import register

_SHORT = """\
offhook: a call centre in one program, live or simulated.

  offhook demo                 watch a front desk at work: calls, queues, agents
  offhook sim run clinic       simulate a day, get its figures

offhook --help lists all commands."""

_ABOUT = """A call centre in one program: calls, menus, queues, agents; live or simulated.

\b
Examples:
  offhook demo
  offhook sim run clinic --replications 10
  offhook replay --days sun-thu --check
"""

_EXIT_CODES = """\b
Exit codes:
  0    all is well
  1    it failed
  2    the command is not written so
  3    a scenario, flow, plan or trace has a fault
  4    no server can be reached
  5    the targets of --check are missed
  130  interrupted (Ctrl-C)

\b
OFFHOOK_DEBUG=1 shows the traceback of a fault; NO_COLOR=1 turns colour off.
"""

_SETTINGS = {"help_option_names": ["-h", "--help"]}


def _group(about: str, epilog: str | None = None) -> typer.Typer:
    return typer.Typer(
        help=about,
        epilog=epilog,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=_SETTINGS,
    )


app = _group(_ABOUT, _EXIT_CODES)
sim = _group("Simulate a scenario, once or many times.")
journal = _group("Check a journal, or run its inputs again.")
app.add_typer(sim, name="sim")
app.add_typer(journal, name="journal")

Seed = Annotated[int, typer.Option(min=0, help="The seed: the same one, the same run.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")]


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        from importlib.metadata import version

        typer.echo(f"offhook {version('offhook')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def offhook(
    context: typer.Context,
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Print the short help when no command is named."""
    if context.invoked_subcommand is None:
        typer.echo(_SHORT)


@app.command()
def demo(
    *,
    headless: Annotated[
        bool, typer.Option("--headless", help="Tell what happens line by line.")
    ] = False,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.5, help="How long; 20 when headless, else until Ctrl-C."),
    ] = None,
    seed: Seed = 1,
    speed: Annotated[
        float, typer.Option(min=0.1, max=100, help="Seconds of the centre in each second.")
    ] = 12,
) -> int:
    """Watch a front desk at work: engine, switch, callers and agents in one process.

    \b
    Examples:
      offhook demo
      offhook demo --headless --seconds 20 --seed 7
    """  # noqa: D301 - \b keeps the lines of the examples
    from console.commands_demo import run_demo

    return run_demo(headless=headless, seconds=seconds, seed=seed, speed=speed)


@app.command()
def replay(
    file: Annotated[
        Path | None,
        typer.Argument(help="A trace: raw month or tidy CSV, plain or .gz. None: the one shipped."),
    ] = None,
    *,
    days: Annotated[
        str, typer.Option(help="Only these: sun-thu, 1999-01-03..1999-01-07, with commas.")
    ] = "",
    seed: Seed = 1,
    as_json: Json = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 5 when the replay misses its gate.")
    ] = False,
    journal_out: Annotated[
        Path | None, typer.Option("--journal", help="Write the journal of the run here.")
    ] = None,
) -> int:
    """Replay a recorded month through the whole centre, and compare the figures.

    \b
    Examples:
      offhook replay --check
      offhook replay january.txt.gz --days sun-thu --json
    """  # noqa: D301 - \b keeps the lines of the examples
    from console.commands_replay import run_replay
    from scenarios.days import EVERY_DAY, parse_days

    try:
        wanted = parse_days(days) if days else EVERY_DAY
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--days") from None
    return run_replay(
        file, wanted, seed=seed, as_json=as_json, check=check, journal_out=journal_out
    )


@app.command()
def lint(
    file: Annotated[
        str, typer.Argument(help="A queue plan or a scenario, or a shipped one: clinic, ….")
    ] = "",
    *,
    listing: Annotated[bool, typer.Option("--list", help="Print all checks.")] = False,
    explain: Annotated[str, typer.Option(help="Tell of one check, by its id.")] = "",
    as_json: Json = False,
) -> int:
    """Find what a plan says but hardly means: dead queues, starvation, steps in vain.

    \b
    Examples:
      offhook lint clinic
      offhook lint plans/centre.yaml --json
      offhook lint --explain P001
    """  # noqa: D301 - \b keeps the lines of the examples
    from console.commands_lint import explain_check, list_checks, run_lint

    if explain:
        return explain_check(explain)
    if listing:
        return list_checks(as_json=as_json)
    if not file:
        raise typer.BadParameter("a queue plan or a scenario, or --list", param_hint="FILE")
    return run_lint(file, as_json=as_json)


@app.command()
def explain(
    call: Annotated[
        str, typer.Argument(help="A call's id, its beginning or end, or its number.")
    ] = "",
    *,
    journal_in: Annotated[Path, typer.Option("--journal", help="The journal of the run.")],
    at: Annotated[str, typer.Option(help="Why it waits at this time of day: 14:03:22.")] = "",
    offer: Annotated[int | None, typer.Option(min=1, help="Only this offer.")] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Every candidate.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Find every pick again.")] = False,
    as_json: Json = False,
) -> int:
    """Tell why a call went as it did, or why it is still waiting.

    \b
    Examples:
      offhook explain 12 --journal run.jsonl --at 14:03:22
      offhook explain --journal run.jsonl --check
    """  # noqa: D301 - \b keeps the lines of the examples
    from console.commands_explain import run_check, run_explain, time_of_day

    if check == bool(call):
        raise typer.BadParameter("name a call, or write --check", param_hint="CALL")
    if check:
        return run_check(journal_in, as_json=as_json)
    try:
        moment = time_of_day(at) if at else None
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--at") from None
    return run_explain(call, journal_in, at=moment, offer=offer, as_json=as_json, show_all=show_all)


@sim.command("run")
def sim_run(
    scenario: Annotated[
        str, typer.Argument(help="A scenario file, or one that is shipped: clinic, front_desk, ….")
    ],
    *,
    replications: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many independent runs.")
    ] = 1,
    seed: Seed = 1,
    as_json: Json = False,
    journal_out: Annotated[
        Path | None, typer.Option("--journal", help="Write the journal of the run here.")
    ] = None,
) -> int:
    """Simulate a scenario and print its figures, with 95 % confidence intervals over the runs.

    \b
    Examples:
      offhook sim run clinic
      offhook sim run my_centre.yaml --replications 20 --seed 7 --json
    """  # noqa: D301 - \b keeps the lines of the examples
    if journal_out is not None and replications > 1:
        raise typer.BadParameter("a journal is of one run", param_hint="--journal")
    from console.commands_sim import run_sim

    return run_sim(
        scenario, replications=replications, seed=seed, as_json=as_json, journal_out=journal_out
    )


@journal.command("verify")
def journal_verify(file: Annotated[Path, typer.Argument(help="A journal.")]) -> int:
    """Check that a journal is whole: no line changed, missing, doubled or moved.

    \b
    Example:
      offhook journal verify run.jsonl
    """  # noqa: D301 - \b keeps the line of the example
    from console.commands_journal import run_verify

    return run_verify(file)


@journal.command("replay")
def journal_replay(file: Annotated[Path, typer.Argument(help="A journal.")]) -> int:
    """Give a journal's inputs to a fresh engine, and compare its events byte for byte.

    \b
    Example:
      offhook journal replay run.jsonl
    """  # noqa: D301 - \b keeps the line of the example
    from console.commands_journal import run_replay_of_journal

    return run_replay_of_journal(file)


register(app)


def main() -> int:
    """Run the command line; gives the exit code."""
    try:
        code = app(prog_name="offhook", standalone_mode=False)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as fault:  # noqa: BLE001 - no fault ends in a traceback
        from console.faults import tell

        return tell(fault)
    return int(code or 0)
