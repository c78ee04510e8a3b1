"""What is connected: Kafka topics, Faust agents, ClickHouse, settings and the command line. Wiring only."""
