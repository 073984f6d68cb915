"""What is done to the entries that stay, or to which of them stay, to make up for what was lost."""
