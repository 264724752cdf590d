"""The supply chain: what the locks hold, as a bill of materials, and what is known against it."""
