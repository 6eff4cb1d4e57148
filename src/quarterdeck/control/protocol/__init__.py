"""How agents take part: the tasks they may see, and their verbs by task, whatever protocol they speak."""
