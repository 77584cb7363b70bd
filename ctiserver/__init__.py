"""The CTI server, in two halves: the pure engine in `core`, and what touches the world in `live`.

This package itself imports nothing, so that reading the pure half never loads the other.
"""
