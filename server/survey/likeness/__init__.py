"""Persons and households that look like one: names, pairs, and what people decided about them."""
