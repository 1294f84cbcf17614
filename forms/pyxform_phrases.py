"""The sentences of pyxform that we know, each with our own words for it."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrase:
    """One sentence of pyxform: how to know it, and our words for it.

    `sheet` and `column` are for sentences that do not name them themselves; `holding` is the
    group of the pattern whose text stands in that column, to find a row that pyxform left out.
    """

    pattern: re.Pattern[str]
    msgid: str
    sheet: str = ""
    column: str = ""
    holding: str = ""


def _phrase(
    pattern: str, msgid: str, sheet: str = "", column: str = "", holding: str = ""
) -> Phrase:
    return Phrase(re.compile(pattern, re.DOTALL), msgid, sheet, column, holding)


PHRASES = (
    # The survey sheet: types and names.
    _phrase(
        r"Unknown question type '(?P<type>.*)'\.",
        "The type %(type)s is unknown.",
        "survey",
        "type",
        "type",
    ),
    _phrase(r"Question with no type\.", "The question has no type.", "survey", "type"),
    _phrase(
        r"Question or group with no name\.", "The question or group has no name.", "survey", "name"
    ),
    _phrase(
        r"Row without name, text, or label is being skipped",
        "The row has no type and no name: it is left out.",
        "survey",
        "type",
    ),
    _phrase(
        r"The survey element named '(?P<name>[^']*)' has no label or hint\.",
        "The question %(name)s has neither label nor hint.",
        "survey",
        "name",
        "name",
    ),
    _phrase(
        r"Names must begin with a letter or underscore\.",
        "The name cannot be used in a form: it begins with a letter or _ and goes on with letters,"
        " digits, _, - or ., without spaces.",
    ),
    _phrase(r"The name 'meta' is reserved", "The name meta is taken by the form itself.", "survey"),
    _phrase(
        r"Questions, groups, and repeats must be unique",
        "The name stands twice in the same group: every question needs its own.",
    ),
    _phrase(
        r"The name is a case-insensitive match",
        "The name differs from another one only by capitals: tables mix up the two.",
    ),
    _phrase(
        r"Repeat names must (?:not be the same as the survey root|unique anywhere)",
        "Another repeat, or the form itself, has this name: every repeat needs its own.",
    ),
    _phrase(
        r"Unmatched 'begin_(?P<kind>\w+)'\. No matching 'end_\w+' was found for the name"
        r" '(?P<name>.*)'\.",
        "The %(kind)s %(name)s begins here and never ends: a row end_%(kind)s is missing.",
        "survey",
        "type",
    ),
    _phrase(
        r"Unmatched 'end_(?P<kind>\w+)'\.",
        "Here a %(kind)s ends that never began, or another one still stands open.",
        "survey",
        "type",
    ),
    _phrase(r"Missing calculation\.", "The calculation is missing.", "survey", "calculation"),
    _phrase(
        r"(?P<kind>Repeat|Group|Loop) has no label",
        "The group or repeat has no label.",
        "survey",
        "label",
    ),
    # References.
    _phrase(
        r"Could not find the name '(?P<name>.*)'\.",
        "${%(name)s} is no question of this form.",
    ),
    _phrase(
        r"There is no survey element named '(?P<name>.*)'\.",
        "${%(name)s} is no question of this form.",
    ),
    _phrase(
        r"(?:The name '(?P<name>[^']*)' appears more than once\.|There are multiple survey"
        r" elements named '(?P<other>.*)'\.)",
        "${%(name)s} could mean several questions: names that are referred to must be unique.",
    ),
    _phrase(
        r"Reference variables must start with '\$\{'|PyXForm reference - parsing failed",
        "A reference is not closed: write ${name} around the question's name.",
    ),
    _phrase(
        r"The question \$\{(?P<name>[^}]*)\} is not user-visible",
        "%(name)s is never asked, so it cannot trigger a calculation.",
        "survey",
        "name",
        "name",
    ),
    # Choices.
    _phrase(
        r"List name not in (?:external )?choices sheet: (?P<list>.*)",
        "The choice list %(list)s is not on the choices sheet.",
        "survey",
        "type",
    ),
    _phrase(
        r"There should be an? (?P<sheet_name>(?:external_)?choices) sheet",
        "The sheet %(sheet_name)s is missing: this form offers choices, so it needs one with the"
        " columns list_name, name and label.",
    ),
    _phrase(r"Choices must have a name\.", "The choice has no name."),
    _phrase(r"Choices should have a label\.", "The choice has no label.", "", "label"),
    _phrase(
        r"Choice names must be unique",
        "The choice stands twice in its list. If that is meant, put yes under"
        " allow_choice_duplicates on the settings sheet.",
    ),
    _phrase(
        r"Choice names with spaces cannot be added to multiple choice selects\."
        r" See \[(?P<choice>.*)\] in \[(?P<list>.*)\]",
        "The choice %(choice)s of the list %(list)s has a space in its name: people may choose"
        " several, and a space stands between them.",
        "choices",
        "name",
        "choice",
    ),
    _phrase(
        r"Choice filter not supported with or_other",
        "choice_filter and or_other do not go together.",
        "survey",
        "choice_filter",
    ),
    _phrase(
        r"File name for '(?P<type>.*)' should end with one of",
        "The file to choose from must end in .csv, .xml or .geojson.",
        "survey",
        "type",
    ),
    _phrase(
        r"This form uses or_other and translations",
        "or_other adds an answer that has no translation: better add it to the list yourself.",
    ),
    # Sheets, headings, settings.
    _phrase(
        r"You must have a sheet named 'survey'",
        "The sheet survey is missing: that is where an XLSForm lists its questions.",
    ),
    _phrase(
        r"When looking for a sheet named '(?P<sheet_name>\w+)', the following sheets with similar"
        r" names were found: (?P<names>.*?)\.",
        "There is no sheet %(sheet_name)s, but one much like it: %(names)s.",
    ),
    _phrase(
        r"Invalid headers provided for sheet: '(?P<sheet_name>\w+)'\. One or more required column"
        r" headers were not found: (?P<missing>.*?)\. Learn",
        "The sheet %(sheet_name)s lacks the column %(missing)s.",
    ),
    _phrase(
        r"Invalid headers provided for sheet: '(?P<sheet_name>\w+)'\. Headers that are different"
        r" names for the same column were found: '(?P<one>.*)', '(?P<other>.*)'\.",
        "The columns %(one)s and %(other)s of the sheet %(sheet_name)s mean the same: keep one.",
    ),
    _phrase(
        r"Invalid headers provided for sheet: '(?P<sheet_name>\w+)'",
        "The sheet %(sheet_name)s has no row of headings.",
    ),
    _phrase(
        r"Column headers must not be empty and must not contain spaces",
        "A heading of the choices sheet is empty or has a space in it: the column is left out.",
    ),
    _phrase(r"Survey cannot have an empty id_string", "The form has no form_id.", "settings"),
    _phrase(
        r"Language '(?P<language>.*?)' is missing the (?P<sheet_name>\w+) (?:columns )?"
        r"(?P<columns>.*?)(?: column)?\.",
        "%(language)s: the sheet %(sheet_name)s has no column %(columns)s in this language.",
    ),
    _phrase(
        r"The following language declarations do not contain valid machine-readable codes:"
        r" (?P<languages>.*)\. Learn",
        "Phones cannot tell which language this is: %(languages)s. Write the code behind it, such"
        " as 中文 (zh).",
    ),
    _phrase(
        r"The following column\(s\) are not supported by this version of pyxform:"
        r" (?P<columns>.*?)\. Please",
        "An entities sheet has no column %(columns)s.",
    ),
    # Parameters.
    _phrase(
        r"Use the max-pixels parameter",
        "Photos are kept in full size: max-pixels=1600 under parameters makes them fit to send.",
        "survey",
        "parameters",
    ),
    _phrase(
        r"The accepted parameter keys for this question type are '(?P<accepted>.*?)'\."
        r" The following are invalid parameter key\(s\): '(?P<rejected>.*?)'",
        "The parameter %(rejected)s is unknown here; known are: %(accepted)s.",
    ),
    _phrase(
        r"Parameters must be in the form of",
        "Parameters are written as key=value, with spaces between them.",
    ),
    _phrase(
        r"is no longer supported on most devices",
        "Most phones no longer answer this.",
        "survey",
        "type",
    ),
    # Entities.
    _phrase(
        r"To save entity properties using the save_to column, add an entities sheet",
        "save_to needs a sheet entities that declares the list.",
    ),
    _phrase(
        r"The save_to property '(?P<property>.*?)' is already assigned by row '(?P<other>\d+)'",
        "Row %(other)s saves to %(property)s already.",
    ),
    _phrase(
        r"Groups and repeats can't be saved as entity properties",
        "A group or repeat cannot be saved to an entity: put save_to on its questions.",
    ),
    _phrase(
        r"The entity list name '(?P<list>.*?)' was not found on the entities sheet",
        "The entity list %(list)s is not on the sheet entities.",
    ),
    _phrase(
        r"The entity list name '(?P<list>.*?)' does not have a label",
        "The entity list %(list)s has no label: whoever creates an entity must name it.",
        "",
        "label",
    ),
    _phrase(
        r"The entity list name '(?P<list>.*?)' does not have an 'update_if'",
        "The entity list %(list)s has create_if and entity_id, so it needs update_if too.",
        "",
        "update_if",
    ),
    _phrase(
        r"The entity list name '(?P<list>.*?)' does not have an 'entity_id'",
        "The entity list %(list)s is updated, so it needs an entity_id.",
        "",
        "entity_id",
    ),
    _phrase(
        r"When there is more than one entity declaration, 'save_to' names must be prefixed",
        "The form declares several entity lists: write save_to as list#property.",
    ),
    _phrase(
        r"Names used here must not begin with two underscores",
        "Names of entity lists and properties must not begin with two underscores.",
    ),
    _phrase(
        r"Names used here must not contain a period", "Names of entity lists hold no full stop."
    ),
    _phrase(
        r"Names used here must not be 'name' or 'label'",
        "Every entity has name and label already: choose another property.",
    ),
    _phrase(
        r"The 'list_name' column must not have any duplicate names",
        "The entity list stands twice on this sheet.",
    ),
    _phrase(r"Entity lists must have a name", "The entity list has no name."),
    _phrase(
        r"Each container \(survey, group, repeat\) may have only one entity declaration",
        "Two entities share one group or repeat: put the questions of each into its own.",
    ),
    _phrase(
        r"The entity list name '(?P<list>.*?)' has a reference in container scope '(?P<there>.*?)'"
        r" which is not compatible",
        "The entity %(list)s is filled from %(there)s and from elsewhere: copy the value there with"
        " a calculate first.",
    ),
)
