"""The test suites of others, run on martlet: `python -m tools.conformance`."""
