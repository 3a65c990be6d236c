"""Parquet files of ``timestamp`` and ``value``: the only place that knows pyarrow (the extra ``parquet``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

MAGIC = b"PAR1"
BATCH = 65_536  # rows in memory at a time
LACKING = "a Parquet file needs pyarrow: make dev in the clone brings it"


class TableError(ValueError):
    """Why a Parquet file cannot be read or written, in one sentence."""


def rows(path: Path) -> Iterator[list[str]]:
    """The cells of each row as a CSV file would have them, the head first. Raises TableError."""
    parquet = _pyarrow()
    try:
        with parquet.ParquetFile(path) as file:
            names = list(file.schema_arrow.names)
            yield names
            for batch in file.iter_batches(BATCH):
                columns = [batch.column(i).to_pylist() for i in range(len(names))]
                yield from ([_text(cell) for cell in row] for row in zip(*columns, strict=True))
    except OSError as error:
        raise TableError(f"the Parquet file is damaged: {str(error).splitlines()[0]}") from None
    except ValueError as error:
        raise TableError(f"not a Parquet file of numbers: {str(error).splitlines()[0]}") from None


def write(path: Path, at: Sequence[datetime | float], value: Sequence[float]) -> None:
    """A Parquet file of the two columns. Raises TableError, OSError."""
    parquet = _pyarrow()
    import pyarrow as pa

    parquet.write_table(pa.table({"timestamp": list(at), "value": list(value)}), path)


def _pyarrow() -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise TableError(LACKING) from None
    return pyarrow.parquet


def _text(cell: object) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat()
    return "" if cell is None else str(cell)
