"""Tests of the link to Asterisk, without one."""
