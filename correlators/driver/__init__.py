"""Turns raw records and time into reports, without Kafka: the pipeline, a replay and the tests use this
one driver."""
