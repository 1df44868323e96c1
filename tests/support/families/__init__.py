"""Families of route tables and of requests near them, for Hypothesis: one file a family.

Every family has `LISTENERS` (options of connection managers by name), `tables()` (a strategy) and
`requests(table, seed)`, which returns the listener to ask and the requests.
"""
