"""What is new in a call: what came in since the model last spoke, and what it said. Computed by the ingester.

Signals look at these and never at bodies. Texts are kept as hashes and sketches only.
"""
