"""What the register's kinds, columns and values are called: message ids for its pages."""

from __future__ import annotations

KIND_WORDS = {
    "divisions": "divisions",
    "villages": "villages",
    "clinics": "clinics",
    "several": "several kinds",
    "undo": "undo",
}
TABLE_WORDS = {"division": "Division", "village": "Village", "clinic": "Clinic"}
CRS_WORDS = {
    "wgs84": "WGS 84: GPS, phones",
    "cgcs2000": "CGCS2000: surveying office, Tianditu",
    "gcj02": "GCJ-02: Amap, Tencent maps",
    "bd09": "BD-09: Baidu maps",
}
FIELD_WORDS = {
    "name": "Name",
    "kind": "Kind",
    "households": "Households",
    "persons": "Persons",
    "register_source": "Source",
    "register_on": "Date",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "valid_from": "First day",
    "valid_to": "Last day",
    "successor_code": "Successor",
    "village_code": "Village",
    "township_code": "Township",
}
VALUE_WORDS = {
    "register": "register",
    "census": "census",
    "estimate": "estimate",
    "village": "villagers' committee",
    "residents": "residents' committee",
    "other": "other unit",
    "village_clinic": "village clinic",
    "township_hospital": "township hospital",
}
WORDS = {
    "kind_words": KIND_WORDS,
    "table_words": TABLE_WORDS,
    "field_words": FIELD_WORDS,
    "value_words": VALUE_WORDS,
}
