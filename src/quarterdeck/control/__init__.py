"""The control plane, a slice per noun: model (frozen values) · store (SQL) · actions (verbs) · api (routes)."""
