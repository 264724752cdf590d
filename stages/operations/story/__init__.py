"""The story: two years after deployment, on simulated customers and a simulated clock."""
