"""Tasks with hidden answers and the trajectories that solve them: graph and walk routes, rollouts, filters, exports."""
