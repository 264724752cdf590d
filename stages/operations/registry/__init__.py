"""The model registry: versions of the champion, and the environments they are in, as git tags."""
