"""Tests of the package `csta`."""
