"""What agents may do with the work of others: split their own, let parts wait for each other, assign as a lead."""
