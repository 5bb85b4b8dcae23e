"""Files with other names for our columns, read by a mapping."""
