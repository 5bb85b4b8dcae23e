"""The local catalog: what was downloaded, one parquet file a series and month, each written whole or not at all."""
