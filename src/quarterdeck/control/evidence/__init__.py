"""From what is shown to the calls behind it: runs step by step and side by side, conversations across attempts."""
