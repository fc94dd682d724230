"""martlet beneath other clients: each case on the stock transport and on ours, and compared.

`sides` runs the cases of httpx.
"""
