"""What is due soon, said in time; and mail that something waits."""
