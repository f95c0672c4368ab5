"""The offline trainer: from pictures to a model pack. Nothing of the program imports it."""
