"""What is allowed, refused, warned of or changed: functions of a review and what is known. Pure."""
