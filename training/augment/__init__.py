"""Question and SQL pairs for a schema, made from templates by propagation in both directions.

`python -m training.augment --help` says how.  template.py reads the files, slots.py fills them from the data,
propagate.py makes the pairs, proof.py runs every statement, split.py decides what is held out.
"""
