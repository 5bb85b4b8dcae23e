"""One account in several markets: allocation, compiled evaluation, event engine, and whether the two agree."""
