"""The commands of the server: `init`, `doctor`, `serve`, `pbx`, `key`, `schema`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option("--config", help="The server's file: `offhook init` writes.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]

Access = Annotated[Path, typer.Option("--access", help="The access file of a server.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (init, doctor, serve, pbx, schema):
        app.command()(command)
    key = typer.Typer(
        help="API keys: make one, list them, revoke one.",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    key.command("add")(key_add)
    key.command("list")(key_list)
    key.command("revoke")(key_revoke)
    key.command("password")(key_password)
    key.command("curve")(key_curve)
    app.add_typer(key, name="key")


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write.")] = Path(),
) -> int:
    """Write the files of a server, commented: what it serves, and where.

    \b
    Example:
      offhook init my_centre
    """  # noqa: D301 - \b keeps the line of the example
    from console.commands_init import run_init

    return run_init(folder)


def doctor(
    *,
    config: Annotated[
        Path | None, typer.Option("--config", help="A server's file, to look at that too.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Look whether everything is there: configuration, ports, broker, databases, terminal.

    \b
    Examples:
      offhook doctor
      offhook doctor --config my_centre/offhook.yaml
    """  # noqa: D301 - \b keeps the lines of the examples
    from console.commands_doctor import run_doctor

    return run_doctor(config, as_json=as_json)


def serve(
    *,
    config: Config = Path("offhook.yaml"),
    embedded_broker: Annotated[
        bool, typer.Option("--embedded-broker", help="Start an MQTT broker in this process.")
    ] = False,
) -> int:
    """Run a centre and its CTI server: HTTP, WebSocket, ZeroMQ, MQTT. Ctrl-C stops it.

    \b
    Examples:
      offhook serve
      offhook serve --config my_centre/offhook.yaml --embedded-broker
    """  # noqa: D301 - \b keeps the lines of the examples
    from console.commands_serve import run_serve

    return run_serve(config, embedded_broker=embedded_broker)


def pbx(
    centre: Annotated[Path, typer.Argument(help="A scenario file: its trunks, phones, numbers.")],
    *,
    listen: Annotated[
        str, typer.Option(help="host:port, or unix:path; whoever reaches it controls the switch.")
    ] = "127.0.0.1:5700",
    callers: Annotated[
        bool, typer.Option("--callers", help="Let people call, as the file says.")
    ] = False,
    speed: Annotated[
        float, typer.Option(min=0.1, max=100, help="Seconds of the switch in each second.")
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the callers.")] = 1,
    ari: Annotated[
        str, typer.Option(help="host:port; let it be driven there as if it were an Asterisk.")
    ] = "",
    ari_password_file: Annotated[
        Path | None, typer.Option("--ari-password-file", help="The password of user offhook.")
    ] = None,
) -> int:
    """Run the simulated switch in a process of its own, so that calls outlive the server.

    \b
    Examples:
      offhook pbx my_centre/centre.yaml --callers
      offhook pbx my_centre/centre.yaml --callers --ari 127.0.0.1:8088
    """  # noqa: D301 - \b keeps the lines of the examples
    from console.commands_pbx import AriOptions, run_pbx

    options = AriOptions(ari, ari_password_file) if ari else None
    return run_pbx(centre, listen=listen, callers=callers, speed=speed, seed=seed, ari=options)


def key_add(  # noqa: PLR0913 - each option of a command is a parameter
    name: Annotated[str, typer.Argument(help="Whose key it is: crm, wallboard-2.")],
    *,
    role: Annotated[
        str,
        typer.Option(help="agent, supervisor, wallboard, router, dialer, integration or admin."),
    ],
    access: Access = Path("access.yaml"),
    scope: Annotated[
        list[str] | None, typer.Option(help="Only these rights, or others than the role's.")
    ] = None,
    expires: Annotated[str, typer.Option(help="Until when it counts: 2027-01-31.")] = "",
    agent: Annotated[str, typer.Option(help="The id of the agent who it is.")] = "",
    team: Annotated[
        list[str] | None, typer.Option(help="A queue whose agents it reaches: acd:sales, or all.")
    ] = None,
    device: Annotated[
        list[str] | None, typer.Option(help="A device that it works for: acd:sales.")
    ] = None,
) -> int:
    """Make an API key; it is shown once, and only its hash is kept.

    \b
    Examples:
      offhook key add crm --role integration --scope pii
      offhook key add lead --role supervisor --agent A12 --team acd:sales
      offhook key add board --role wallboard --access my_centre/access.yaml
    """  # noqa: D301 - \b keeps the lines of the examples
    from console.commands_keys import NewKey, run_key_add

    scopes, teams, devices = (tuple(words or ()) for words in (scope, team, device))
    return run_key_add(NewKey(name, role, scopes, expires, agent, teams, devices), access)


def key_list(*, access: Access = Path("access.yaml"), as_json: Json = False) -> int:
    """List the keys of an access file: never the keys themselves.

    \b
    Example:
      offhook key list --access my_centre/access.yaml
    """  # noqa: D301 - \b keeps the line of the example
    from console.commands_keys import run_key_list

    return run_key_list(access, as_json=as_json)


def key_revoke(
    key_id: Annotated[str, typer.Argument(help="As `key list` shows it.")],
    *,
    access: Access = Path("access.yaml"),
) -> int:
    """Let a key count no more.

    \b
    Example:
      offhook key revoke k3f9a1
    """  # noqa: D301 - \b keeps the line of the example
    from console.commands_keys import run_key_revoke

    return run_key_revoke(key_id, access)


def key_password() -> int:
    """Hash an agent's password for the access file; it is asked for, never an argument.

    \b
    Example:
      offhook key password
    """  # noqa: D301 - \b keeps the line of the example
    from console.commands_keys import run_key_password

    return run_key_password()


def key_curve(
    file: Annotated[Path, typer.Argument(help="Where the secret key is written.")],
) -> int:
    """Make a pair of keys for ZeroMQ: of the server, or of a client. The public one is printed.

    \b
    Example:
      offhook key curve server.key
    """  # noqa: D301 - \b keeps the line of the example
    from console.commands_keys import run_key_curve

    return run_key_curve(file)


def schema(
    document: Annotated[str, typer.Argument(help="openapi, asyncapi or schemas.")] = "",
    *,
    folder: Annotated[
        Path | None, typer.Option("--write", help="Write all three into this folder.")
    ] = None,
    old: Annotated[
        Path | None, typer.Option("--since", help="Tell what breaks clients of this schemas.json.")
    ] = None,
    new: Annotated[
        Path | None, typer.Option("--until", help="With --since: this one, not the program's.")
    ] = None,
) -> int:
    """Print a document of the CTI API, or tell what a change of it would break.

    \b
    Examples:
      offhook schema openapi > openapi.json
      offhook schema --since released/schemas.json
    """  # noqa: D301 - \b keeps the lines of the examples
    from console.commands_schema import DOCUMENTS, run_diff, run_schema, write_documents

    if old is not None:
        return run_diff(old, new)
    if folder is not None:
        return write_documents(folder)
    if document not in DOCUMENTS:
        raise typer.BadParameter(f"one of {', '.join(DOCUMENTS)}", param_hint="DOCUMENT")
    return run_schema(document)
