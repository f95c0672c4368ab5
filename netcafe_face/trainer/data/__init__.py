"""Pictures, aligned crops, splits and augmentations."""
