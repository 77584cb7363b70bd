"""Tests against a real Asterisk with real SIP phones; `make test-asterisk` runs them."""
