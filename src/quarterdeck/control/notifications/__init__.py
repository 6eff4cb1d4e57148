"""Notifications: who hears of which event, where and when."""
