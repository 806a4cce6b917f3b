"""Documents from elsewhere: what is there, and how it is brought here. One file for each kind of source."""
