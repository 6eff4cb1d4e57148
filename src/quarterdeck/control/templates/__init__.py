"""Tasks in waiting: what a task of a kind says, with holes to fill."""
