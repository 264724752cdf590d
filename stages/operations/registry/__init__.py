"""The registry of models: versions of the champion, and the stages they stand in, as git tags."""
