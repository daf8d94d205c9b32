"""``borderlands``: the operator's command. One module per subcommand; this one only puts them together."""

import gc
import sys
from collections.abc import Iterable
from importlib import import_module

import typer

COMMANDS: dict[str, tuple[str, str]] = {
    "policy": ("console.policy.app", "app"),
    "topics": ("console.topics", "app"),
    "sms": ("console.preview", "sms_app"),
    "place": ("console.place", "place"),
    "route": ("console.preview", "route_file"),
    "submit": ("console.submit", "submit"),
    "up": ("console.up", "up"),
    "duty": ("console.duty", "app"),
    "status": ("console.status", "status"),
    "stop-sending": ("console.switches", "stop_sending"),
    "resume": ("console.switches", "resume"),
    "trace": ("console.explain.trace", "trace"),
    "why": ("console.explain.why", "why"),
    "watch": ("console.explain.watch", "watch"),
    "contacts": ("console.contacts", "app"),
    "audit": ("console.audit.command", "audit"),
    "search": ("console.search.command", "search"),
    "export": ("console.keep.export", "export_log"),
    "retention": ("console.keep.retention", "retention"),
    "restore": ("console.keep.restore", "restore_log"),
    "respond": ("console.respond", "respond"),
    "report": ("console.report.command", "report"),
    "demo": ("console.demo", "demo"),
    "replay": ("console.replay.command", "replay"),
}
"""Every subcommand, with the module and the name of what it runs."""


def build(names: Iterable[str] = tuple(COMMANDS)) -> typer.Typer:
    """The command with the subcommands ``names``. Only their modules are imported: all of them take a second."""
    app = typer.Typer(
        name="borderlands",
        help="Cross-border alerting for municipalities: coordination after 112, never instead of it.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_nothing_of_its_own)
    for name in names:
        module, attribute = COMMANDS[name]
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def _nothing_of_its_own() -> None:
    """Cross-border alerting for municipalities: coordination after 112, never instead of it."""


def main() -> None:
    """Entry point of the ``borderlands`` command."""
    named = sys.argv[1] if len(sys.argv) > 1 else ""
    gc.disable()  # what imports make stays: to look for rubbish among it again and again costs a tenth of the start
    app = build([named] if named in COMMANDS else COMMANDS)
    gc.freeze()
    gc.enable()
    app(prog_name="borderlands")


if __name__ == "__main__":
    main()
