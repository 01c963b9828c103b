"""Processes with limits: confinement, the browser."""
