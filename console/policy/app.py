"""``borderlands policy``: one module per subcommand; this one only puts them together."""

import typer

from console.areas import app as areas_app
from console.policy.change import activate, confirm, rollback
from console.policy.check import check, run_examples
from console.policy.diff import diff
from console.policy.directory import app as directory_app
from console.policy.log import log
from console.policy.proposals import proposals, propose, reject, withdraw
from console.policy.show import show

app = typer.Typer(help="The agreements, and everything that hangs on them.", no_args_is_help=True)
app.add_typer(areas_app, name="areas")
app.add_typer(directory_app, name="directory")
app.command("check")(check)
app.command("test")(run_examples)
app.command("show")(show)
app.command("diff")(diff)
app.command("activate")(activate)
app.command("rollback")(rollback)
app.command("confirm")(confirm)
app.command("log")(log)
app.command("propose")(propose)
app.command("proposals")(proposals)
app.command("withdraw")(withdraw)
app.command("reject")(reject)
