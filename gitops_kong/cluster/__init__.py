"""The controller's cache: the objects that it takes in, and look-ups over them."""
