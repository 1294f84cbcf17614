"""What `doorstep registry` prints: plans, faults, villages and imports, as words and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from forms.faults import Fault
from server.cli.options import say
from server.survey.registry.apply import Applied, Import
from server.survey.registry.plan import ImportPlan
from server.survey.registry.reading import Village
from server.survey.registry.stored import Stored

# Longer lists of changes are better looked at as JSON.
MOST_SHOWN = 20


def tell_plan(plan: ImportPlan) -> None:
    """Print what an import would do, and to standard error what is wrong or doubtful."""
    if plan.faults:
        click.echo(say("Wrong:"), err=True)
        tell_faults(plan.faults)
    if plan.warnings:
        click.echo(say("Worth a look:"), err=True)
        tell_faults(plan.warnings)
    if plan.faults:
        click.echo(say("Nothing was imported."), err=True)
        return
    for one in plan.changes[:MOST_SHOWN]:
        sign = "+" if one.before is None else "~"
        fields = ", ".join(
            f"{field.name}: {_shown(field.old)} → {_shown(field.new)}" for field in one.fields
        )
        click.echo(f"{sign} {one.code} {one.name}" + ("" if one.before is None else f"  {fields}"))
    if len(plan.changes) > MOST_SHOWN:
        click.echo(say("… and %(count)s more.", count=len(plan.changes) - MOST_SHOWN))
    click.echo(
        say(
            "%(added)s new, %(changed)s changed, %(unchanged)s unchanged.",
            added=len(plan.added),
            changed=len(plan.changed),
            unchanged=plan.unchanged,
        )
    )


def _shown(value: Stored) -> str:
    return "–" if value is None else str(value)


def tell_faults(faults: Sequence[Fault]) -> None:
    """Print faults to standard error, each with its place."""
    for one in faults:
        place = f"{one.place}: " if one.place else ""
        click.echo(f"  {place}{say(one.msgid, **one.params)}", err=True)


def plan_as_json(plan: ImportPlan, applied: Applied | None) -> dict[str, Any]:
    """Return a plan, and its import's number when it was done, for a script."""
    return {
        "kind": plan.kind,
        "import": applied.import_id if applied else None,
        "unchanged": plan.unchanged,
        "added": [{"table": one.table, "code": one.code, "name": one.name} for one in plan.added],
        "changed": [
            {
                "table": one.table,
                "code": one.code,
                "fields": {field.name: [field.old, field.new] for field in one.fields},
            }
            for one in plan.changed
        ],
        "faults": [_fault_as_json(one) for one in plan.faults],
        "warnings": [_fault_as_json(one) for one in plan.warnings],
    }


def _fault_as_json(fault: Fault) -> dict[str, Any]:
    return {
        "sheet": fault.sheet,
        "row": fault.row,
        "column": fault.column,
        "cell": fault.cell,
        "words": say(fault.msgid, **fault.params),
    }


def village_as_json(village: Village) -> dict[str, Any]:
    """Return a village for a script."""
    place = village.place
    return {
        "code": village.code,
        "name": village.name,
        "township_code": village.township_code,
        "township": village.township_name,
        "kind": village.kind,
        "households": village.households,
        "persons": village.persons,
        "source": village.register_source,
        "date": village.register_on,
        "latitude": place.latitude if place else None,
        "longitude": place.longitude if place else None,
        "valid_to": village.valid_to,
    }


def import_as_json(one: Import) -> dict[str, Any]:
    """Return one line of the list of imports for a script."""
    return {
        "id": one.id,
        "kind": one.kind,
        "file": one.source_name,
        "made_at": one.made_at.isoformat(),
        "made_by": one.made_by,
        "added": one.added,
        "changed": one.changed,
        "removed": one.removed,
        "undone_at": one.undone_at.isoformat() if one.undone_at else None,
    }
