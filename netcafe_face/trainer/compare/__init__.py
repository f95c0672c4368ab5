"""Losses compared on the same data, network, budget and seeds."""
