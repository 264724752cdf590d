"""What every stage uses: paths, parameters, tables, metrics and the runner."""
