"""What the benchmarks share: tables, rivals, and the ways to measure."""
