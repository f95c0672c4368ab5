"""Training a detector in YuNet's output format by dense distillation from YuNet."""
