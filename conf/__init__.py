"""The configuration that ships; a package only so that an installation can find its files."""
