"""From the JSON of a run of the benchmarks to tables, goals and a chart; `python -m report FILE` (see __main__.py)."""
