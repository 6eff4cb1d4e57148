"""Every client dialect to every provider dialect, driven by the official SDKs through a running gateway."""
