"""Published kinetic models: their form, and the library of those that ship."""
