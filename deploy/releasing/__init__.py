"""What makes a release: each module one part of it, all of them without a clock and without the network."""
