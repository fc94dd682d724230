"""martlet beside its peers, measured: `make bench`.

One file, one question:

- `cases`: what is measured. `peers/`: how each client is used, as its own documentation recommends.
- `venvs`: where each lives. `server`: what it talks to. `child`: one measurement, in a process of its own.
- `rounds`: the order, A B C A B C ..., and the medians. `report` and `svg`: what is written about it.
- `extras` and its programs `bridge`, `startup`, `abi3`: what concerns martlet alone.

The orchestrating side needs the standard library only; `child` and the peers' files run inside a peer's venv.
"""
