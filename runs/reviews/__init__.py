"""A folder of results as one table: what was run, what came of it, and what people wrote beside it."""
