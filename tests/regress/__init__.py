"""Faults of other systems (reliability §2), each as a test that names its row."""
