"""Pure codecs: the model's values to and from the dictionaries that boto3 takes and gives."""
