"""The conformance kit: the golden scenarios, played on any link (docs/conformance.md)."""
