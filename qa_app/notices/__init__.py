"""What a person is told: the bell, the list, and what is wanted by mail."""
