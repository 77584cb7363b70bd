"""The wires on which the simulated switch can be driven as if it were another maker's."""
