"""Asks the endpoint through SQLAlchemy and clickhouse-connect's dialect; run by its test as a program."""

from __future__ import annotations

import sys

from sqlalchemy import MetaData, Table, create_engine, func, inspect, select, text

engine = create_engine(f"clickhousedb://{sys.argv[1]}/gapwatch")
with engine.connect() as connection:
    notes = Table("notes", MetaData(), autoload_with=connection)
    print(connection.execute(select(func.count()).select_from(notes)).scalar())
    print("findings" in inspect(connection).get_table_names())
    print(connection.execute(text("SELECT :s"), {"s": "it's"}).scalar())
