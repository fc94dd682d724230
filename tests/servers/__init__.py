"""Loopback servers for the tests: one that records each byte and answers from a script, and scripts that
misbehave.
"""
