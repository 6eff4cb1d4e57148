"""What an agent's seat or machine costs by the hour, and what of it went by while its work waited for others."""
