"""Interviews held a second time by somebody else, and what differs (decision 33)."""
