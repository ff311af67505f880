"""Benchmarks: what a delivery costs beside a floor and beside an alternative that are measured in the same run.

`make bench` runs all and writes docs/bench/<date>.md, `make bench T=realtime` one subject. Nothing here is a test, so no file is
called test_*; tests/test_bench.py runs it all with tiny numbers so that it cannot rot.
"""
