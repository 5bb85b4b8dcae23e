"""The perpetual account: orders, matching, accounting, costs, round trips; pure and compiled."""
