"""The `doorstep` command itself: its groups, and how problems are told."""

from __future__ import annotations

import click
from sqlalchemy.exc import OperationalError

from server import database
from server.cli import (
    account,
    alert,
    assignment,
    back_check,
    basemap,
    boundary,
    checks,
    demo,
    entity,
    export,
    export_encrypted,
    form,
    form_drafts,
    key,
    move,
    phone,
    plan,
    rebuild,
    register,
    registry,
    serve,
    status,
    task,
)
from server.cli.options import examples, in_words, say
from server.config import VERSION
from server.errors import Problem

EXAMPLES = examples(
    "doorstep serve --port 8080 --data ./county",
    "doorstep account add 王芳 --role supervisor --area 130921",
    "doorstep account add --help",
)


class Doorstep(click.Group):
    """Tells problems in one sentence, without a traceback, and ends with exit code 1."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Problem as problem:
            raise click.ClickException(in_words(problem)) from problem
        except BrokenPipeError:
            raise  # Click ends quietly when the reader of a pipe has gone.
        except (OperationalError, OSError) as error:
            raise click.ClickException(_of_machine(error)) from error


def _of_machine(error: OperationalError | OSError) -> str:
    """Return what is wrong with the machine's folder, disk or database."""
    if database.is_disk_full(error):
        return say("The disk is full.")
    if isinstance(error, OperationalError):
        first_line = str(error.orig).strip().splitlines()[0]
        return say("The database cannot be opened: %(fault)s", fault=first_line)
    if error.filename is None:
        return str(error)
    return say("%(path)s cannot be used: %(fault)s", path=error.filename, fault=error.strerror)


@click.group(
    cls=Doorstep,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(VERSION, prog_name="doorstep")
def main() -> None:
    """Door-to-door health survey: forms for phones, coverage by village, treatment lists.

    Exit codes: 0 done, 1 a problem that is told in words, 2 wrong usage.
    """


# One line for each file of commands.
main.add_command(serve.serve)
main.add_command(account.account)
main.add_command(form.form)
for command in form_drafts.COMMANDS:
    form.form.add_command(command)
main.add_command(phone.phone)
main.add_command(basemap.basemap)
main.add_command(boundary.boundary)
main.add_command(assignment.assignment)
main.add_command(plan.plan)
main.add_command(back_check.back_check)
main.add_command(alert.alert)
main.add_command(entity.entity)
main.add_command(registry.registry)
main.add_command(checks.checks)
main.add_command(task.task)
main.add_command(demo.demo)
main.add_command(register.register)
main.add_command(rebuild.rebuild)
main.add_command(status.status)
main.add_command(export.export)
main.add_command(key.key)
export.export.add_command(export_encrypted.encrypted)
main.add_command(move.move)
