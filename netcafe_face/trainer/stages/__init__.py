"""Learning a network stage by stage."""
