"""Scenarios: files that describe a call centre and its day, and the runner that plays them.

The composition root: it builds a world out of the engine, the simulated switch and the store, runs
it, and reports. Also replay of traces and journals, the invariants every run must keep, and the
Erlang formulas that runs are checked against.
"""
