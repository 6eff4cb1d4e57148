"""Forward only. A migration that has left this repository is never edited: a mistake is mended by the next one."""
