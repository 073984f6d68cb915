"""What the nodes of an ONNX model do with its tensors; nothing here needs the onnx package."""
