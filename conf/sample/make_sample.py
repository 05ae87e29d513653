"""Make this folder's parquet files from the unpacked patents archive: `python make_sample.py ARCHIVE_FOLDER`.

Rules: nothing that Lens.org had a hand in ships (its terms are not open), so a patent whose `all_sources`
names a lens file goes, with every row that hangs on it; every other patent stays, whole.  An abstract is
stored once, in google_full: `patent.sql` joins it back when the tables are loaded.  A column is one zstd
page, because a wide window is what makes patent prose small.

Leaves out: the ipc table (749 patents) and source, whose rows are the table in README.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

PAGE_BYTES = 64 * 1024 * 1024
TABLES = ("patent", "assignee", "cpc", "inventor", "google_full")


def shrink(table: pa.Table) -> pa.Table:
    """The same table with 32-bit string offsets and without pandas' metadata."""
    fields = [f.with_type(pa.string()) if pa.types.is_large_string(f.type) else f for f in table.schema]
    return table.cast(pa.schema(fields)).replace_schema_metadata(None)


def main(archive: Path, target: Path) -> None:
    tables = {name: shrink(pq.read_table(archive / f"{name}.parquet")) for name in TABLES}
    patent = tables["patent"]
    patent = patent.filter(pc.invert(pc.match_substring(patent["all_sources"], "lens")))
    # Neighbours in source and title share words, which the compressor finds.
    patent = patent.sort_by([("source", "ascending"), ("title", "ascending"), ("patent_id", "ascending")])
    ids, numbers = patent["patent_id"], patent["publication_number"]
    wide = tables["google_full"]
    order = pc.index_in(numbers, value_set=wide["publication_number"].combine_chunks())
    kept = {
        "patent": patent.drop_columns(["abstract"]),
        "google_full": wide.take(order),
    }
    for name in ("assignee", "cpc", "inventor"):
        table = tables[name]
        kept[name] = table.filter(pc.is_in(table["patent_id"], value_set=ids.combine_chunks()))
    if not kept["google_full"]["abstract"].equals(patent["abstract"]):
        raise SystemExit("google_full and patent disagree about an abstract; patent.sql would change it")
    for name, table in kept.items():
        if "source" in table.column_names and pc.any(pc.match_substring(table["source"], "lens")).as_py():
            raise SystemExit(f"{name} still holds a Lens row")
        path = target / f"{name}.parquet"
        pq.write_table(
            table.combine_chunks(),
            path,
            compression="zstd",
            compression_level=22,
            data_page_size=PAGE_BYTES,
            row_group_size=table.num_rows,
            store_schema=False,
            use_dictionary=[c for c in table.column_names if c not in ("abstract", "title")],
        )
        print(f"{name}: {table.num_rows:,} rows, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent)
