"""What AWS refuses: values out of range, form or combination, and more than the quotas give.

A refusal leaves everything as it was. Wording in quotes is AWS's where a public report shows it;
where neither documentation nor a report has the code or the words, the docstring says so.
"""
