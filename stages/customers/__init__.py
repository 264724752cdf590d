"""Where customers come from: simulated or adopted, and checked at the door."""
