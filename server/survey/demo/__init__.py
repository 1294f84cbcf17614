"""The demo: a township of invented people, sent through the real intake by invented phones."""
