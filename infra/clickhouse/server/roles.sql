-- Roles on a ClickHouse server, for those who administer it; gapwatch itself makes none. Names of databases are those of the
-- settings clickhouse_database and clickhouse_internal.
-- The writer makes and changes what is in our two databases, and nothing else.
CREATE ROLE IF NOT EXISTS gapwatch_writer;
GRANT CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW, ALTER, INSERT, SELECT, SHOW, TRUNCATE ON gapwatch.* TO gapwatch_writer;
GRANT CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW, ALTER, INSERT, SELECT, SHOW, TRUNCATE ON gapwatch_internal.* TO gapwatch_writer;
GRANT SELECT ON system.tables TO gapwatch_writer;
GRANT SELECT ON system.columns TO gapwatch_writer;
-- Only with the setting clickhouse_cluster:
GRANT CLUSTER ON *.* TO gapwatch_writer;

-- What one question of a reader may take. It cannot be changed in the question: CONST.
CREATE SETTINGS PROFILE IF NOT EXISTS gapwatch_reader SETTINGS
    readonly = 2,
    final = 1,
    max_execution_time = 30 CONST,
    max_memory_usage = 1073741824 CONST,
    max_result_rows = 1000000 CONST,
    max_result_bytes = 134217728 CONST,
    result_overflow_mode = 'throw' CONST,
    max_rows_to_read = 100000000 CONST,
    max_threads = 2 CONST,
    allow_introspection_functions = 0 CONST;
CREATE QUOTA IF NOT EXISTS gapwatch_reader KEYED BY user_name FOR INTERVAL 1 hour MAX queries = 3000, execution_time = 1800;

-- The reader asks, and asks only our two databases (views read the second one).
CREATE ROLE IF NOT EXISTS gapwatch_reader SETTINGS PROFILE 'gapwatch_reader';
GRANT SELECT, SHOW ON gapwatch.* TO gapwatch_reader;
GRANT SELECT, SHOW ON gapwatch_internal.* TO gapwatch_reader;
ALTER QUOTA gapwatch_reader TO gapwatch_reader;
