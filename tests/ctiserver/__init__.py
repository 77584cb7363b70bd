"""Tests of the package `ctiserver`."""
