"""The stage that brings topics into ClickHouse."""
