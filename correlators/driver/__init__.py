"""What turns raw records and time into reports, and knows no Kafka: one driver for all who need one."""
