"""The bridge to the light customer store: number matching, screen pops, interactions.

A shell around SQLModel: its tables are a projection of the event stream. It never imports another
shell (`ctiserver.live`, `switch_sim`).
"""
