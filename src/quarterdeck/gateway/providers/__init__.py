"""What some providers need beyond a row of the catalogue: requests signed, tokens bought.

Nothing is imported here: control signs its objects by `sigv4` and needs nothing of the model path for it.
"""
