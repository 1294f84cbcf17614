"""Benchmarks: ratios and medians, run by hand with `./run bench`; never part of the tests."""
