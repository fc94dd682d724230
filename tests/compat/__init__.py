"""The same case against real requests, `martlet.Session` and `martlet.AsyncSession`, over HTTP and HTTPS.

`harness.compat` runs a case and compares; `faces` are the three clients under one sync face; `outcome`
says what is compared. The rows of docs/differences.md are the only exceptions.
"""
