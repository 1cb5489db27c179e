"""What crosses a process or a network: typed messages, and nothing that decides."""
