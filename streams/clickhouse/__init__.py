"""ClickHouse: the engine, its tables, and the read-only endpoint in front of the embedded one."""
