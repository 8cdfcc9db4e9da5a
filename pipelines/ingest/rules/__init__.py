"""What a row of each kind of file must hold, and what its values mean. No database, no clock."""
