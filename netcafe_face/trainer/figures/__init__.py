"""The figures that explain losses and results, each drawn by one command from a seed."""
