"""Readers, one per kind of file: each turns one file into documents."""
