"""Tests of the package `acd`."""
