"""The experiments of Liu, Wang, Fardad and Varshney (2018), run anew: their ADMM on cells that are off, and ours."""
