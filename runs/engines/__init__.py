"""The two engines, event and compiled: one configuration in, one result out, and the proof that they agree."""
