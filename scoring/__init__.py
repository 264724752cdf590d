"""All that is needed to answer with a champion bundle. Needs NumPy, pydantic and ONNX Runtime."""
