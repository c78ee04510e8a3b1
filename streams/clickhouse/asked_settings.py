"""What a request may set: settings that lower a limit or shape an answer are taken, harmless ones ignored.

All others are left to the engine, which refuses each by its name unless it has this value already
(`readonly=1`). What is taken is set on a reader before it becomes read-only, so a setting here must reach no
file, network or other query and raise no limit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

TAKEN_MAX = 32
"""Settings of one request that may be taken: a client sets a handful."""
VALUE_MAX = 100
"""Characters of a value; the longest that is known, a time zone, has forty."""

LOWERED = frozenset(
    {
        *("max_execution_time", "max_memory_usage", "max_result_rows", "max_result_bytes", "max_threads"),
        *("max_rows_to_read", "max_bytes_to_read", "max_columns_to_read", "max_rows_to_group_by"),
        *("max_rows_to_sort", "max_bytes_to_sort", "max_rows_in_set", "max_bytes_in_set"),
        *("max_rows_in_join", "max_bytes_in_join", "max_rows_in_distinct", "max_bytes_in_distinct"),
    }
)
"""Limits, of which a request may have less than the house gives. What asks for more gets what the house
gives; zero would be no limit and is refused."""

SHAPING = frozenset(
    {
        *("result_overflow_mode", "read_overflow_mode", "limit", "offset", "extremes", "session_timezone"),
        *("join_use_nulls", "group_by_use_nulls", "transform_null_in", "union_default_mode"),
        *("prefer_column_name_to_alias", "cast_keep_nullable", "date_time_output_format"),
        *("format_csv_delimiter", "format_tsv_null_representation", "format_csv_null_representation"),
        *("bool_true_representation", "bool_false_representation", "output_format_write_statistics"),
        *("output_format_json_quote_64bit_integers", "output_format_json_quote_64bit_floats"),
        *("output_format_json_quote_decimals", "output_format_json_quote_denormals"),
        *("output_format_json_escape_forward_slashes", "output_format_json_array_of_rows"),
        *("output_format_json_named_tuples_as_objects", "output_format_json_validate_utf8"),
        *("output_format_csv_crlf_end_of_line", "output_format_tsv_crlf_end_of_line"),
        *("output_format_pretty_max_rows", "output_format_pretty_color", "output_format_pretty_row_numbers"),
        *("output_format_arrow_string_as_string", "output_format_arrow_compression_method"),
        *("output_format_arrow_low_cardinality_as_dictionary", "output_format_parquet_string_as_string"),
        *("output_format_parquet_compression_method", "output_format_parquet_version"),
        *("output_format_binary_write_json_as_string", "output_format_native_write_json_as_string"),
    }
)
"""How rows are cut, named and spelled."""

IGNORED = frozenset(
    {
        *("async_insert", "wait_for_async_insert", "insert_deduplicate", "insert_quorum"),
        *("max_insert_block_size", "min_insert_block_size_rows", "min_insert_block_size_bytes"),
        *("date_time_input_format", "log_comment", "log_queries", "priority", "use_query_cache"),
        *("connect_timeout", "receive_timeout", "send_timeout", "tcp_keep_alive_timeout"),
        *("http_connection_timeout", "http_receive_timeout", "http_send_timeout", "max_block_size"),
        *("http_zlib_compression_level", "network_zstd_compression_level", "load_balancing"),
        *("max_query_size", "send_logs_level", "http_write_exception_in_output_format"),
    }
)
"""Settings of inserts, logs, sockets and other servers: an answer is the same with and without them."""
_OF_INSERTS = "input_format_"
_POSITIVE = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,9})?\Z", re.ASCII)


def sorted_out(
    asked: Mapping[str, str], limits: Mapping[str, float]
) -> tuple[dict[str, str], dict[str, str]]:
    """Returns what is to be set for this request, and what the engine itself must say no to. `limits`: what
    readers have."""
    taken: dict[str, str] = {}
    left: dict[str, str] = {}
    for name, value in asked.items():
        if name in IGNORED or name.startswith(_OF_INSERTS) or (name, value) == ("readonly", "2"):
            continue
        if name in LOWERED and _positive(value):
            if float(value) < limits.get(name, float("inf")):
                taken[name] = value
        elif name in SHAPING and len(value) <= VALUE_MAX and len(taken) < TAKEN_MAX:
            taken[name] = value
        else:
            left[name] = value
    return taken, left


def _positive(value: str) -> bool:
    return bool(_POSITIVE.match(value)) and float(value) > 0
