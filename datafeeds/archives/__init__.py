"""Bulk archives that venues publish: one compressed CSV a month or day."""
