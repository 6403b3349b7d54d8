"""Checks that schemas name (`"check": NAME`): `strings` of one value, `tables` of several fields."""
