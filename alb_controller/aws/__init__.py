"""The AWS edge, alone in speaking to AWS: one sender, and codecs between it and the model."""
