"""A café to try the program on without a camera: pictures from installed packages, rendered at run time."""
