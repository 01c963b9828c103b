"""Models served on this machine: servers found or started, what their models can do, and the limits that follow."""
