"""What the system noticed by itself: looping, stuck, silent, failing and the like, each with the calls that show it."""
