"""Tests of the package `ivr`."""
