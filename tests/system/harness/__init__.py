"""What the system tests are made of: real processes on free ports and in private folders."""
