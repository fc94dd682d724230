"""Random calls, played to real requests and to martlet: the bytes on the wire and the results must be equal.

Each property is one call, or a few, made of what `strategies` draws. Where martlet differs on purpose (the
rows of docs/differences.md) nothing is drawn, or it is assumed away beside the row's name. What is found
becomes a plain test in tests/compat.

A run of the tests draws few examples, always the same. Others each time, and for hours:

    DIFFERENTIAL_EXAMPLES=20000 python -m pytest --timeout 0 tests/differential
"""
