"""Checks on single records: at intake by the flags, and hourly against all other records."""
