"""Kafka: connections, topics, and messages in and out."""
