"""The code of packages that a pickle's reader has: its modules, classes, and what their methods read of an object."""
