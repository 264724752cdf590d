"""What every stage stands on: paths, parameters, schema, tables, metrics and the runner."""
