"""Tests of the package `switch_sim`."""
