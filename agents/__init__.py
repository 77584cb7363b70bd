"""Agents: their skills and levels, states and reasons, profiles, and what a softphone may do now.

A pure package: it takes inputs and the instant and returns values. It knows `csta` only, and is
used by the ACD (who is ready, with which skills), by the engine and by the consoles.
"""

__all__: list[str] = []
