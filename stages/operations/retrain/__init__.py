"""Retraining: new labelled months come in, a challenger is trained, the gate decides."""
