"""The liquidation report: Markdown, page, terminal."""
