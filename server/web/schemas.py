"""What pages may be asked with: bounds at the door, no logic. Unknown fields are left out."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.datastructures import MultiDict

from server.errors import NotValid

CODE = validate.Regexp(r"[a-z][a-z0-9_]{1,39}\Z")
AREA = validate.Regexp(r"([0-9]{2,12})?\Z")


class _Query(Schema):
    class Meta:
        """What a page does not know, it does not refuse: links carry other pages' words along."""

        unknown = EXCLUDE


class BatchFilters(_Query):
    """What a list of persons is made of; see survey.screening.Filters."""

    catalogue = fields.String(load_default="yn_13_19", validate=CODE)
    area = fields.String(load_default="", validate=AREA)
    disease = fields.List(fields.String(validate=CODE), load_default=())
    state = fields.List(
        fields.String(validate=validate.OneOf(("suspected", "documented"))), load_default=()
    )
    found_from = fields.Date(load_default=None, allow_none=True)
    found_to = fields.Date(load_default=None, allow_none=True)


class BatchInput(BatchFilters):
    """A batch to be made: its filters, name, hospital and window."""

    title = fields.String(required=True, validate=validate.Length(1, 120))
    hospital = fields.String(required=True, validate=validate.Length(1, 120))
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)


def load(schema: Schema, sent: MultiDict[str, str]) -> dict[str, Any]:
    """Return what was sent, checked. Raises NotValid naming the first input that is wrong."""
    try:
        loaded: dict[str, Any] = schema.load(_told(schema, sent))
    except ValidationError as error:
        field = next(iter(error.messages_dict))
        raise NotValid("This cannot be used here. Check it.", field=field) from error
    return loaded


def _told(schema: Schema, sent: MultiDict[str, str]) -> dict[str, Any]:
    """Return the inputs that were filled in: an empty one is one not asked for."""
    told: dict[str, Any] = {}
    for name, field in schema.fields.items():
        given = [text.strip() for text in sent.getlist(name) if text.strip()]
        if given:
            told[name] = given if isinstance(field, fields.List) else given[0]
    return told
