"""From a training run to a model pack: ONNX, INT8, thresholds, card, model card."""
