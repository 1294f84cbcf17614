"""The names XForms are written with: namespaces, and paths without prefixes."""

from __future__ import annotations

from lxml import etree

XFORMS = "{http://www.w3.org/2002/xforms}"
HTML = "{http://www.w3.org/1999/xhtml}"
JAVAROSA = "{http://openrosa.org/javarosa}"
ENTITIES = "{http://www.opendatakit.org/xforms/entities}"


def local(node: etree._Element) -> str:
    """Return an element's name without its namespace; "" for a comment or instruction."""
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def below_root(nodeset: str) -> str:
    """Return "hh/village" for "/data/hh/village": the path below the root, prefixes cut."""
    parts = [part.rpartition(":")[2] for part in nodeset.strip().strip("/").split("/")]
    return "/".join(parts[1:])
