"""Making models: evaluation, augmentation and tuning stand on the same front end that serves."""
