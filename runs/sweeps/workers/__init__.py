"""Who evaluates combinations: this process, a pool of processes, a cluster."""
