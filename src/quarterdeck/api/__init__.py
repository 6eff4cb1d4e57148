"""The control API: the composition of the slices' routers."""
