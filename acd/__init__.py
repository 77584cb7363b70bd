"""The automatic call distributor: which call next, which agent next, and why.

A pure package: queues, the roster of ready agents, selection strategies, offers, overflow
recipes, estimated waits, explanations and statistics, tied together by the distributor. It knows
`agents` and `csta`, and is a stranger to `ivr`.
"""

__all__: list[str] = []
