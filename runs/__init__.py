"""The commands, and what they are assembled from: the engine, the perpetual broker, results and reports."""
