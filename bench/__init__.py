"""What `make bench` runs: the product as customers meet it, measured on this machine, beside the bars."""
