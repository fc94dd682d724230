"""How long each client keeps the event loop from its other tasks: `python -m benches.loop`.

One file, one question:

- `scenarios`: what is done, a table. `clients/`: how each client's users write it.
- `bodies`: what the server answers with. `names`: a thousand host names that resolve.
- `child`: one measurement, in a process of its own, and its control in another. `ticker`: how late a loop is.
- `runs`: the order, and the medians. `report` and `plot`: what is written about it.
"""
