"""Data that the package carries: ClickHouse DDL, samples, deployment files."""
