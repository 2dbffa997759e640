"""Benchmark of clproc beside its codec floor and other programs. Standard library only."""
