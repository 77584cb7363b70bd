"""Tests of the package `crm_bridge`."""
