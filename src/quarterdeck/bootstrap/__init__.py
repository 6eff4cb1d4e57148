"""The only place that knows every concrete class. A module per process, so that neither loads the other's code."""
