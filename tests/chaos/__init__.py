"""Chaos: three Kafka brokers, the stages and a ClickHouse, of which something fails in every round."""
