"""Receivers: optional stages that take records from their senders and hand them to the raw topics.

Each is off until its setting is given. None keeps a record of its own: a sender is told that its record was
taken once Kafka has it, and while Kafka is away senders wait, are told to come back, or are not read.
"""
