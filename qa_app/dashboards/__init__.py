"""What managers and agents see of the figures: rates with their intervals, trends, teams."""
