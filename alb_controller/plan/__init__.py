"""What to write so that what was found becomes what is desired; knows no AWS client.

`plan.plan` decides, `changes` are the values it decides in, `progress.advance` says what a step
makes of what was found, `render` shows a plan.
"""
