"""What a Kafka cluster needs to be told for gapwatch."""
