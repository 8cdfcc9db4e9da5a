"""What must go: recordings past their days, customers who ask, files nobody refers to."""
