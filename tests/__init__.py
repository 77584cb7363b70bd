"""The tests, one folder for each package, and here the ones that hold for the whole repository."""
