"""What the rows of a sweep say: statistics, verdict, surfaces, summary."""
