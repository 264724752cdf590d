"""After deployment: whether data, customers and behaviour are as the champion knows them."""
